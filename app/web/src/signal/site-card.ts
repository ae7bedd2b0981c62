/** Everything known of a site and its cells, and what ends the footprint of a cell. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { composed, coordinates, dbm, distance, number, percent, square } from "../format";
import { has, t } from "../i18n";
import { ready } from "../model";
import { icon } from "../views/icons";
import type { Footprint, Properties, SiteReading } from "./contract";

const HEAD = ["cell_id", "operator", "technology", "frequency_mhz", "azimuth_deg"] as const;
const UNITS: Record<string, string> = { _mhz: "MHz", _deg: "°", _dbm: "dBm", _dbi: "dBi", _m: "m", _db: "dB", _w: "W" };

function assumedOf(cell: Properties): string[] {
  return String(cell["assumed"] ?? "").split(/[;,]\s*/).filter(Boolean);
}

export function fieldName(name: string): string {
  return has(`signals.field.${name}`) ? t(`signals.field.${name}`) : name;
}

/** A value with the unit its name carries. */
export function fieldValue(name: string, value: Properties[string] | undefined): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return t(value ? "village.yes" : "village.no");
  if (typeof value === "string") return has(`signals.value.${value}`) ? t(`signals.value.${value}`) : composed(value).replaceAll(";", ", ");
  const unit = Object.entries(UNITS).find(([ending]) => name.endsWith(ending))?.[1];
  const text = number(value, Number.isInteger(value) ? 0 : 1);
  return unit === undefined ? text : unit === "°" ? `${text}°` : `${text}\u00a0${unit}`;
}

function pairs(record: Properties, names: readonly string[], assumed: readonly string[]): TemplateResult {
  return html`<dl class="pairs site-pairs">${names.map(
    (name) => html`<dt>${fieldName(name)}</dt><dd>${fieldValue(name, record[name])}${assumed.includes(name) ? html` <span class="tag warn">${t("signals.assumed")}</span>` : nothing}</dd>`,
  )}</dl>`;
}

function limits(reach: Footprint): TemplateResult {
  const shares = Object.entries(reach.shares).filter(([, share]) => share > 0).sort(([, a], [, b]) => b - a);
  const facts = { area: square(reach.served_km2), farthest: distance(reach.farthest_km * 1000) };
  return html`<div class="reach" data-testid="reach"><p>${t("signals.reach", facts)}</p>
    <ul>${shares.map(([cause, share]) => html`<li data-cause=${cause} data-value=${share}><i class="swatch cause-${cause}"></i><span>${reach.causes[cause] ?? cause}</span><b>${percent(share, 0)}</b></li>`)}</ul>
    ${reach.is_radius_limited ? html`<p class="note warn-text" data-testid="radius-limited">${t("signals.radius_limited", { radius: distance(reach.radius_m) })}</p>` : nothing}
    <p class="faint">${t("signals.reach_method", { required: dbm(reach.required_dbm), model: reach.model })}</p></div>`;
}

function footprint(app: App, id: string): TemplateResult | typeof nothing {
  const loaded = app.signal.footprint;
  if (loaded?.is === "waiting" && app.state.cell === id) return html`<div class="bones"><i class="bone w60"></i></div>`;
  if (loaded?.is === "failed" && app.state.cell === id) return html`<p class="note bad-text" role="alert">${loaded.detail}</p>`;
  const reach = ready(loaded);
  return reach?.cell_id === id ? limits(reach) : nothing;
}

function cellRow(app: App, cell: Properties): TemplateResult {
  const id = String(cell["cell_id"]);
  const open = app.state.cell === id;
  const assumed = assumedOf(cell);
  const toggle = (): void => {
    app.store.set({ cell: open ? null : id });
    app.signal.loadFootprint(open ? null : id);
  };
  const rest = Object.keys(cell).filter((name) => !HEAD.includes(name as never) && !["site_id", "assumed"].includes(name));
  const facts = [fieldValue("frequency_mhz", cell["frequency_mhz"]), cell["azimuth_deg"] === null ? t("signals.omni") : fieldValue("azimuth_deg", cell["azimuth_deg"])].join(" · ");
  return html`<li class="cell ${open ? "is-open" : ""}"><button class="cell-head" aria-expanded=${open} data-testid="cell-row" data-cell=${id} @click=${toggle}>
      <b>${String(cell["operator"] ?? "–")} ${String(cell["technology"] ?? "")}</b><span>${facts}</span>${assumed.length ? html`<span class="tag warn">${t("signals.assumed_n", { n: assumed.length })}</span>` : nothing}</button>
    ${open ? html`<p class="faint">${id}</p>${footprint(app, id)}${pairs(cell, rest, assumed)}` : nothing}</li>`;
}

function card(app: App, { site, cells }: SiteReading): TemplateResult {
  const { properties } = site;
  const rest = Object.keys(properties).filter((name) => !["site_id", "name", "assumed"].includes(name));
  return html`<header class="village-head"><p class="tags"><span class="tag">${t("search.type.site")}</span><span class="grow"></span>
      <button class="icon-button small" aria-label=${t("top.close")} data-testid="site-close" @click=${() => app.store.set({ site: null, cell: null })}>${icon("close", 16)}</button></p>
      <h2 class="display">${composed(String(properties["name"] ?? properties["site_id"]))}</h2><p class="faint">${[String(properties["site_id"]), coordinates(site.lat, site.lon)].join(" · ")}</p></header>
    <div class="panel-scroll"><section class="panel-section">${pairs(properties, rest, assumedOf(properties))}</section>
      <section class="panel-section"><p class="label">${t("signals.cells", { n: cells.length })}</p><ul class="cells">${cells.map((cell) => cellRow(app, cell))}</ul></section></div>
    <footer class="panel-foot actions"><button class="button" @click=${() => app.setUi({ dialog: "method" })}>${t("method.title")}</button><span class="faint">${t("signals.cells_hint")}</span></footer>`;
}

export function siteCard(app: App): TemplateResult | typeof nothing {
  const { site } = app.signal;
  if (app.state.site === null || !site) return nothing;
  if (site.is === "failed") return html`<section class="panel"><p class="note bad-text" role="alert">${site.detail}</p></section>`;
  const content = site.is === "ready" ? card(app, site.value) : html`<div class="bones"><i class="bone w40"></i><i class="bone row"></i><i class="bone row"></i></div>`;
  return html`<section class="panel" data-testid="site-card" aria-label=${t("search.type.site")}>${content}</section>`;
}

