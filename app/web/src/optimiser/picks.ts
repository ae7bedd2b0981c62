/** The picks of a plan, with everything known of the one that is chosen. */

import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { composed, coordinates, distance, metres, number } from "../format";
import { has, t } from "../i18n";
import { COST_PARTS, type NamedOption, type Pick, type TowerPlan } from "./contract";
import type { Optimiser } from "./desk";
import { amountOf, money, moneyPer, worth } from "./figures";

export function wordOf(group: string, name: string): string {
  const key = `optimise.${group}.${name}`;
  return has(key) ? t(key) : name;
}

export function placeName(pick: Pick): string {
  return composed(pick.commune_name ?? pick.name ?? t("optimise.place"));
}

function barOf(pick: Pick, most: number): TemplateResult {
  return html`<span class="opt-bar" aria-hidden="true"><i style="width:${most > 0 ? (pick.adds / most) * 100 : 0}%"></i></span>`;
}

function row(desk: Optimiser, pick: Pick, most: number): TemplateResult {
  const chosen = desk.chosen === pick.number;
  const { target } = (desk.towers as TowerPlan).request;
  return html`<tr class=${chosen ? "is-chosen" : ""} aria-selected=${chosen} tabindex="0" data-testid="opt-pick" data-pick=${pick.number} data-adds=${pick.adds} data-cost=${pick.cost_mvnd}
    @click=${() => desk.choose(pick.number)} @keydown=${(event: KeyboardEvent) => event.key === "Enter" && desk.choose(pick.number)}>
    <td><span class="opt-badge ${pick.is_kept ? "is-kept" : ""}">${pick.number}</span></td>
    <th scope="row">${placeName(pick)} <small>${wordOf("means_short", pick.means)} ${metres(pick.height_m)}</small></th>
    ${desk.app.phone ? nothing : html`<td class="opt-bar-cell">${barOf(pick, most)}</td>`}
    <td class="figure">${number(pick.adds)}</td><td class="figure">${number(pick.cost_mvnd / 1000, 2)}</td>
    <td class="figure">${number(worth(pick), target === "villages" ? 0 : 1)}</td></tr>
    ${chosen ? html`<tr class="opt-card-row"><td colspan=${desk.app.phone ? 5 : 6}>${card(desk, pick)}</td></tr>` : nothing}`;
}

function fact(label: string, value: string | TemplateResult): TemplateResult {
  return html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
}

function backhaul(pick: Pick): string {
  const { means, length_m } = pick.backhaul;
  const word = wordOf("backhaul", means);
  return length_m > 0 ? `${word}, ${distance(length_m)}` : word;
}

/** The reason in one sentence: what it adds for its money, and how much of that nothing else in the plan gives. */
function why(plan: TowerPlan, pick: Pick): string {
  const { target } = plan.request;
  const key = pick.is_kept ? "optimise.why.kept" : pick.adds_last > 0 ? "optimise.why.only" : "optimise.why.shared";
  return t(key, { source: wordOf("source", pick.source), adds: amountOf(target, pick.adds), each: moneyPer(worth(pick), target), last: amountOf(target, pick.adds_last), alone: amountOf(target, pick.adds_alone) });
}

function swaps(desk: Optimiser, plan: TowerPlan, pick: Pick): TemplateResult | typeof nothing {
  const own = (plan.explained?.swaps ?? []).filter((swap) => swap.out === pick.option).slice(0, 3);
  if (own.length === 0) return nothing;
  const line = (at: number): TemplateResult | typeof nothing => {
    const swap = own[at];
    const option = swap ? plan.explained?.options[String(swap.in)] : undefined;
    if (!swap || !option) return nothing;
    const change = swap.cost_change === 0 ? t("optimise.same_cost") : `${swap.cost_change > 0 ? "+" : "−"}${money(Math.abs(swap.cost_change))}`;
    return html`<li><button class="link" @click=${() => desk.app.map?.goTo(option.lon, option.lat, 12)}>${wordOf("source", option.source)}${option.name ? ` ${composed(option.name)}` : ""}, ${distance(swap.distance_m)}</button>
      <span class="faint">${amountOf(plan.request.target, swap.served - plan.served.before)} · ${change}</span></li>`;
  };
  return html`<h4>${t("optimise.alternatives")}</h4><ul class="opt-list">${own.map((_, at) => line(at))}</ul>`;
}

