/** What is asked: target, money or sites or share, what may be built, what it costs. */

import { html, nothing, type TemplateResult } from "lit-html";
import { number } from "../format";
import { has, t } from "../i18n";
import { operators, technologies } from "../model";
import { TARGETS, type Target } from "./contract";
import type { Optimiser } from "./desk";
import { money } from "./figures";
import { costNames, GOALS, MEANS, MOST_BUDGET_MVND, usualCost, type Goal } from "./request";

const valueOf = (event: Event): string => (event.target as HTMLInputElement).value;
const checkedOf = (event: Event): boolean => (event.target as HTMLInputElement).checked;

export interface Choice {
  id: string;
  label: string;
}

export function select(testid: string, label: string, choices: readonly Choice[], chosen: string, choose: (id: string) => void): TemplateResult {
  return html`<label class="opt-field"><span class="label">${label}</span>
    <select class="select" data-testid=${testid} .value=${chosen} @change=${(event: Event) => choose(valueOf(event))}>
      ${choices.map((one) => html`<option value=${one.id} ?selected=${one.id === chosen}>${one.label}</option>`)}</select></label>`;
}

function field(testid: string, label: string, value: string, put: (text: string) => void, unit = ""): TemplateResult {
  return html`<label class="opt-field"><span class="label">${label}</span>
    <span class="opt-unit"><input class="field" data-testid=${testid} inputmode="decimal" .value=${value} @change=${(event: Event) => put(valueOf(event))} />${unit ? html`<small>${unit}</small>` : nothing}</span></label>`;
}

export function check(testid: string, label: string, on: boolean, put: (on: boolean) => void): TemplateResult {
  return html`<label class="check"><input type="checkbox" data-testid=${testid} .checked=${on} @change=${(event: Event) => put(checkedOf(event))} /><span>${label}</span></label>`;
}

/** A number in either way of writing; null where there is none. */
export function parsed(text: string): number | null {
  const bare = text.trim().replace(/\s/g, "").replace(",", ".");
  const value = Number(bare);
  return bare === "" || !Number.isFinite(value) || value < 0 ? null : value;
}

function targets(desk: Optimiser): TemplateResult {
  const choices = TARGETS.map((id) => ({ id, label: t(`optimise.target.${id}`) }));
  return select("opt-target", t("optimise.goal"), choices, desk.form.target, (id) => desk.setForm({ target: id as Target }));
}

function goalSwitch(desk: Optimiser): TemplateResult {
  return html`<div class="segments small opt-goals" role="group" aria-label=${t("optimise.limit")}>${GOALS.map(
    (goal: Goal) => html`<button class=${desk.form.goal === goal ? "is-chosen" : ""} aria-pressed=${desk.form.goal === goal} data-testid="opt-goal-${goal}"
      @click=${() => desk.setForm({ goal })}>${t(`optimise.limits.${goal}`)}</button>`,
  )}</div>`;
}

function slider(testid: string, label: string, shown: string, range: { most: number; step: number; value: number }, put: (value: number) => void, ends: [string, string, string]): TemplateResult {
  const filled = Math.min(100, (range.value / range.most) * 100);
  return html`<div class="opt-slider"><p><span class="label">${label}</span><b class="display" data-testid="${testid}-shown">${shown}</b></p>
    <input type="range" min="0" max=${range.most} step=${range.step} .value=${String(range.value)} data-testid=${testid} aria-label=${label} aria-valuetext=${shown}
      style="--filled:${filled}%" @input=${(event: Event) => put(Number(valueOf(event)))} />
    <p class="opt-ends"><span>${ends[0]}</span><span>${ends[1]}</span><span>${ends[2]}</span></p></div>`;
}

function limit(desk: Optimiser): TemplateResult {
  const { form } = desk;
  if (form.goal === "budget") {
    const range = { most: MOST_BUDGET_MVND, step: 500, value: form.budget_mvnd };
    const ends: [string, string, string] = ["0", number(MOST_BUDGET_MVND / 2000), money(MOST_BUDGET_MVND, 0)];
    return slider("opt-budget", t("optimise.budget"), money(form.budget_mvnd, 1), range, (budget_mvnd) => desk.setForm({ budget_mvnd }), ends);
  }
  if (form.goal === "sites") {
    return slider("opt-sites", t("optimise.sites"), number(form.sites), { most: 100, step: 1, value: form.sites }, (sites) => desk.setForm({ sites }), ["0", "50", "100"]);
  }
  const range = { most: 100, step: 0.5, value: form.reach_percent };
  return slider("opt-reach", t("optimise.reach"), `${number(form.reach_percent, 1)} %`, range, (reach_percent) => desk.setForm({ reach_percent }), ["0", "50", "100 %"]);
}

function means(desk: Optimiser): TemplateResult {
  const put = (name: string, on: boolean): void => desk.setForm({ means: MEANS.filter((one) => (one === name ? on : desk.form.means.includes(one))) });
  return html`<fieldset class="opt-checks"><legend class="label">${t("optimise.may_build")}</legend>
    ${MEANS.map((name) => check(`opt-means-${name}`, t(`optimise.means.${name}`), desk.form.means.includes(name), (on) => put(name, on)))}
    ${check("opt-public", t("optimise.public_only"), desk.form.isPublicOnly, (isPublicOnly) => desk.setForm({ isPublicOnly }))}
    ${check("opt-satellite", t("optimise.satellite"), desk.form.hasSatellite, (hasSatellite) => desk.setForm({ hasSatellite }))}</fieldset>`;
}

