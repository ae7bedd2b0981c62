/** The signal view's panel: layers, technology and operator, threshold, legend that is histogram and filter. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { dbm, distance, number, percent } from "../format";
import { t } from "../i18n";
import { explain, type Term } from "../help/terms";
import { operator, ready, technology } from "../model";
import { DEFAULTS } from "../state";
import { icon } from "../views/icons";
import { layerBoxes, operatorSelect, technologySwitch } from "../views/menus";
import { KINDS, type CodeClass, type CodeLayer, type Distribution, type Kind } from "./contract";
import { length_m } from "./geometry";
import { thresholdSection } from "./slider";

function chip(app: App, kind: Kind): TemplateResult {
  const chosen = app.state.kind === kind;
  return html`<button class="chip ${chosen ? "is-chosen" : ""}" aria-pressed=${chosen} data-testid="kind-${kind}" @click=${() => app.store.set({ kind, off: [] })}>${t(`signals.kind.${kind}`)}</button>`;
}

function lacking(app: App): TemplateResult | typeof nothing {
  if (!ready(app.signal.layers) || app.signal.layer()) return nothing;
  const chosen = operator(app.model, app.state);
  const parameters = { tech: technology(app.model, app.state), operator: chosen === "all" ? t("kpi.all") : chosen };
  return html`<p class="note" role="status">${t("signals.no_layer", parameters)}</p>`;
}

/** People of a class (area where nobody is counted), in the unit of the bar's words. */
function inClass(found: Distribution, { code, last_code }: CodeClass): number {
  const counted = found.people ?? found.area_km2;
  return Math.max(0, (counted[code] ?? 0) - (counted[last_code + 1] ?? 0));
}

/** Edges of a class in the unit of the layer: levels within one technology, dB over the threshold otherwise. */
export function edges(layer: CodeLayer, one: CodeClass): string {
  if (one.operator !== undefined) return one.operator;
  const shift = layer.kind === "margin" ? (layer.required_dbm ?? 0) : 0;
  const [from, to] = [one.from ?? null, one.to ?? null].map((edge) => (edge === null ? null : number(edge + shift)));
  if (layer.kind === "operators") return number(one.from);
  if (layer.kind === "servers") return (one.to ?? 0) - (one.from ?? 0) === 1 ? String(from) : to === null ? `≥ ${from}` : `${from}–${number((one.to ?? 0) - 1)}`;
  if (from === null) return `< ${to}`;
  return to === null ? `≥ ${from}` : `${from} … ${to}`;
}

/** Key of the words for what the edges measure. */
export function unitOf(layer: CodeLayer): string {
  return layer.kind === "margin" ? (layer.required_dbm == null ? "signals.unit.over" : "signals.unit.rsrp") : `signals.unit.${layer.kind}`;
}

function row(app: App, layer: CodeLayer, found: Distribution | null, index: number, most: number): TemplateResult {
  const one = layer.classes[index] as CodeClass;
  const hidden = app.state.off.includes(index);
  const held = found ? inClass(found, one) : null;
  const total = found?.totals[found.people ? "people" : "area_km2"] ?? null;
  const share = held === null || !total ? null : held / total;
  const press = (event: MouseEvent): void => app.signal.toggleClass(index, event.altKey);
  return html`<button class="class-row ${hidden ? "is-hidden" : ""}" aria-pressed=${!hidden} data-testid="class-row" data-value=${held ?? ""} title=${t("legend.hint")} @click=${press}>
    <i class="swatch" style=${hidden ? "" : `background:${one.colour}`}></i><span>${edges(layer, one)}</span>
    <span class="class-bar"><i style="width:${most > 0 && held !== null ? (100 * held) / most : 0}%;background:${hidden ? "var(--line2)" : one.colour}"></i></span><b>${percent(share)}</b></button>`;
}

/** Words of the help by layer. */
const TERMS: Partial<Record<Kind, Term>> = { margin: "rsrp", server: "best_server", sinr: "sinr", throughput: "throughput", operators: "operators" };

function legend(app: App): TemplateResult | typeof nothing {
  const layer = app.signal.layer();
  if (!layer) return nothing;
  const found = ready(app.signal.distribution());
  const most = found ? Math.max(...layer.classes.map((one) => inClass(found, one))) : 0;
  const unit = unitOf(layer);
  const required = layer.required_dbm == null || layer.kind !== "margin" ? nothing : html`<p class="faint">${t("signals.required", { threshold: dbm(layer.threshold_dbm), required: dbm(layer.required_dbm) })}</p>`;
  const term = TERMS[layer.kind];
  const off = app.state.off.length ? html`<button class="link" data-testid="classes-all" @click=${() => app.store.set({ off: [] })}>${t("signals.unfilter")}</button>` : nothing;
  return html`<section class="panel-section"><p class="threshold-head"><b>${t(unit)} ${term ? explain(term, "legend") : nothing}</b>${off}<span>${t(found?.people === null ? "signals.area_in_class" : "signals.people_in_class")}</span></p>
    <div class="class-rows" role="group" aria-label=${t("legend.label")} data-testid="classes">${layer.classes.map((_, index) => row(app, layer, found, index, most))}</div>
    <p class="faint">${layer.about}</p>${required}</section>`;
}

function tools(app: App): TemplateResult {
  const entry = (tool: "path" | "measure", name: "profile" | "measure"): TemplateResult => {
    const chosen = app.signal.tool === tool;
    return html`<button class="chip ${chosen ? "is-chosen" : ""}" aria-pressed=${chosen} data-testid="tool-${tool}" @click=${() => app.signal.choose(tool)}>${icon(name, 16)} ${t(`signals.tool.${tool}`)}</button>`;
  };
  return html`<section class="panel-section"><div class="chips">${entry("path", "profile")}${entry("measure", "measure")}</div>
    <p class="faint" role="status">${t(app.signal.tool === null ? "signal.hint" : `signals.tool.${app.signal.tool}_hint`, { length: distance(length_m(app.signal.places)) })}</p></section>`;
}

export function signalPanel(app: App): TemplateResult {
  const reset = (): void => app.store.set({ tech: DEFAULTS.tech, operator: DEFAULTS.operator, layers: DEFAULTS.layers, kind: DEFAULTS.kind, off: [] });
  const resetAll = (): void => {
    reset();
    app.signal.moveThreshold(DEFAULTS.above, true);
  };
  return html`<section class="panel" aria-label=${t("signal.title")}>
    <header class="panel-head"><h2>${t("signal.title")}</h2><span class="grow"></span><button class="quiet" data-testid="signal-reset" @click=${resetAll}>${icon("reset", 16)} ${t("signal.reset")}</button></header>
    <div class="panel-scroll">
      <section class="panel-section"><div class="chips signal-kinds">${KINDS.map((kind) => chip(app, kind))}</div></section>
      ${app.phone ? thresholdSection(app) : nothing}
      <section class="panel-section fields"><span class="label">${t("signal.technology")}</span>${technologySwitch(app)}
        <span class="label">${t("signal.operator")}</span>${operatorSelect(app)}</section>
      ${lacking(app)}${app.phone ? nothing : thresholdSection(app)}${legend(app)}${tools(app)}</div>
    ${app.phone ? nothing : html`<footer class="panel-section sticky signal-layers">${layerBoxes(app)}</footer>`}</section>`;
}