function card(desk: Optimiser, pick: Pick): TemplateResult {
  const plan = desk.towers as TowerPlan;
  const { target } = plan.request;
  const assumed = plan.method.placement.assumed_costs.length > 0;
  const azimuths = pick.azimuths_deg.length ? pick.azimuths_deg.map((one) => `${number(one)}°`).join(", ") : t("optimise.omni");
  const names = pick.villages.slice(0, 8).map((id) => villageName(desk, id));
  return html`<div class="opt-card" data-testid="opt-card"><p class="reason">${why(plan, pick)}</p>
    <dl class="opt-facts">${fact(t("optimise.fact.means"), `${wordOf("means", pick.means)}, ${pick.operator} ${pick.technology}`)}
      ${fact(t("optimise.fact.band"), `${pick.band} · ${number(pick.frequency_mhz, 1)} MHz · ${number(pick.power_dbm, 1)} dBm`)}
      ${fact(t("optimise.fact.height"), `${metres(pick.height_m)} · ${azimuths}`)}${fact(t("optimise.fact.backhaul"), backhaul(pick))}
      ${fact(t("optimise.fact.alone"), amountOf(target, pick.adds_alone))}${fact(t("optimise.fact.last"), amountOf(target, pick.adds_last))}
      ${fact(t("optimise.fact.place"), coordinates(pick.lat, pick.lon))}</dl>
    <h4>${t("optimise.cost_parts")} ${assumed ? html`<span class="tag warn">${t("optimise.assumed")}</span>` : nothing}</h4>
    <dl class="opt-facts">${COST_PARTS.filter((part) => pick.cost_parts[part] > 0).map((part) => fact(t(`optimise.part.${part}`), money(pick.cost_parts[part], 3)))}</dl>
    ${pick.villages.length ? html`<h4>${t("optimise.serves_villages", { count: pick.villages.length, n: number(pick.villages.length) })}</h4><p class="faint">${names.join(", ")}${pick.villages.length > names.length ? " …" : ""}</p>` : nothing}
    ${swaps(desk, plan, pick)}
    <p><button class="link" data-testid="opt-zoom" @click=${(event: Event) => { event.stopPropagation(); desk.app.map?.goTo(pick.lon, pick.lat, 13); }}>${t("optimise.zoom")}</button></p></div>`;
}

function villageName(desk: Optimiser, id: string): string {
  for (const loaded of Object.values(desk.app.model.villages)) {
    const found = loaded?.is === "ready" ? loaded.value.find((one) => one.village_id === id) : undefined;
    if (found) return composed(found.name);
  }
  return id;
}

export function picksHead(desk: Optimiser, plan: TowerPlan): TemplateResult {
  const { budget_mvnd } = plan.request;
  const left = budget_mvnd === null ? "" : ` · ${t("optimise.money_left", { money: number((budget_mvnd - plan.cost_mvnd) / 1000, 1) })}`;
  return html`<div class="opt-picks-head"><h3 data-testid="opt-count" data-value=${plan.picks.length}>${t("optimise.picks", { count: plan.picks.length, n: number(plan.picks.length) })}</h3>
    <span data-testid="opt-cost" data-value=${plan.cost_mvnd}>${money(plan.cost_mvnd, 1)}${left}</span><span class="grow"></span>
    ${downloads(desk, ["xlsx", "geojson"])}</div>`;
}

/** Files of what a job found. */
export function downloads(desk: Optimiser, endings: readonly string[]): TemplateResult {
  const names: Record<string, string> = { xlsx: "Excel", csv: "CSV", geojson: "GeoJSON", gpkg: "GPKG", "ofds.json": "OFDS", json: "JSON" };
  return html`<span class="opt-files">${endings.map(
    (ending) => html`<a class="button" download data-testid="opt-file-${ending}" href=${desk.file(ending)}>${names[ending] ?? ending}</a>`,
  )}</span>`;
}

export function pickTable(desk: Optimiser, plan: TowerPlan): TemplateResult {
  const most = Math.max(0, ...plan.picks.map((pick) => pick.adds));
  const { target } = plan.request;
  if (plan.picks.length === 0) return html`<p class="note" data-testid="opt-none">${t("optimise.no_picks")}</p>`;
  return html`<table class="table opt-table" data-testid="opt-table"><thead><tr><th scope="col"><span class="unseen">${t("optimise.column.number")}</span></th><th scope="col">${t("optimise.column.place")}</th>
    ${desk.app.phone ? nothing : html`<th></th>`}<th scope="col" class="figure">${t(`optimise.column.${target}`)}</th><th scope="col" class="figure">${t("optimise.column.cost")}</th><th scope="col" class="figure">${t(`optimise.column.each.${target}`)}</th></tr></thead>
    <tbody>${repeat(plan.picks, (pick) => pick.number, (pick) => row(desk, pick, most))}</tbody></table>`;
}

export function describe(option: NamedOption): string {
  return `${wordOf("means", option.means)}, ${wordOf("source", option.source)}${option.name ? ` ${composed(option.name)}` : ""}`;
}
