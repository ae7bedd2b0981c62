/** The signal view: level by technology and operator, and what a point receives. */

import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { App } from "../app";
import { rsrpColour } from "../classes";
import { METRICS, type PointLevel } from "../contract";
import { composed, coordinates, dbm, metres, number, percent } from "../format";
import { t } from "../i18n";
import { communeName, communeOf, coverageName, operator, ready, shareIn, technology } from "../model";
import { DEFAULTS } from "../state";
import { icon } from "./icons";
import { amount } from "./kpi";
import { rsrpRamp } from "./legend";
import { layerBoxes, operatorSelect, technologySwitch } from "./menus";

const LATER = ["server", "sinr", "speed", "operators"] as const;

function layerChips(): TemplateResult {
  return html`<div class="chips"><button class="chip is-chosen" aria-pressed="true">${t("signal.layer.rsrp")}</button>
    ${LATER.map((name) => html`<button class="chip is-later" aria-disabled="true" data-tip=${t("nav.later")} aria-label="${t(`signal.layer.${name}`)}: ${t("nav.later")}">${t(`signal.layer.${name}`)}</button>`)}</div>`;
}

function shares(app: App): TemplateResult | typeof nothing {
  const results = ready(app.model.results);
  if (!results) return nothing;
  return html`<section class="panel-section"><p class="label">${t("signal.shares")}</p><dl class="pairs">
    ${METRICS.map((metric) => {
      const share = shareIn(results.province.shares, app.model, app.state, metric);
      const parts = { served: number(share?.served), total: amount(metric, share?.total ?? null) };
      return html`<dt>${t(`metric.${metric}`)}</dt><dd><b>${percent(share?.share)}</b><small>${t("signal.of", parts)}</small></dd>`;
    })}</dl></section>`;
}

function lacking(app: App): TemplateResult | typeof nothing {
  if (coverageName(app.model, app.state) || !ready(app.model.study)) return nothing;
  const chosen = operator(app.model, app.state);
  const parameters = { tech: technology(app.model, app.state), operator: chosen === "all" ? t("kpi.all") : chosen };
  return html`<p class="note" role="status">${t("signal.no_layer", parameters)}</p>`;
}

export function signalPanel(app: App): TemplateResult {
  const reset = (): void => app.store.set({ tech: DEFAULTS.tech, operator: DEFAULTS.operator, layers: DEFAULTS.layers });
  return html`<section class="panel" aria-label=${t("signal.title")}>
    <header class="panel-head"><h2>${t("signal.title")}</h2><span class="grow"></span><button class="quiet" @click=${reset}>${icon("reset", 16)} ${t("signal.reset")}</button></header>
    <div class="panel-scroll">
      <section class="panel-section">${layerChips()}</section>
      <section class="panel-section fields"><span class="label">${t("signal.technology")}</span>${technologySwitch(app)}
        <span class="label">${t("signal.operator")}</span>${operatorSelect(app)}</section>
      ${lacking(app)}
      <section class="panel-section">${rsrpRamp(app)}</section>
      ${shares(app)}
      <p class="note faint">${t("signal.hint")}</p></div>
    <footer class="panel-section sticky">${layerBoxes(app)}</footer></section>`;
}

function levelRow(app: App, level: PointLevel): TemplateResult {
  const at = app.model.pointAt;
  const colour = rsrpColour(level.rsrp_dbm);
  const verdict = level.rsrp_dbm === null ? t("signal.none") : t(level.is_served ? "signal.served" : "signal.not_served");
  const cell = level.cell_id;
  return html`<tr data-testid="point-row"><th scope="row"><b>${level.operator}</b> <span class="faint">${level.technology}</span></th>
    <td class="figure"><i class="swatch ${colour ? "" : "hatched"}" style=${colour ? `background:${colour}` : ""}></i> <span data-value=${level.rsrp_dbm ?? ""}>${dbm(level.rsrp_dbm)}</span></td>
    <td class="figure ${level.is_served ? "good-text" : "bad-text"}">${verdict}</td>
    <td>${cell && at ? html`<button class="link" title=${t("signal.profile")} aria-label="${t("signal.profile")}: ${cell}" @click=${() => void app.profileToPoint(cell, at[0], at[1])}>${icon("profile", 16)}</button>` : nothing}</td></tr>`;
}

const TIP = { width: 336, gap: 18, margin: 10 } as const;

function place(app: App, [lon, lat]: [number, number]): Record<string, string> {
  const map = app.map?.map;
  if (!map || app.phone) return {};
  const { x, y } = map.project([lon, lat]);
  const { clientWidth, clientHeight } = map.getContainer();
  const left = x + TIP.gap + TIP.width + 50 < clientWidth ? x + TIP.gap : x - TIP.gap - TIP.width;
  return { left: `${Math.max(TIP.margin, left)}px`, top: `${Math.min(Math.max(TIP.margin, y - 40), clientHeight - 190)}px`, width: `${TIP.width}px` };
}

/** What each operator delivers at the point clicked. */
export function pointTip(app: App): TemplateResult | typeof nothing {
  const { point, pointAt } = app.model;
  if (!point || !pointAt || app.state.view !== "signal") return nothing;
  const reading = ready(point);
  const commune = communeOf(app.model, reading?.commune_code ?? null);
  const name = commune ? communeName(commune) : composed(reading?.commune_name ?? coordinates(pointAt[1], pointAt[0]));
  const where = reading ? t("signal.place", { commune: name, elevation: metres(reading.elevation_m) }) : "";
  const body = reading
    ? html`<table class="table dense"><tbody>${reading.layers.map((level) => levelRow(app, level))}</tbody></table>`
    : point.is === "failed"
      ? html`<p class="note bad-text" role="alert">${t("signal.failed", { detail: point.detail })}</p>`
      : html`<div class="bones"><i class="bone"></i><i class="bone"></i></div>`;
  return html`<section class="card floating point" data-testid="point-tip" style=${styleMap(place(app, pointAt))} aria-live="polite">
    <header class="card-head"><b>${t("signal.point")}</b><span>${where}</span>
      <button class="icon-button small" aria-label=${t("top.close")} @click=${() => app.closePoint()}>${icon("close", 14)}</button></header>${body}</section>`;
}

export function pointCross(app: App): TemplateResult | typeof nothing {
  const { pointAt } = app.model;
  if (!pointAt || app.state.view !== "signal" || !app.map) return nothing;
  const { x, y } = app.map.map.project(pointAt);
  return html`<svg class="cross" width="30" height="30" style=${styleMap({ left: `${x - 15}px`, top: `${y - 15}px` })} viewBox="0 0 30 30" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true">
    <circle cx="15" cy="15" r="6" /><path d="M15 1v6M15 23v6M1 15h6M23 15h6" /></svg>`;
}
