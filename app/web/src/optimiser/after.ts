/** What else is known of a plan: years, who stays without, other plans, the check by the engine, the method. */

import { html, nothing, type TemplateResult } from "lit-html";
import { composed, number, percent } from "../format";
import { t } from "../i18n";
import { ready } from "../model";
import { LEFT_REASONS, type LeftVillage, type TowerPlan } from "./contract";
import type { Optimiser } from "./desk";
import { amountOf, money } from "./figures";
import { describe, wordOf } from "./picks";

const LISTED = 30;

function section(testid: string, title: string, body: TemplateResult, isOpen = false): TemplateResult {
  return html`<details class="opt-more" data-testid=${testid} ?open=${isOpen}><summary>${title}</summary>${body}</details>`;
}

function years(plan: TowerPlan): TemplateResult | typeof nothing {
  const { phases } = plan;
  if (!phases) return nothing;
  const body = html`<table class="table dense"><thead><tr><th>${t("optimise.year")}</th><th class="figure">${t("optimise.budget")}</th><th class="figure">${t("optimise.column.cost")}</th><th class="figure">${t(`optimise.column.${plan.request.target}`)}</th><th>${t("optimise.column.picks")}</th></tr></thead>
    <tbody>${phases.years.map((year, at) => html`<tr><th scope="row">${at + 1}</th><td class="figure">${number(year.budget_mvnd / 1000, 1)}</td><td class="figure">${number(year.cost_mvnd / 1000, 1)}</td><td class="figure">${number(year.served - plan.served.before)}</td><td>${year.picks.join(", ")}</td></tr>`)}</tbody></table>
    ${phases.left_out.length ? html`<p class="faint">${t("optimise.years_left", { n: phases.left_out.join(", ") })}</p>` : nothing}
    ${phases.targets.map((one) => html`<p>${t(one.year === null ? "optimise.target_never" : "optimise.target_year", { technology: one.technology, percent: percent(one.percent / 100, 0), year: one.year ?? "" })}</p>`)}`;
  return section("opt-years", t("optimise.years"), body, true);
}

function villageLine(desk: Optimiser, village: LeftVillage): TemplateResult {
  const cost = village.cheapest_mvnd === null ? "" : ` · ${t("optimise.cheapest", { money: money(village.cheapest_mvnd) })}`;
  return html`<li><button class="link" @click=${() => desk.app.selectVillage(village.village_id)}>${composed(village.name)}</button>
    <span class="faint">${amountOf("households", village.households)} · ${wordOf("left", village.reason)}${cost}</span></li>`;
}

function uncovered(desk: Optimiser, plan: TowerPlan): TemplateResult {
  const { by_reason, villages } = plan.left_out;
  const total = LEFT_REASONS.reduce((sum, reason) => sum + by_reason[reason], 0);
  const body = html`<dl class="opt-facts">${LEFT_REASONS.map((reason) => html`<div><dt>${wordOf("left", reason)}</dt><dd>${amountOf(plan.request.target, by_reason[reason])}</dd></div>`)}</dl>
    ${plan.candidates.without_backhaul ? html`<p class="faint" data-testid="opt-unjoined">${t("optimise.without_backhaul", { n: number(plan.candidates.without_backhaul) })}</p>` : nothing}
    <ul class="opt-list">${villages.slice(0, LISTED).map((village) => villageLine(desk, village))}</ul>
    ${villages.length > LISTED ? html`<p class="faint">${t("optimise.and_more", { n: number(villages.length - LISTED) })}</p>` : nothing}`;
  return section("opt-left", t("optimise.left_out", { amount: amountOf(plan.request.target, total) }), body);
}

function others(plan: TowerPlan): TemplateResult | typeof nothing {
  const plans = plan.explained?.other_plans ?? [];
  const names = plan.explained?.options ?? {};
  if (plans.length === 0) return nothing;
  const body = html`<ul class="opt-list">${plans.map((other) => {
    const pick = plan.picks.find((one) => one.option === other.without);
    const instead = other.new.map((option) => names[String(option)]).filter((one) => one !== undefined).map(describe).join("; ");
    return html`<li>${t("optimise.without", { n: pick?.number ?? "?" })}: ${instead || t("optimise.nothing_instead")}
      <span class="faint">${money(other.cost)} · ${t("optimise.worse_by", { share: percent(other.worse_by, 2) })}</span></li>`;
  })}</ul>`;
  return section("opt-others", t("optimise.others"), body);
}

function checked(plan: TowerPlan): TemplateResult {
  const { check, request } = plan;
  const isEqual = Math.abs(check.difference) < 1e-6 * Math.max(1, Math.abs(check.engine));
  const body = html`<p data-testid="opt-check" data-engine=${check.engine} data-claimed=${check.claimed}>${t(isEqual ? "optimise.check_equal" : "optimise.check_differs", { engine: amountOf(request.target, check.engine), together: amountOf(request.target, check.together), claimed: amountOf(request.target, check.claimed) })}</p>
    ${check.villages_lost.length ? html`<p class="bad-text">${t("optimise.check_lost", { n: number(check.villages_lost.length) })}</p>` : nothing}
    ${check.claims_taken_back ? html`<p class="faint">${t("optimise.taken_back", { n: number(check.claims_taken_back), rounds: number(check.rounds) })}</p>` : nothing}`;
  return section("opt-checked", t(isEqual ? "optimise.check_title" : "optimise.check_title_differs"), body);
}

function method(desk: Optimiser, plan: TowerPlan): TemplateResult {
  const { placement } = plan.method;
  const { candidates } = plan;
  const sources = Object.entries(candidates.by_source).map(([name, count]) => `${wordOf("source", name)} ${number(count)}`).join(", ");
  const stale = ready(desk.app.model.results)?.run !== plan.run;
  const total = Object.values(plan.seconds).reduce((sum, one) => sum + one, 0);
  const line = (label: string, value: string): TemplateResult => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  const body = html`${stale ? html`<p class="bad-text">${t("optimise.other_run")}</p>` : nothing}<dl class="opt-facts">
    ${line(t("optimise.method.builder"), `${plan.builder.operator} ${plan.builder.technology} · ${plan.builder.bands.join(", ")}`)}
    ${line(t("optimise.method.candidates"), `${number(candidates.places)} (${sources}); ${t("optimise.method.options", { n: number(candidates.options), serving: number(candidates.options_serving) })}`)}
    ${line(t("optimise.method.paths"), t("optimise.method.exact"))}
    ${line(t("optimise.method.assumed"), [...placement.assumed_costs.map((name) => wordOf("costs", name)), ...placement.assumed.map((name) => wordOf("assumption", name))].join(", ") || "–")}
    ${line(t("optimise.method.run"), `${plan.run.slice(0, 12)} · ${number(total, 1)} s`)}</dl>
    <p>${desk.json()}</p>`;
  return section("opt-method", t("optimise.method.title"), body);
}

export function afterPlan(desk: Optimiser, plan: TowerPlan): TemplateResult {
  return html`<section class="panel-section">${years(plan)}${uncovered(desk, plan)}${others(plan)}${checked(plan)}${method(desk, plan)}</section>`;
}
