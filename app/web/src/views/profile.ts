/** The terrain profile from a mast to a place: ground, ray, first Fresnel zone, what stands in the way. */

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit-html";
import type { App } from "../app";
import type { Profile } from "../contract";
import { composed, db, dbm, distance, metres, number } from "../format";
import { explain } from "../help/terms";
import { t } from "../i18n";
import { nearestIndex } from "../map/scene";
import { ready } from "../model";
import { icon } from "./icons";
import { axisTicks, blockedRuns, linePath, profileScale, ribbonPath, type Scale } from "./profile-geometry";

const MARGIN = { left: 46, right: 16, top: 12, bottom: 26 } as const;
/** Room the unit above the axis needs. */
const UNIT_PX = 12;
const STATUS_COLOUR = { served: "var(--served)", unserved: "var(--white)" } as const;

function axes(profile: Profile, scale: Scale): SVGTemplateResult {
  const length_km = (profile.distance_m.at(-1) ?? 0) / 1000;
  const across = axisTicks(0, length_km, 6);
  const up = axisTicks(scale.low_m, scale.high_m, 4);
  return svg`<g class="axis">
    ${up.map((value) => svg`<path d="M${MARGIN.left} ${scale.y(value)}H${scale.width - MARGIN.right}" /><text x=${MARGIN.left - 8} y=${scale.y(value) + 4} text-anchor="end">${number(value)}</text>`)}
    ${across.map((value) => svg`<text x=${scale.x(value * 1000)} y=${scale.height - 8} text-anchor="middle">${number(value, value % 1 ? 1 : 0)}${value === 0 ? "\u00a0km" : ""}</text>`)}
    ${up.some((value) => scale.y(value) < MARGIN.top + UNIT_PX) ? nothing : svg`<text x=${MARGIN.left - 8} y=${MARGIN.top} text-anchor="end">m</text>`}</g>`;
}

function whereKey(app: App, excess_m: number): string {
  const end = app.state.view === "villages" ? "profile.where_village" : "profile.where";
  return excess_m < 0 ? `${end}_below` : end;
}

function obstructionLabel(app: App, profile: Profile, scale: Scale): SVGTemplateResult | typeof nothing {
  const worst = profile.obstruction;
  if (!worst) return nothing;
  const index = nearestIndex(profile.distance_m, worst.distance_m);
  const x = scale.x(worst.distance_m);
  const onLeft = x > scale.width / 2;
  const anchor = onLeft ? "end" : "start";
  const textX = onLeft ? x - 6 : x + 6;
  const fromVillage = (profile.distance_m.at(-1) ?? 0) - worst.distance_m;
  const where = { distance: distance(fromVillage), excess: metres(Math.abs(worst.excess_m)) };
  return svg`<path class="blocked-mark" d="M${x} ${MARGIN.top}V${scale.y(profile.ground_m[index] ?? 0) - 3}" />
    <text class="blocked-text" x=${textX} y=${MARGIN.top + 9} text-anchor=${anchor}>${t("profile.blocked", { loss: db(-Math.abs(worst.loss_db)) })}</text>
    <text class="blocked-sub" x=${textX} y=${MARGIN.top + 24} text-anchor=${anchor}>${t(whereKey(app, worst.excess_m), where)}</text>`;
}

function ends(profile: Profile, scale: Scale): SVGTemplateResult {
  const last = profile.distance_m.length - 1;
  const [x0, x1] = [scale.x(0), scale.x(profile.distance_m[last] ?? 0)];
  const colour = profile.is_served ? STATUS_COLOUR.served : STATUS_COLOUR.unserved;
  const top = scale.y(profile.sight_m[0] ?? 0);
  // The name stands above the mast, unless the obstruction's words are there.
  const labelY = Math.max(top - 8, MARGIN.top + 40);
  return svg`<path class="mast" d="M${x0} ${scale.y(profile.ground_m[0] ?? 0)}V${top}" /><circle class="mast-top" cx=${x0} cy=${top} r="3" />
    <text class="mast-name" x=${x0 + 8} y=${labelY}>${t("profile.mast", { site: profile.site_id, height: metres(profile.antenna_height_m) })}</text>
    <circle cx=${x1} cy=${scale.y(profile.sight_m[last] ?? 0)} r="5" fill="var(--surface)" stroke=${colour} stroke-width="2.5" />`;
}

