/** Dialogs: the method record behind every figure, and the list of keys. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { dataDialogs } from "../data/dialogs";
import { STATUSES, type LayerRecord, type Method } from "../contract";
import { date, metres, number } from "../format";
import { has, t } from "../i18n";
import { glossary } from "../help/terms";
import { startTour } from "../help/tour";
import { ready } from "../model";
import { icon, statusSymbol } from "./icons";

/** Parts of the record that have a section of their own. */
const OWN_SECTION = new Set(["layers", "synthetic_layers", "assumed", "grid", "computed_on"]);
const HASH_LETTERS = 12;
const SHARES = new Set(["location_probability", "load", "served_share"]);

const named = (prefix: string, key: string): string => (has(`${prefix}.${key}`) ? t(`${prefix}.${key}`) : key);

function decimals(value: number): number {
  if (Number.isInteger(value)) return 0;
  return Math.min(4, (String(value).split(".")[1] ?? "").length);
}

function text(key: string, value: unknown): string {
  if (value === null || value === undefined) return t("method.auto");
  if (typeof value === "boolean") return t(value ? "method.yes" : "method.no");
  if (typeof value === "number") return SHARES.has(key) ? `${number(value * 100)}\u00a0%` : number(value, decimals(value));
  if (Array.isArray(value)) return value.map((item) => text(key, item)).join(", ");
  if (typeof value === "object") {
    return Object.entries(value).map(([name, inner]) => `${named("method.field", name)}: ${text(name, inner)}`).join("; ");
  }
  return key === "model" ? named("method.model", String(value)) : String(value);
}

function parameters(method: Method): TemplateResult {
  const fields = Object.entries(method).filter(([name]) => !OWN_SECTION.has(name));
  return html`<h3>${t("method.parameters")}</h3><dl class="record">
    ${fields.map(([name, value]) => html`<dt>${named("method.field", name)}</dt><dd data-field=${name}>${text(name, value)}</dd>`)}</dl>`;
}

function layerRow(name: string, layer: LayerRecord): TemplateResult {
  const isSynthetic = layer.synthetic === true;
  return html`<tr><th scope="row">${named("layer", name)}</th>
    <td><span class="tag ${isSynthetic ? "warn" : ""}">${t(isSynthetic ? "method.synthetic" : "method.real")}</span></td>
    <td>${layer.source ?? ""}</td><td class="figure">${layer.rows === undefined || layer.rows === null ? "" : t("method.rows", { count: layer.rows, n: number(layer.rows) })}</td>
    <td><code title=${layer.sha256 ?? ""}>${(layer.sha256 ?? "").slice(0, HASH_LETTERS)}</code></td></tr>`;
}

function layers(method: Method): TemplateResult {
  return html`<h3>${t("method.layers")}</h3><div class="wide"><table class="table dense"><tbody>
    ${Object.entries(method.layers ?? {}).map(([name, layer]) => layerRow(name, layer))}</tbody></table></div>`;
}

function assumed(method: Method): TemplateResult | typeof nothing {
  const entries = Object.entries(method.assumed ?? {}).filter(([, columns]) => columns.length);
  if (entries.length === 0) return nothing;
  return html`<h3>${t("method.assumed")}</h3><p class="faint">${t("method.assumed_lead")}</p><dl class="record">
    ${entries.map(([name, columns]) => html`<dt>${named("layer", name)}</dt><dd><code>${columns.join(", ")}</code></dd>`)}</dl>`;
}

function run(app: App, method: Method): TemplateResult {
  const results = ready(app.model.results);
  const { cell_size_m, width, height, epsg } = method.grid ?? {};
  const grid = { cell: metres(cell_size_m), width: number(width), height: number(height), epsg: String(epsg ?? "") };
  return html`<dl class="record"><dt>${t("method.run")}</dt><dd><code>${results?.run ?? ""}</code></dd>
    <dt>${t("method.computed_on")}</dt><dd>${date(results?.computed_on)}</dd><dt>${t("method.grid")}</dt><dd>${t("method.grid_value", grid)}</dd></dl>`;
}

function methodBody(app: App): TemplateResult | typeof nothing {
  const method = ready(app.model.results)?.method;
  if (!method) return nothing;
  return html`<p class="faint">${t("method.lead")}</p>${run(app, method)}${parameters(method)}${layers(method)}${assumed(method)}`;
}

/** Keys are shown as they are typed; what they do is in the catalogue. */
const KEYS = ["/", "1 – 5", "[  ]", "↑  ↓", "Shift + ↑ ↓", "Enter", "+  −", "Z", "M", "Ctrl + Z", "Ctrl + P", "T", "Esc", "?"];

function helpBody(app: App): TemplateResult {
  return html`<p><button class="button" data-testid="tour-again" @click=${() => startTour(app)}>${t("tour.again")}</button></p>
    <h3>${t("help.keys_title")}</h3><dl class="record keys">${KEYS.map((key) => html`<dt><kbd>${key}</kbd></dt><dd>${t(`help.keys.${key}`)}</dd>`)}</dl>
    <h3>${t("help.status")}</h3><dl class="record keys">${STATUSES.map((status) => html`<dt>${statusSymbol(status, 16)}</dt><dd>${t(`status.${status}`)}</dd>`)}</dl>
    ${glossary()}`;
}

function shell(app: App, name: "method" | "help", title: string, body: TemplateResult | typeof nothing): TemplateResult {
  const close = (): void => app.closeDialog();
  return html`<dialog class="dialog" data-testid="${name}-dialog" aria-labelledby="dialog-title" @close=${close} @click=${(event: Event) => event.target === event.currentTarget && close()}>
    <div class="dialog-box"><header class="panel-head"><h2 id="dialog-title" class="display">${title}</h2><span class="grow"></span>
      <button class="icon-button" aria-label=${t("top.close")} data-testid="dialog-close" @click=${close}>${icon("close", 18)}</button></header>
    <div class="dialog-body" tabindex="0" role="group" aria-labelledby="dialog-title">${body}</div></div></dialog>`;
}

export function dialogs(app: App): TemplateResult | typeof nothing {
  if (app.ui.dialog === "method") return shell(app, "method", t("method.title"), methodBody(app));
  if (app.ui.dialog === "help") return shell(app, "help", t("help.title"), helpBody(app));
  return dataDialogs(app);
}

/** A dialog template becomes modal once it stands in the document. */
export function showDialog(): void {
  const dialog = document.querySelector<HTMLDialogElement>("dialog.dialog");
  if (dialog && !dialog.open) dialog.showModal();
}