function bandChips(desk: Optimiser): TemplateResult | typeof nothing {
  const wanted = desk.form.technology || "4G";
  const bands = [...new Set((desk.options?.bands ?? []).filter((one) => one.technology === wanted).map((one) => one.band))];
  if (bands.length === 0) return nothing;
  const flip = (band: string): void => {
    const { bands: chosen } = desk.form;
    desk.setForm({ bands: chosen.includes(band) ? chosen.filter((one) => one !== band) : [...chosen, band] });
  };
  return html`<div><span class="label">${t("optimise.bands")}</span><div class="chips">${bands.map(
    (band) => html`<button class="chip ${desk.form.bands.includes(band) ? "is-chosen" : ""}" aria-pressed=${desk.form.bands.includes(band)} data-testid="opt-band-${band}" @click=${() => flip(band)}>${band}</button>`,
  )}</div><small class="faint">${t("optimise.bands_none")}</small></div>`;
}

export function builders(desk: Optimiser, technologyNow: string, operatorNow: string, put: (change: { technology?: string; operator?: string }) => void): TemplateResult {
  const { model } = desk.app;
  const techs = technologies(model).filter((name) => !name.includes("+"));
  const anyTech = { id: "", label: t("optimise.any_technology") };
  const anyone = { id: "", label: t("optimise.any_operator") };
  const known = operators(model).filter((name) => name !== "all");
  return html`<div class="opt-two">${select("opt-technology", t("optimise.technology"), [anyTech, ...techs.map((id) => ({ id, label: id }))], technologyNow, (technology) => put({ technology }))}
    ${select("opt-operator", t("optimise.operator"), [anyone, ...known.map((id) => ({ id, label: id }))], operatorNow, (operator) => put({ operator }))}</div>`;
}

function constraints(desk: Optimiser): TemplateResult {
  const { form } = desk;
  return html`<details class="opt-more"><summary data-testid="opt-constraints">${t("optimise.constraints")}</summary>
    ${builders(desk, form.technology, form.operator, (change) => desk.setForm({ ...change, ...(change.technology === undefined ? {} : { bands: [] }) }))}
    ${means(desk)} ${bandChips(desk)}
    <div class="opt-two">${field("opt-heights", t("optimise.heights"), form.heights, (heights) => desk.setForm({ heights }), "m")}
      ${field("opt-distance", t("optimise.distance"), String(form.min_distance_m), (text) => desk.setForm({ min_distance_m: parsed(text) ?? 0 }), "m")}</div>
    <div class="opt-two">${field("opt-per-commune", t("optimise.per_commune"), form.per_commune === null ? "" : String(form.per_commune), (text) => desk.setForm({ per_commune: parsed(text) }))}
      ${field("opt-seconds", t("optimise.time_limit"), String(form.time_limit_s), (text) => desk.setForm({ time_limit_s: parsed(text) ?? form.time_limit_s }), "s")}</div>
    ${field("opt-yearly", t("optimise.yearly"), form.yearly, (yearly) => desk.setForm({ yearly }), t("optimise.unit.billion"))}</details>`;
}

export function costName(name: string): string {
  const [whole, part] = name.split(".");
  const key = `optimise.costs.${whole}`;
  const text = has(key) ? t(key) : name;
  return part === undefined ? text : `${text} ${part} m`;
}

/** Every cost with what is assumed of it; a number put in takes the mark away. */
export function costTable(usual: Record<string, number | Record<string, number>>, given: Record<string, number>, put: (costs: Record<string, number>) => void): TemplateResult {
  const row = (name: string): TemplateResult => {
    const set = given[name];
    const change = (event: Event): void => {
      const value = parsed(valueOf(event));
      const { [name]: _old, ...rest } = given;
      put(value === null || value === usualCost(usual, name) ? rest : { ...rest, [name]: value });
    };
    return html`<label class="opt-cost"><span>${costName(name)}</span>
      <input class="field" inputmode="decimal" data-testid="opt-cost-${name}" .value=${String(set ?? usualCost(usual, name) ?? "")} @change=${change} />
      ${set === undefined ? html`<span class="tag warn">${t("optimise.assumed")}</span>` : html`<span class="tag good">${t("optimise.given")}</span>`}</label>`;
  };
  const names = costNames(usual);
  const assumed = names.filter((name) => given[name] === undefined).length;
  return html`<details class="opt-more"><summary data-testid="opt-costs">${t("optimise.costs_title", { n: number(assumed), total: number(names.length) })}</summary>
    <p class="faint">${t("optimise.costs_note")}</p>${names.map(row)}</details>`;
}

/** Masts of a scenario that are built in any case. */
function finishing(desk: Optimiser): TemplateResult | typeof nothing {
  if (desk.scenarios.length === 0) return nothing;
  const choices = [{ id: "", label: t("optimise.from_existing") }, ...desk.scenarios.filter((one) => one.masts > 0).map((one) => ({ id: one.name, label: t("optimise.finish_scenario", { name: one.name, n: one.masts }) }))];
  return html`${select("opt-finish", t("optimise.start_from"), choices, desk.form.finish ?? "", (id) => desk.setForm({ finish: id || null }))}
    ${desk.form.finish ? html`<small class="faint">${t("optimise.finish_note")}</small>` : nothing}`;
}

export function towerSetup(desk: Optimiser): TemplateResult {
  return html`<section class="panel-section">${targets(desk)}${finishing(desk)}</section>
    <section class="panel-section">${goalSwitch(desk)}${limit(desk)}</section>
    <section class="panel-section">${constraints(desk)}${costTable(desk.usual.towers ?? {}, desk.form.costs, (costs) => desk.setForm({ costs }))}</section>`;
}
