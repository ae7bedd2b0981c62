/** Legend, histogram and filter in one. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { countByClass, meetsTarget, type Classes } from "../classes";
import { number } from "../format";
import { t } from "../i18n";
import { classes, communeRows, ready, target, technology, type CommuneRow } from "../model";

const HEIGHT_PX = 48;

function toggle(app: App, index: number, only: boolean, count: number): void {
  const { hidden } = app.state;
  const others = Array.from({ length: count }, (_, other) => other).filter((other) => other !== index);
  if (only) return app.store.set({ hidden: others });
  const next = hidden.includes(index) ? hidden.filter((other) => other !== index) : [...hidden, index];
  app.store.set({ hidden: next.length === count ? [] : next.sort() });
}

function column(app: App, { colours, edges }: Classes, index: number, counts: readonly number[]): TemplateResult {
  const count = counts[index] ?? 0;
  const height = Math.round((HEIGHT_PX * count) / Math.max(1, ...counts));
  const isHidden = app.state.hidden.includes(index);
  const range = { from: number(edges[index - 1] ?? 0), to: number(edges[index] ?? 100), n: number(count) };
  return html`<button class="legend-column ${isHidden ? "is-hidden" : ""}" aria-pressed=${!isHidden} data-testid="class-${index}"
    aria-label="${t("legend.class", range)}" title="${t("legend.class", range)} · ${t("legend.hint")}"
    @click=${(event: MouseEvent) => toggle(app, index, event.altKey, colours.length)}>
    <span>${number(count)}</span><i style="height:${count ? Math.max(2, height) : 0}px;background:${colours[index]}"></i></button>`;
}

function edgeLabels({ edges, target: goal }: Classes): TemplateResult {
  const all = [0, ...edges, 100];
  return html`<div class="legend-edges" aria-hidden="true">${all.map((edge, index) => {
    const at = (100 * index) / (all.length - 1);
    const text = Number.isInteger(edge) ? number(edge) : number(edge, 0);
    return html`<span class=${edge === goal ? "is-target" : ""} style="left:${at}%">${text}</span>`;
  })}</div>`;
}

function verdicts(app: App, rows: readonly CommuneRow[]): TemplateResult | typeof nothing {
  const goal = target(app.model, app.state)?.percent ?? null;
  const known = rows.filter((row) => row.share?.share != null);
  const missing = rows.length - known.length;
  const met = goal === null ? 0 : known.filter((row) => meetsTarget(row.share?.share as number, goal)).length;
  const lacking = missing ? html`<span class="faint">${t("legend.missing", { n: number(missing) })}</span>` : nothing;
  if (goal === null) return missing ? html`<p class="legend-verdicts">${lacking}</p>` : nothing;
  return html`<p class="legend-verdicts"><span class="bad-text">${t("legend.below", { n: number(known.length - met) })}</span>${lacking}
    <span class="good-text">${t("legend.met", { n: number(met) })}</span></p>`;
}

export function shareLegend(app: App): TemplateResult | typeof nothing {
  if (app.state.view !== "overview" || !ready(app.model.results)) return nothing;
  const all = classes(app.model, app.state);
  const rows = communeRows(app.model, app.state);
  const counts = countByClass(rows.map((row) => row.share?.share ?? null), all);
  const tech = technology(app.model, app.state);
  return html`<section class="legend" data-testid="legend" aria-label=${t("legend.label")}>
    <p class="legend-title"><b>${t(`metric.legend.${app.state.metric}`, { tech })}</b><span>${t("legend.communes")}</span></p>
    <div class="legend-columns" role="group">${counts.map((_, index) => column(app, all, index, counts))}</div>
    ${edgeLabels(all)}${app.phone ? nothing : verdicts(app, rows)}</section>`;
}
