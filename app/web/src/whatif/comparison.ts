/** Scenarios side by side: the network that stands, A and B; the best of each row on a ground of its own. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { composed, number, percent } from "../format";
import { t } from "../i18n";
import { operator, ready, technology } from "../model";
import type { Column, Comparison } from "./contract";
import { costPerHousehold, deltaOf, signed } from "./figures";
import { isEmpty } from "./plan";

type Content = TemplateResult | typeof nothing;

interface Row {
  name: string;
  /** More is better unless less is; null has no best. */
  best: "more" | "less" | null;
  value: (column: Column, index: number) => number | null;
  text: (value: number | null, index: number) => string;
}

const BILLION = 1000;

function rows(app: App, found: Comparison): Row[] {
  const [tech, who] = [technology(app.model, app.state), operator(app.model, app.state)];
  const delta = (index: number) => deltaOf(found.scenarios, index, tech, who);
  const more = (text: (value: number | null) => string) => (value: number | null, index: number): string => (index === 0 ? number(null) : text(value));
  const poor = ({ villages_by_status: by }: Column): number => (by.white ?? 0) + (by.patchy ?? 0);
  const bn = (value: number | null): string => number(value === null ? null : value / BILLION, 2);
  return [
    { name: t("whatif.rows.share", { tech }), best: "more", value: (column) => column.shares[tech]?.[who]?.population.share ?? null, text: (value) => percent(value, 2) },
    { name: t("whatif.rows.people"), best: "more", value: (_, index) => (index === 0 ? null : delta(index).population), text: more((value) => signed(value)) },
    { name: t("whatif.rows.households"), best: "more", value: (_, index) => (index === 0 ? null : delta(index).households), text: more((value) => signed(value)) },
    { name: t("whatif.rows.villages"), best: "less", value: poor, text: (value) => number(value) },
    { name: t("whatif.rows.losing"), best: "less", value: (column, index) => (index === 0 ? null : column.loses.length), text: more((value) => number(value)) },
    { name: t("whatif.rows.cost"), best: "less", value: (column, index) => (index === 0 || !column.is_cost_complete ? null : column.cost_mvnd), text: more(bn) },
    { name: t("whatif.rows.each"), best: "less", value: (column, index) => (index === 0 ? null : costPerHousehold(column, delta(index).households)), text: more((value) => number(value, 1)) },
  ];
}

/** Columns with the best value; ties share it, and where all are equal none is best. */
export function bestOf(values: readonly (number | null)[], best: Row["best"]): boolean[] {
  const known = values.filter((value): value is number => value !== null);
  if (best === null || known.length < 2) return values.map(() => false);
  const top = best === "more" ? Math.max(...known) : Math.min(...known);
  const isTop = values.map((value) => value !== null && Math.abs(value - top) < 1e-9);
  return isTop.every((is, index) => is || values[index] === null) ? values.map(() => false) : isTop;
}

function row(found: Comparison, { name, best, value, text }: Row): TemplateResult {
  const values = found.scenarios.map(value);
  const isBest = bestOf(values, best);
  return html`<tr><th scope="row">${name}</th>${values.map((one, index) => html`<td class="figure ${isBest[index] ? "is-best" : ""}" data-value=${one ?? ""}>${text(one, index)}${isBest[index] ? html`<span class="unseen"> ${t("whatif.best")}</span>` : nothing}</td>`)}</tr>`;
}

function head(column: Column, index: number): TemplateResult {
  const name = column.key === "base" ? t("whatif.base") : `${column.key} · ${composed(column.name ?? "")}`;
  return html`<th scope="col" class="figure" title=${name} aria-label=${name}><i class="swatch scenario-${Math.min(index, 3)}"></i> ${column.key === "base" ? name : column.key}</th>`;
}

function names(column: Column): TemplateResult {
  const list = (kind: "gains" | "loses"): TemplateResult => {
    const shown = column[kind].slice(0, 8).map((one) => composed(one.name)).join(", ");
    const rest = column[kind].length - 8;
    return html`<p class=${kind === "gains" ? "gain" : "loss"}><b>${t(`whatif.${kind}`)}</b> ${shown === "" ? t("whatif.nobody") : shown}${rest > 0 ? ` … +${number(rest)}` : ""}</p>`;
  };
  return html`<div class="compare-names"><p><b>${column.key} · ${composed(column.name ?? "")}</b></p>${list("gains")}${list("loses")}</div>`;
}

function pickers(app: App): TemplateResult {
  const { scenarios, plan } = app.whatif;
  const known = (ready(scenarios.list) ?? []).map((one) => one.name);
  const places = isEmpty(plan) ? [0, 1] : [0];
  const choose = (place: number) => (event: Event): void => scenarios.setBeside(place, (event.target as HTMLSelectElement).value);
  return html`<div class="compare-pickers">${places.map((place) => html`<select class="select" aria-label=${t("whatif.beside", { n: String(place + 1) })} data-testid="beside-${place}" @change=${choose(place)}>
    <option value="">${t("whatif.choose_scenario")}</option>${known.map((name) => html`<option value=${name} ?selected=${scenarios.beside[place] === name}>${composed(name)}</option>`)}</select>`)}</div>`;
}

function table(app: App, found: Comparison): TemplateResult {
  return html`<div class="wide"><table class="table dense compare-table" data-testid="compare-table"><thead><tr><td></td>${found.scenarios.map(head)}</tr></thead>
    <tbody>${rows(app, found).map((one) => row(found, one))}</tbody></table></div>
    ${found.scenarios.slice(1).map(names)}`;
}

export function comparisonTable(app: App): Content {
  const { scenarios } = app.whatif;
  if (!scenarios.isComparing) return nothing;
  const { comparison } = scenarios;
  const found = ready(comparison);
  return html`<section class="compare" aria-label=${t("whatif.compare_title")}><p class="label between"><span>${t("whatif.compare_title")}</span><span class="faint">${t("whatif.best_ground")}</span></p>
    ${pickers(app)}
    ${comparison?.is === "waiting" ? html`<div class="bones"><i class="bone row"></i><i class="bone row"></i><i class="bone row"></i></div>` : nothing}
    ${comparison?.is === "failed" ? html`<p class="problem" role="alert">${comparison.detail}</p>` : nothing}
    ${found ? table(app, found) : nothing}
    ${comparison === null ? html`<p class="faint">${t("whatif.nothing_to_compare")}</p>` : nothing}</section>`;
}
