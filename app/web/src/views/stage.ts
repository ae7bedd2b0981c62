/** What lies over the map: controls, legend, method line, cards, and the states without a map. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { isOver } from "../data/contract";
import { jobCard } from "../data/panel";
import { date, metres } from "../format";
import { has, t } from "../i18n";
import { ready } from "../model";
import { tourOffer } from "../help/tour";
import { communeCard, hoverTip } from "./commune-card";
import { icon, mark } from "./icons";
import { shareLegend } from "./legend";
import { layersMenu } from "./menus";
import { pointCross, pointTip } from "./signal";
import { planLegend } from "../optimiser/legend";
import { toolbar } from "../whatif/toolbar";

function control(name: "plus" | "minus" | "extent" | "layers" | "measure", label: string, act: () => void, open?: boolean): TemplateResult {
  return html`<button class="control" title=${label} aria-label=${label} aria-expanded=${open ?? nothing} data-testid="map-${name}" @click=${act}>${icon(name, 18)}</button>`;
}

function controls(app: App): TemplateResult {
  const open = app.ui.menu === "layers";
  const bounds = ready(app.model.study)?.bounds;
  const layers = control("layers", t("map.layers"), () => app.setUi({ menu: open ? null : "layers" }), open);
  return html`<div class="controls">${app.phone ? nothing : html`${control("plus", t("map.zoom_in"), () => app.map?.map.zoomIn({ duration: 150 }))}
    ${control("minus", t("map.zoom_out"), () => app.map?.map.zoomOut({ duration: 150 }))}
    ${control("extent", t("map.extent"), () => bounds && app.map?.fit(bounds))}`}${layers}${app.state.view === "signal" ? control("measure", t("signals.tool.measure"), () => app.signal.choose("measure")) : nothing}</div>
    ${open ? layersMenu(app) : nothing}`;
}

function methodLine(app: App): TemplateResult | typeof nothing {
  const results = ready(app.model.results);
  if (!results) return nothing;
  const model = String(results.method["model"] ?? "");
  const short = has(`method.model_short.${model}`) ? t(`method.model_short.${model}`) : model;
  const grid = results.method.grid?.cell_size_m ?? ready(app.model.study)?.grid_m;
  return html`<p class="method-line">${app.phone ? nothing : t("map.method", { date: date(results.computed_on), model: short, grid: metres(grid) })}<button class="link"
    data-testid="method-link" @click=${() => app.setUi({ dialog: "method" })}>${t("map.method_link")}</button></p>`;
}

function message(title: string, body: TemplateResult): TemplateResult {
  return html`<section class="message" role="alert">${mark(40)}<h2 class="display">${title}</h2>${body}</section>`;
}

/** An empty study is filled from the page; a command line is not needed. */
function emptyActs(app: App, hasCommunes: boolean): TemplateResult {
  const { job } = app.data;
  if (job && !isOver(job)) return jobCard(app, job);
  const open = (): void => app.go("data");
  if (hasCommunes) {
    return html`<div class="row-of-buttons"><button class="button is-primary" data-testid="empty-compute" @click=${() => void app.data.compute()}>${t("data.compute")}</button>
      <button class="button" data-testid="empty-data" @click=${open}>${t("nav.data")}</button></div>`;
  }
  return html`<div class="row-of-buttons"><button class="button is-primary" data-testid="empty-import" @click=${open}>${t("data.first_import")}</button>
    <button class="button" data-testid="empty-sample" @click=${() => void app.data.openSample()}>${t("data.first_sample")}</button></div>`;
}

function failure(app: App): TemplateResult | typeof nothing {
  const { study, results } = app.model;
  const state = ready(study)?.state;
  if (state === "empty" || (results.is === "failed" && [404, 409].includes(results.status))) {
    if (app.state.view === "data") return nothing;
    const hasCommunes = Boolean(ready(study)?.layers["communes"]);
    return message(t("empty.title"), html`<p>${t(hasCommunes ? "empty.lead" : "empty.first")}</p>${emptyActs(app, hasCommunes)}`);
  }
  const lost = [study, results].find((loaded) => loaded.is === "failed");
  if (lost?.is !== "failed") return nothing;
  return message(t("error.title"), html`<p>${lost.detail}</p><button class="button" @click=${() => void app.start()}>${t("error.retry")}</button>`);
}

export function stage(app: App): TemplateResult {
  if (app.mapProblem !== null) return html`<p class="message note" role="alert">${t("map.failed", { detail: app.mapProblem })}</p>${failure(app)}`;
  return html`${controls(app)}${toolbar(app)}${shareLegend(app)}${planLegend(app.optimiser)}${methodLine(app)}${communeCard(app)}${hoverTip(app)}${pointCross(app)}${pointTip(app)}${failure(app)}${tourOffer(app)}`;
}