function sampleMark(app: App, profile: Profile, scale: Scale): SVGTemplateResult | typeof nothing {
  const index = app.ui.sample;
  if (index === null || profile.distance_m[index] === undefined) return nothing;
  const [x, ground] = [scale.x(profile.distance_m[index] as number), profile.ground_m[index] ?? 0];
  const onLeft = x > scale.width * 0.7;
  const text = t("profile.here", { ground: metres(ground), distance: distance(profile.distance_m[index]) });
  return svg`<path class="sample" d="M${x} ${MARGIN.top}V${scale.height - MARGIN.bottom}" /><circle cx=${x} cy=${scale.y(ground)} r="4" fill="var(--accent)" />
    <text class="mast-name" x=${onLeft ? x - 8 : x + 8} y=${scale.height - MARGIN.bottom - 8} text-anchor=${onLeft ? "end" : "start"}>${text}</text>`;
}

function onPointer(app: App, profile: Profile, scale: Scale, event: PointerEvent): void {
  const box = (event.currentTarget as SVGElement).getBoundingClientRect();
  const share = (event.clientX - box.left - MARGIN.left) / (scale.width - MARGIN.left - MARGIN.right);
  const wanted = Math.min(1, Math.max(0, share)) * (profile.distance_m.at(-1) ?? 0);
  app.markSample(profile, nearestIndex(profile.distance_m, wanted));
}

export function profileChart(app: App, profile: Profile, width: number, height: number): TemplateResult {
  const scale = profileScale(profile, width, height, MARGIN);
  const { distance_m: along, ground_m: ground, sight_m: sight } = profile;
  const floor = along.map(() => scale.low_m);
  const summary = t("profile.summary", { site: profile.site_id, village: endName(app), distance: distance(along.at(-1)) });
  return html`<svg class="profile-chart" width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label=${summary}
    @pointermove=${(event: PointerEvent) => onPointer(app, profile, scale, event)} @pointerleave=${() => app.markSample(profile, null)}>
    ${axes(profile, scale)}
    <path class="ground" d=${ribbonPath(along, ground, floor, scale)} />
    <path class="fresnel" d=${ribbonPath(along, profile.fresnel_upper_m, profile.fresnel_lower_m, scale)} />
    ${blockedRuns(along, ground, sight).map((run) => svg`<path class="blocked" d=${ribbonPath(run.along, run.upper, run.lower, scale)} />`)}
    <path class="ground-line" d=${linePath(along, ground, scale)} /><path class="sight" d=${linePath(along, sight, scale)} />
    ${ends(profile, scale)}${obstructionLabel(app, profile, scale)}${sampleMark(app, profile, scale)}</svg>`;
}

function endName(app: App): string {
  const village = app.state.view === "villages" ? ready(app.model.village) : null;
  return village ? composed(village.name) : t("profile.to_point");
}

const DOCK_PX = 224;
const DOCK_HEAD_PX = 38;

function chartSize(app: App): [width: number, height: number] {
  if (app.phone) return [Math.max(280, window.innerWidth - 24), 230];
  const stage = app.map?.map.getContainer();
  return [Math.max(320, (stage?.clientWidth ?? 620) - 4), DOCK_PX - DOCK_HEAD_PX - 2];
}

function heading(app: App, profile: Profile): TemplateResult {
  const title = t("profile.title", { site: profile.site_id, village: endName(app) });
  const facts = [distance(profile.distance_m.at(-1)), `${number(profile.frequency_mhz)}\u00a0MHz`, dbm(profile.rsrp_dbm)].join(" · ");
  return html`<header class="dock-head"><b>${title}</b><span>${facts}</span><span class="grow"></span>
    <span class="key"><i class="key-sight"></i>${t("profile.sight")}</span><span class="key"><i class="key-fresnel"></i>${t("profile.fresnel")}${explain("fresnel", "profile")}</span>
    ${app.state.view === "signal" ? html`<button class="icon-button small" aria-label=${t("profile.close")} @click=${() => app.closeProfile()}>${icon("close", 14)}</button>` : nothing}</header>`;
}

/** The profile under the map, or inside the sheet on the phone. */
export function profileDock(app: App): TemplateResult | typeof nothing {
  const { profile } = app.model;
  if (!profile || app.state.view === "overview") return nothing;
  const [width, height] = chartSize(app);
  const content = {
    waiting: () => html`<div class="bones"><i class="bone w40"></i><i class="bone tall"></i></div>`,
    failed: () => html`<p class="note bad-text" role="alert">${t("profile.failed", { detail: profile.is === "failed" ? profile.detail : "" })}</p>`,
    ready: () => (profile.is === "ready" ? html`${heading(app, profile.value)}${profileChart(app, profile.value, width, height)}` : nothing),
  }[profile.is];
  return html`<section class="dock" data-testid="profile" aria-label=${t("profile.label")}>${content()}</section>`;
}
