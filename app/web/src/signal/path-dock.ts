/** The profile between two points that were clicked, with heights and frequency to choose. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import type { Profile } from "../contract";
import { db, distance } from "../format";
import { t } from "../i18n";
import { icon } from "../views/icons";
import { profileChart } from "../views/profile";
import type { PathReading } from "./contract";
import { length_m } from "./geometry";

const FREQUENCIES_MHZ = [700, 900, 1800, 2100, 2600, 3500] as const;

/** The path as a profile from a mast that has no name. */
function asProfile(path: PathReading): Profile {
  const [from, to] = path.ends;
  return {
    ...path,
    cell_id: "",
    site_id: t("signals.path.from"),
    operator: "",
    technology: "",
    antenna_height_m: from.height_m,
    receiver_height_m: to.height_m,
    rsrp_dbm: null,
    threshold_dbm: 0,
    is_served: path.obstruction === null,
  };
}

function heightInput(app: App, end: 0 | 1): TemplateResult {
  const change = (event: Event): void => {
    const value = Number((event.target as HTMLInputElement).value.replace(",", "."));
    if (!Number.isFinite(value)) return;
    const heights: [number, number] = [...app.signal.heights_m];
    heights[end] = Math.min(500, Math.max(0.5, value));
    app.signal.setEnds(heights, app.signal.frequency_mhz);
  };
  return html`<label class="path-field">${t(`signals.path.height_${end}`)} <input class="input small" type="number" min="0.5" max="500" step="0.5" data-testid="path-height-${end}"
    .value=${String(app.signal.heights_m[end])} @change=${change} /> m</label>`;
}

function frequencySelect(app: App): TemplateResult {
  const change = (event: Event): void => app.signal.setEnds(app.signal.heights_m, Number((event.target as HTMLSelectElement).value));
  return html`<label class="path-field">${t("signals.path.band")} <select class="select" data-testid="path-band" @change=${change}>
    ${FREQUENCIES_MHZ.map((mhz) => html`<option value=${mhz} ?selected=${mhz === app.signal.frequency_mhz}>${mhz} MHz</option>`)}</select></label>`;
}

function facts(path: PathReading): TemplateResult {
  const total = path.loss_db["total"] ?? null;
  return html`<span data-testid="path-loss" data-value=${total ?? ""}>${t("signals.path.facts", { distance: distance(path.distance_m.at(-1)), loss: db(total), plain: db(path.without_obstacles_db) })}</span>`;
}

/** Null when no path is asked for, so that another profile may stand in its place. */
export function pathDock(app: App): TemplateResult | null {
  const { signal } = app;
  if (app.state.view !== "signal" || signal.tool !== "path" || signal.places.length < 2) return null;
  const { path } = signal;
  const width = app.phone ? Math.max(280, window.innerWidth - 24) : Math.max(320, (app.map?.map.getContainer().clientWidth ?? 620) - 4);
  const body = {
    waiting: () => html`<div class="bones"><i class="bone w40"></i><i class="bone tall"></i></div>`,
    failed: () => html`<p class="note bad-text" role="alert">${path?.is === "failed" ? path.detail : ""}</p>`,
    ready: () => (path?.is === "ready" ? profileChart(app, asProfile(path.value), width, app.phone ? 190 : 178) : nothing),
  }[path?.is ?? "waiting"];
  return html`<section class="dock" data-testid="path" aria-label=${t("signals.path.title")}><header class="dock-head path-head"><b>${t("signals.path.title")}</b>
      ${path?.is === "ready" ? facts(path.value) : html`<span>${distance(length_m(signal.places))}</span>`}<span class="grow"></span>
      ${heightInput(app, 0)}${heightInput(app, 1)}${frequencySelect(app)}
      <button class="icon-button small" aria-label=${t("profile.close")} @click=${() => signal.choose(null)}>${icon("close", 14)}</button></header>${body()}</section>`;
}
