/** The cheapest fibre along roads, with a bill of quantities that calls itself strategic. */

import { html, nothing, type TemplateResult } from "lit-html";
import { composed, distance, number, percent } from "../format";
import { t } from "../i18n";
import type { BillLine, FibrePlan } from "./contract";
import type { FibreForm, Optimiser } from "./desk";
import { money } from "./figures";
import { downloads, wordOf } from "./picks";
import { select } from "./setup";

const MILLION = 1e6;
const LISTED = 30;

export function fibreSetup(desk: Optimiser): TemplateResult {
  const form = desk.fibreForm;
  const put = (change: Partial<FibreForm>): void => {
    Object.assign(form, change);
    desk.app.update();
  };
  const to = ["villages", "masts"].map((id) => ({ id, label: t(`optimise.fibre.to.${id}`) }));
  const among = ["without_fibre", "white", "all"].filter((id) => id !== "white" || form.to === "villages").map((id) => ({ id, label: t(`optimise.fibre.among.${id}`) }));
  const scenarios = [{ id: "", label: t("optimise.fibre.no_scenario") }, ...desk.scenarios.filter((one) => one.masts > 0).map((one) => ({ id: one.name, label: one.name }))];
  return html`<section class="panel-section"><p class="faint">${t("optimise.fibre.lead")}</p>
    ${select("opt-fibre-to", t("optimise.fibre.join"), to, form.to, (id) => put({ to: id as FibreForm["to"], among: "without_fibre" }))}
    ${select("opt-fibre-among", t("optimise.fibre.which"), among, form.among, (id) => put({ among: id as FibreForm["among"] }))}
    ${desk.scenarios.length ? select("opt-fibre-scenario", t("optimise.fibre.scenario"), scenarios, form.scenario, (scenario) => put({ scenario })) : nothing}</section>`;
}

function billRow(line: BillLine): TemplateResult {
  const quantity = line.unit === "km" ? number(line.quantity, 1) : number(line.quantity);
  return html`<tr><th scope="row">${wordOf("fibre.item", line.item)}</th><td class="figure">${quantity} ${wordOf("fibre.unit", line.unit)}</td><td class="figure">${line.cost === undefined ? "" : money(line.cost / MILLION)}</td></tr>`;
}

export function fibreResult(desk: Optimiser, plan: FibrePlan): TemplateResult {
  const missing = plan.not_joined.length;
  const proved = plan.gap === 0 ? t("optimise.fibre.proved") : t("optimise.fibre.bounded", { bound: money(plan.bound / MILLION) });
  return html`<section class="panel-section"><div class="opt-numbers"><p><b class="display" data-testid="opt-fibre-cost" data-value=${plan.cost}>${money(plan.cost / MILLION)}</b><span>${t("optimise.fibre.cost")}</span></p>
      <p><b class="display">≤ ${percent(plan.gap, 1)}</b><span>${t("optimise.gap_cost")}</span></p></div>
    <p class="opt-proof">${proved}</p>
    <p>${t("optimise.fibre.joined", { n: number(plan.targets_joined), of: number(plan.targets_asked), length: distance(plan.length_m) })}</p></section>
    <section class="panel-section"><p class="opt-line"><b>${t("optimise.fibre.bill")}</b><span class="tag warn" data-testid="opt-strategic">${t("optimise.fibre.strategic")}</span></p>
      <table class="table dense" data-testid="opt-bill"><tbody>${plan.bill.lines.filter((line) => line.quantity > 0).map(billRow)}</tbody></table>
      <p class="faint">${t("optimise.fibre.bill_note")}</p>${downloads(desk, ["geojson", "gpkg", "ofds.json"])}</section>
    ${missing ? html`<section class="panel-section"><b>${t("optimise.fibre.not_joined", { n: number(missing) })}</b><ul class="opt-list">${plan.not_joined.slice(0, LISTED).map(
      (one) => html`<li><button class="link" @click=${() => desk.app.map?.goTo(one.lon, one.lat, 12)}>${composed(one.name) || one.target_id}</button> <span class="faint">${one.to_reachable_road_m === null ? t("optimise.fibre.no_road") : t("optimise.fibre.to_road", { distance: distance(one.to_reachable_road_m) })}</span></li>`,
    )}</ul></section>` : nothing}`;
}
