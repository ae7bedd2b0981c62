/** The cheapest means for every village that is left, and from how many households on it beats a satellite. */

import { html, nothing, type TemplateResult } from "lit-html";
import { composed, number, percent } from "../format";
import { t } from "../i18n";
import type { MeansVillage, TechnologyPlan } from "./contract";
import type { Optimiser } from "./desk";
import { amountOf, money } from "./figures";
import { downloads, wordOf } from "./picks";
import { builders, costTable } from "./setup";

const LISTED = 200;

export function residualSetup(desk: Optimiser): TemplateResult {
  const { technology, operator, costs } = desk.residualForm;
  return html`<section class="panel-section"><p class="faint">${t("optimise.residual.lead")}</p>
    ${builders(desk, technology, operator, (change) => { Object.assign(desk.residualForm, change); desk.app.update(); })}
    ${costTable(desk.usual.residual ?? {}, costs, (given) => { desk.residualForm.costs = given; desk.app.update(); })}</section>`;
}

function totals(plan: TechnologyPlan): TemplateResult {
  const cell = ([means, sum]: [string, { villages: number; households: number }]): TemplateResult =>
    html`<tr><th scope="row"><i class="opt-means is-${means}"></i>${wordOf("means", means)}</th><td class="figure">${number(sum.villages)}</td><td class="figure">${number(sum.households)}</td></tr>`;
  return html`<table class="table dense" data-testid="opt-totals"><thead><tr><th>${t("optimise.residual.means")}</th><th class="figure">${t("optimise.column.villages")}</th><th class="figure">${t("optimise.column.households")}</th></tr></thead>
    <tbody>${Object.entries(plan.totals).map(cell)}</tbody></table>`;
}

/** Masts that several villages share say so; their own cost alone would mislead. */
function villageRow(desk: Optimiser, plan: TechnologyPlan, village: MeansVillage): TemplateResult {
  const site = plan.sites.findIndex((one) => one.option === village.option);
  const shared = site >= 0 ? html`<small class="row-note">${t("optimise.residual.shared", { n: site + 1, villages: number(plan.sites[site]?.villages ?? 0) })}</small>` : nothing;
  const enough = village.break_even_households === null ? "–" : number(Math.ceil(village.break_even_households));
  return html`<tr data-testid="opt-means-row" data-id=${village.village_id} data-means=${village.means} @click=${() => desk.app.map?.goTo(village.lon, village.lat, 12)}>
    <th scope="row" title=${composed(village.name)}>${composed(village.name)}${shared}</th><td><i class="opt-means is-${village.means}"></i>${wordOf("means_short", village.means)}</td>
    <td class="figure">${number(village.households)}</td><td class="figure">${number(village.alone_cost_mvnd)}</td><td class="figure">${enough}</td></tr>`;
}

export function residualResult(desk: Optimiser, plan: TechnologyPlan): TemplateResult {
  const saved = plan.satellite_only_cost_mvnd - plan.cost_mvnd;
  const proved = plan.gap === 0 ? t("optimise.residual.proved") : t("optimise.residual.bounded", { bound: money(plan.bound_mvnd), gap: percent(plan.gap, 1) });
  return html`<section class="panel-section"><div class="opt-numbers"><p><b class="display" data-testid="opt-means-cost" data-value=${plan.cost_mvnd}>${money(plan.cost_mvnd)}</b><span>${t("optimise.residual.cost", { years: number(plan.costs.running["years"] ?? null) })}</span></p>
      <p><b class="display">≤ ${percent(plan.gap, 1)}</b><span>${t("optimise.gap_cost")}</span></p></div>
    <p class="opt-proof">${proved} ${t("optimise.residual.against_satellite", { all: money(plan.satellite_only_cost_mvnd), saved: money(saved), terminal: number(plan.terminal_mvnd_household, 1) })}</p>
    <p><span class="tag warn">${t("optimise.assumed")}</span> <span class="faint">${t("optimise.residual.assumed", { n: number(plan.costs.assumed.length) })}</span></p></section>
    <section class="panel-section">${totals(plan)}</section>
    <div class="opt-picks-head"><h3>${amountOf("villages", plan.villages.length)}</h3><span class="grow"></span>${downloads(desk, ["xlsx", "csv", "geojson"])}</div>
    <table class="table dense opt-residual"><thead><tr><th>${t("optimise.residual.village")}</th><th>${t("optimise.residual.means")}</th><th class="figure">${t("optimise.residual.homes")}</th><th class="figure">${t("optimise.residual.alone")}</th><th class="figure">${t("optimise.residual.break_even")}</th></tr></thead>
      <tbody>${plan.villages.slice(0, LISTED).map((village) => villageRow(desk, plan, village))}</tbody></table>
    ${plan.villages.length > LISTED ? html`<p class="note faint">${t("optimise.and_more", { n: number(plan.villages.length - LISTED) })}</p>` : nothing}`;
}
