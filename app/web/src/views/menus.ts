/** Small menus: exports, map layers, and on the phone everything the top bar has no room for. */

import { html, nothing, type TemplateResult } from "lit-html";
import { exportAddress } from "../api";
import type { App } from "../app";
import { t } from "../i18n";
import { communeRows, operator, operators, ready, shownRows, technologies, technology, villageRows } from "../model";
import { print, savePicture } from "../paper/print";
import { LAYERS, type LayerName } from "../state";
import { icon } from "./icons";

const FORMATS = ["xlsx", "csv", "geojson", "gpkg"] as const;

type Filter = Record<string, string | undefined>;

/** What narrows and orders the village list goes into the address of the file. */
function villageFilter(app: App): Filter {
  const { view, statuses, within, area, reason, query, villageSort, villageDescending } = app.state;
  if (view !== "villages") return {};
  return {
    status: statuses.join(","),
    commune_code: within ?? undefined,
    area_class: area,
    reason,
    q: query,
    sort: villageSort,
    descending: String(villageDescending),
  };
}

/** The communes in the table, in its order; all of them where no table is shown. */
function communeFilter(app: App): Filter {
  const { state, model } = app;
  if (state.view !== "overview") return {};
  const codes = shownRows(communeRows(model, state), state).map((row) => row.commune.commune_code);
  return { commune_code: codes.join(",") };
}

/** Nothing to take away: the filter leaves no row. */
function isEmptyList(app: App, kind: "villages" | "communes"): boolean {
  const { state, model } = app;
  if (kind === "villages") return state.view === "villages" && villageRows(model, state).length === 0;
  return state.view === "overview" && shownRows(communeRows(model, state), state).length === 0;
}

function links(app: App, kind: "villages" | "communes", formats: readonly string[], filter: Filter): TemplateResult {
  if (isEmptyList(app, kind)) return html`<p class="menu-head">${t(`export.${kind}`)}: ${t("lists.nothing")}</p>`;
  return html`<p class="menu-head">${t(`export.${kind}`)}</p>
    ${formats.map(
      (format) => html`<a class="menu-item" role="menuitem" data-testid="export-${kind}-${format}" download
        href=${exportAddress(`${kind}.${format}`, filter)}>${icon("download", 16)} ${t(`export.${format}`)}</a>`,
    )}`;
}

/** The map itself: on paper, and as a picture. */
function onPaper(app: App): TemplateResult {
  return html`<p class="menu-head">${t("paper.title")}</p>
    <button class="menu-item" role="menuitem" data-testid="print" @click=${() => void print(app)}>${icon("reports", 16)} ${t("paper.print")}</button>
    <button class="menu-item" role="menuitem" data-testid="picture" @click=${() => void savePicture(app)}>${icon("download", 16)} ${t("paper.picture")}</button>`;
}

export function exportMenu(app: App, kinds: readonly ("villages" | "communes")[]): TemplateResult {
  return html`<div class="menu" role="menu" aria-label=${t("export.title")}>
    ${kinds.includes("communes") ? links(app, "communes", FORMATS, communeFilter(app)) : nothing}
    ${kinds.includes("villages") ? links(app, "villages", FORMATS, villageFilter(app)) : nothing}
    ${kinds.length > 1 ? onPaper(app) : nothing}
  </div>`;
}

function toggleLayer(app: App, name: LayerName): void {
  const { layers } = app.state;
  app.store.set({ layers: layers.includes(name) ? layers.filter((other) => other !== name) : [...layers, name] });
}

/** Layers the study can draw; one without data is left out. */
function offered(app: App): LayerName[] {
  const study = ready(app.model.study);
  const needs: Partial<Record<LayerName, boolean>> = {
    sites: Boolean(study?.layers["sites"]),
    fibre: Boolean(study?.layers["fibre_routes"]),
    roads: Boolean(study?.layers["roads"]),
    places: Boolean(study?.layers["places"]),
    hillshade: Boolean(study?.coverages.includes("hillshade")),
  };
  return LAYERS.filter((name) => needs[name] !== false);
}

export function layerBoxes(app: App): TemplateResult {
  return html`<div class="checks" role="group" aria-label=${t("layers_panel.title")}>
    ${offered(app).map(
      (name) => html`<label class="check"><input type="checkbox" data-testid="layer-${name}" .checked=${app.state.layers.includes(name)}
        @change=${() => toggleLayer(app, name)} /><span>${t(`map.layer.${name}`)}</span></label>`,
    )}</div>`;
}

export function layersMenu(app: App): TemplateResult {
  return html`<div class="menu menu-layers"><p class="menu-head">${t("layers_panel.title")}</p>${layerBoxes(app)}</div>`;
}

export function technologySwitch(app: App): TemplateResult {
  const chosen = technology(app.model, app.state);
  return html`<div class="segments" role="group" aria-label=${t("kpi.technology")}>
    ${technologies(app.model).map(
      (name) => html`<button class=${name === chosen ? "is-chosen" : ""} aria-pressed=${name === chosen} data-testid="tech-${name}"
        @click=${() => app.store.set({ tech: name, hidden: [] })}>${name}</button>`,
    )}</div>`;
}

export function operatorSelect(app: App): TemplateResult {
  const chosen = operator(app.model, app.state);
  const choose = (event: Event): void => app.store.set({ operator: (event.target as HTMLSelectElement).value });
  return html`<select class="select" aria-label=${t("kpi.operator")} data-testid="operator" @change=${choose}>
    ${operators(app.model).map(
      (name) => html`<option value=${name} ?selected=${name === chosen}>${name === "all" ? t("kpi.all") : name}</option>`,
    )}</select>`;
}

export function languageSwitch(app: App): TemplateResult {
  const { lang } = app.state;
  return html`<div class="segments small" role="group" aria-label=${t("lang.label")}>
    ${(["vi", "en"] as const).map(
      (name) => html`<button class=${name === lang ? "is-chosen" : ""} aria-pressed=${name === lang} data-testid="lang-${name}"
        title=${t(`lang.${name}_name`)} lang=${name} @click=${() => app.setLanguage(name)}>${t(`lang.${name}`)}</button>`,
    )}</div>`;
}

export function moreMenu(app: App): TemplateResult {
  return html`<div class="menu menu-more">
    <div class="menu-row">${technologySwitch(app)}</div>
    <div class="menu-row">${operatorSelect(app)}</div>
    <div class="menu-row">${languageSwitch(app)}
      <button class="quiet" data-testid="theme" @click=${() => app.toggleTheme()}>${icon("theme", 18)} ${t("top.theme")}</button></div>
    <button class="menu-item" data-testid="more-data" @click=${() => { app.setUi({ menu: null }); app.go("data"); }}>${icon("data", 16)} ${t("nav.data")}</button>
    <button class="menu-item" @click=${() => void app.share()}>${icon("share", 16)} ${t("top.share")}</button>
    <button class="menu-item" @click=${() => app.setUi({ menu: null, dialog: "method" })}>${icon("reports", 16)} ${t("method.title")}</button>
    <button class="menu-item" @click=${() => app.setUi({ menu: null, dialog: "help" })}>${icon("help", 16)} ${t("nav.help")}</button>
    ${links(app, "communes", FORMATS, communeFilter(app))} ${links(app, "villages", FORMATS, villageFilter(app))}
    ${onPaper(app)}
  </div>`;
}
