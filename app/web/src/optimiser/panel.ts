/** The two panels of the optimiser: what is asked and how good the answer is; the answer. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { date } from "../format";
import { t } from "../i18n";
import { afterPlan } from "./after";
import type { TowerPlan } from "./contract";
import { costCurve } from "./curve";
import { TABS, type Optimiser, type Tab } from "./desk";
import { fibreResult, fibreSetup } from "./fibre";
import { pickTable, picksHead } from "./picks";
import { margin, proof, qualitySection, stopButtons, twoNumbers } from "./quality";
import { residualResult, residualSetup } from "./residual";
import { towerSetup } from "./setup";

function tabs(desk: Optimiser): TemplateResult {
  return html`<div class="segments small opt-tabs" role="group" aria-label=${t("nav.optimise")}>${TABS.map(
    (tab: Tab) => html`<button class=${desk.tab === tab ? "is-chosen" : ""} aria-pressed=${desk.tab === tab} data-testid="opt-tab-${tab}" @click=${() => desk.setTab(tab)}>${t(`optimise.tab.${tab}`)}</button>`,
  )}</div>`;
}

function setup(desk: Optimiser): TemplateResult {
  return { towers: towerSetup, residual: residualSetup, fibre: fibreSetup }[desk.tab](desk);
}

function trouble(desk: Optimiser): TemplateResult | typeof nothing {
  return desk.problem === null ? nothing : html`<p class="note bad-text" role="alert" data-testid="opt-problem">${desk.problem}</p>`;
}

/** Plans found before, as links to the same page with that plan. */
function earlier(desk: Optimiser): TemplateResult | typeof nothing {
  if (desk.earlier.length === 0) return nothing;
  const open = (event: Event): void => {
    const job = (event.target as HTMLSelectElement).value;
    desk.app.store.set({ job: job || null });
  };
  const current = desk.app.state.job ?? "";
  return html`<label class="opt-field"><span class="label">${t("optimise.earlier")}</span><select class="select" data-testid="opt-earlier" @change=${open}>
    <option value="" ?selected=${current === ""}>${t("optimise.earlier_none")}</option>
    ${desk.earlier.map((job) => html`<option value=${job.jobID} ?selected=${job.jobID === current}>${t(`optimise.kind.${job.processID}`)} · ${date(job.started)} ${(job.started ?? "").slice(11, 16)}</option>`)}</select></label>`;
}

export function optimiserLeft(app: App): TemplateResult | typeof nothing {
  if (app.phone) return nothing;
  const desk = app.optimiser;
  return html`<section class="panel opt-left" aria-label=${t("optimise.title")}><header class="panel-head"><h2>${t("optimise.title")}</h2></header>
    ${tabs(desk)}<div class="panel-scroll">${trouble(desk)}${qualitySection(desk)}${setup(desk)}${desk.earlier.length ? html`<section class="panel-section">${earlier(desk)}</section>` : nothing}</div>
    <footer class="panel-foot actions"><button class="button is-primary" data-testid="opt-start" ?disabled=${desk.isRunning} @click=${() => void desk.run()}>${t(`optimise.start.${desk.tab}`)}</button>
      ${desk.isRunning ? html`<span class="faint">${t("optimise.one_at_a_time")}</span>` : nothing}</footer></section>`;
}

function naming(desk: Optimiser): TemplateResult {
  const send = (event: Event): void => {
    event.preventDefault();
    void desk.save((document.getElementById("plan-name") as HTMLInputElement).value);
  };
  return html`<form class="opt-naming" @submit=${send}><label class="unseen" for="plan-name">${t("optimise.name")}</label>
    <input id="plan-name" class="field" data-testid="opt-name" maxlength="80" .value=${desk.freeName()} />
    <button class="button is-primary" type="submit" data-testid="opt-keep">${t("optimise.keep")}</button><button class="link" type="button" @click=${() => desk.ask(false)}>${t("optimise.cancel")}</button></form>`;
}

/** Opens the plan where masts are put and moved by hand: the scenario it was saved as, or the plan itself. */
async function editByHand(desk: Optimiser): Promise<void> {
  const { app, plan, saved } = desk;
  if (saved) {
    app.store.set({ view: "whatif", query: "" });
    await app.whatif.scenarios.open(saved.name);
  } else if (plan) {
    app.store.set({ view: "whatif", query: "" });
    app.whatif.take(plan);
  }
}

function foot(desk: Optimiser, plan: TowerPlan): TemplateResult {
  if (desk.isNaming) return html`<footer class="panel-foot actions">${naming(desk)}</footer>`;
  const none = plan.picks.length === 0;
  return html`<footer class="panel-foot actions">${desk.saved
      ? html`<span data-testid="opt-saved">${t("optimise.saved", { name: desk.saved.name })}</span>`
      : html`<button class="button is-primary" data-testid="opt-save" ?disabled=${none} @click=${() => desk.ask(true)}>${t("optimise.save")}</button>`}
    <button class="button" data-testid="opt-edit" ?disabled=${none || (desk.plan === null && desk.saved === null)} @click=${() => void editByHand(desk)}>${t("optimise.edit")}</button></footer>`;
}

/** On the phone the quality stands above the picks; there is no set-up there. */
function phoneHead(desk: Optimiser): TemplateResult | typeof nothing {
  if (!desk.app.phone) return nothing;
  const quality = desk.quality();
  return html`<section class="panel-section">${trouble(desk)}${earlier(desk)}${quality ? html`${twoNumbers(desk, quality)}${proof(desk, quality)}${margin(desk)}` : html`<p class="faint">${t("optimise.phone")}</p>`}${stopButtons(desk)}</section>`;
}

function towersRight(desk: Optimiser, plan: TowerPlan): TemplateResult {
  return html`<div class="panel-scroll">${phoneHead(desk)}<section class="panel-section opt-curve-section"><h3>${t(`optimise.curve.${plan.request.target}`)}</h3>${costCurve(plan, desk.chosen)}</section>
    ${picksHead(desk, plan)}${pickTable(desk, plan)}${afterPlan(desk, plan)}</div>${foot(desk, plan)}`;
}

function waiting(desk: Optimiser): TemplateResult {
  if (desk.result?.is === "waiting" || desk.isRunning) return html`<div class="panel-scroll">${phoneHead(desk)}<div class="bones">${Array.from({ length: 8 }, () => html`<i class="bone row"></i>`)}</div></div>`;
  return html`<div class="panel-scroll">${phoneHead(desk)}<p class="note">${t(`optimise.empty.${desk.tab}`)}</p></div>`;
}

function body(desk: Optimiser): TemplateResult {
  if (desk.towers) return towersRight(desk, desk.towers);
  if (desk.residual) return html`<div class="panel-scroll">${phoneHead(desk)}${residualResult(desk, desk.residual)}</div>`;
  if (desk.fibre) return html`<div class="panel-scroll">${phoneHead(desk)}${fibreResult(desk, desk.fibre)}</div>`;
  return waiting(desk);
}

export function optimiserRight(app: App): TemplateResult | typeof nothing {
  const desk = app.optimiser;
  return html`<section class="panel opt-right" aria-label=${t("optimise.result")} data-testid="opt-result" data-state=${desk.result?.is ?? "none"}>
    <header class="panel-head"><h2>${t(`optimise.answer.${desk.tab}`)}</h2></header>${body(desk)}</section>`;
}
