/** The panel of the what-if view: what a plan gains and loses, the mast in hand, scenarios side by side. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import type { Status } from "../contract";
import { composed, number, withUnit } from "../format";
import { t } from "../i18n";
import { communeName, communeOf } from "../model";
import { icon, statusSymbol } from "../views/icons";
import type { ChangedVillage } from "./contract";
import { comparisonTable } from "./comparison";
import { assumedNote, mastForm, removedSites } from "./fields";
import { costPerHousehold, signed, type Delta } from "./figures";
import { isEmpty, mastsOf } from "./plan";
import { saveForm, scenarioMenuButton } from "./switcher";

type Content = TemplateResult | typeof nothing;
const FEW = 6;
const MILLION = 1000;

/** Millions of đồng as people say them: tỷ from a thousand on. */
export function money(value_mvnd: number | null | undefined): string {
  if (value_mvnd === null || value_mvnd === undefined) return number(null);
  return value_mvnd >= MILLION ? withUnit(number(value_mvnd / MILLION, 2), t("whatif.bn")) : withUnit(number(value_mvnd, value_mvnd < 100 ? 1 : 0), t("whatif.mvnd"));
}

function state(app: App): TemplateResult {
  const { whatif } = app;
  const { shown } = whatif;
  const seconds = shown ? number(shown.seconds, shown.seconds < 0.95 ? 2 : 1) : "";
  const kind = shown === null ? "none" : shown.is_preview || whatif.isDragging ? "quick" : whatif.isBusy ? "working" : "exact";
  const words: Record<string, string> = {
    none: whatif.isBusy || !whatif.isPrepared ? t("whatif.state.working") : "",
    working: t("whatif.state.working"),
    quick: t("whatif.state.quick", { s: seconds }),
    exact: t("whatif.state.exact", { s: seconds }),
  };
  return html`<span class="answer-state is-${kind}" data-testid="answer-state" data-state=${kind} data-seconds=${shown?.seconds ?? ""}><i></i>${words[kind]}</span>`;
}

function figure(name: "population" | "households" | "villages", now: Delta, before: Delta | null): TemplateResult {
  const value = now[name];
  const than = before?.[name];
  const moved = value !== null && than !== null && than !== undefined ? value - than : null;
  const unit = { population: "unit.people", households: "unit.households", villages: "whatif.villages_served" }[name];
  return html`<div class=${value !== null && value < -0.5 ? "is-loss" : ""}><b class="display" data-testid="delta-${name}" data-value=${value ?? ""}>${signed(value)}</b><span>${t(unit)}</span>
    ${before ? html`<small data-testid="moved-${name}" data-value=${moved ?? ""}>${signed(moved)}</small>` : nothing}</div>`;
}

function deltaBox(app: App): Content {
  const { whatif } = app;
  const { shown } = whatif;
  if (shown === null) return nothing;
  const now = whatif.delta(shown);
  const before = whatif.before ? whatif.delta(whatif.before) : null;
  const column = whatif.answer?.scenarios[1];
  const each = shown.is_preview ? null : costPerHousehold(column, now.households);
  return html`<div class="delta ${whatif.isStale ? "is-stale" : ""}" data-testid="delta">
    <div class="delta-figures">${figure("population", now, before)}${figure("households", now, before)}${figure("villages", now, before)}</div>
    <p class="delta-foot"><span>${t(before ? "whatif.than_before" : "whatif.than_base")}</span>${each === null ? nothing : html`<b data-testid="cost-per-household" data-value=${each}>${t("whatif.each", { money: money(each) })}</b>`}</p></div>
    ${shown.is_preview ? html`<p class="faint quick-note">${t("whatif.quick_note", { grid: number(shown.grid_m) })}</p>` : nothing}`;
}

function problem(app: App): Content {
  const { problem: said, isStale } = app.whatif;
  if (said === null) return nothing;
  return html`<p class="problem" role="alert" data-testid="whatif-problem">${said}${isStale ? html` <b>${t("whatif.before_error")}</b>` : nothing}</p>`;
}

function villageRow(app: App, village: ChangedVillage, isGain: boolean): TemplateResult {
  const commune = communeOf(app.model, village.commune_code);
  const word = t(isGain ? "whatif.gains" : "whatif.loses");
  return html`<li data-testid=${isGain ? "gaining-village" : "losing-village"} data-id=${village.village_id}>
    ${statusSymbol(village.after as Status)}<span><b>${composed(village.name)}</b> <span class="faint">${commune ? communeName(commune) : ""}</span></span>
    <span class=${isGain ? "gain" : "loss"}>${word} · ${withUnit(number(village.households), t("unit.households"))}</span></li>`;
}

function villages(app: App): Content {
  const column = app.whatif.answer?.scenarios[1];
  if (!column || app.whatif.shown?.is_preview) return nothing;
  const rows = [...column.gains.map((one): [ChangedVillage, boolean] => [one, true]), ...column.loses.map((one): [ChangedVillage, boolean] => [one, false])];
  // Who loses is never pushed out of sight by those who gain.
  const few = [...rows.filter(([, gain]) => gain).slice(0, Math.max(FEW - column.loses.length, FEW / 2)), ...rows.filter(([, gain]) => !gain).slice(0, FEW / 2)];
  const listed = app.whatif.allVillages ? rows : few;
  const more = rows.length > few.length;
  const toggle = (): void => {
    app.whatif.allVillages = !app.whatif.allVillages;
    app.update();
  };
  return html`<section class="panel-section" data-testid="changed-villages"><p class="label between"><span>${t("whatif.changed_villages")}</span>
      <span class="faint">${t("whatif.counts", { gains: number(column.gains.length), loses: number(column.loses.length) })}${more ? html` · <button class="link" data-testid="all-villages" aria-expanded=${app.whatif.allVillages} @click=${toggle}>${t(app.whatif.allVillages ? "whatif.fewer" : "whatif.all")}</button>` : nothing}</span></p>
    ${rows.length === 0 ? html`<p class="faint">${t("whatif.no_village")}</p>` : html`<ul class="changed-list">${listed.map(([one, gain]) => villageRow(app, one, gain))}</ul>`}</section>`;
}

function losingCommunes(app: App): Content {
  const tech = app.whatif.answer?.map?.technology;
  const losing = (app.whatif.answer?.scenarios[1] as { communes?: { name: string; losses: { technology: string; people: number }[] }[] } | undefined)?.communes ?? [];
  const rows = losing.map((one) => ({ name: one.name, people: Math.max(0, ...one.losses.filter((loss) => loss.technology === tech).map((loss) => loss.people)) })).filter((one) => one.people >= 0.5);
  if (rows.length === 0) return nothing;
  const words = rows.sort((a, b) => b.people - a.people).slice(0, FEW).map((one) => t("whatif.commune_loses", { name: composed(one.name), n: number(one.people) }));
  return html`<p class="note loss" data-testid="losing-communes">${t("whatif.communes_lose", { names: words.join("; ") })}</p>`;
}

function emptyBody(app: App): TemplateResult {
  const failed = app.whatif.usual.options?.is === "failed" ? app.whatif.usual.options.detail : null;
  return html`<div class="note whatif-empty"><p>${t(app.phone ? "whatif.empty_phone" : "whatif.empty")}</p>
    ${app.phone ? nothing : html`<button class="button is-primary" data-testid="empty-place" @click=${() => app.whatif.arm(true)}>${icon("whatif", 16)} ${t("whatif.place")}</button>`}
    <p class="faint">${t("whatif.empty_more")}</p>
    ${failed === null ? nothing : html`<p class="problem" role="alert">${failed}</p>`}</div>`;
}

function foot(app: App): Content {
  const { whatif } = app;
  const { scenarios } = whatif;
  if (scenarios.form !== null || scenarios.conflict !== null) return saveForm(app);
  if (isEmpty(whatif.plan)) return nothing;
  const { kept, isDirty } = scenarios;
  const save = (): void => (kept ? void scenarios.save(kept.name) : scenarios.ask("save"));
  const word = kept ? t("whatif.save_again", { name: kept.name }) : t("whatif.save");
  return html`<footer class="panel-foot actions"><button class="button is-primary grow" data-testid="save" ?disabled=${kept !== null && !isDirty} @click=${save}>${word}</button>
    ${kept ? html`<button class="button" data-testid="save-as" @click=${() => scenarios.ask("save")}>${t("whatif.save_as")}</button>` : nothing}</footer>`;
}

/** Hands a kept scenario to the optimiser, which builds its masts first and chooses the rest. */
function finishing(app: App): Content {
  const { kept, isDirty } = app.whatif.scenarios;
  const { additions, edits, removed_sites, removed_cells } = app.whatif.plan;
  if (app.phone || !kept || isDirty || additions.length === 0 || edits.length + removed_sites.length + removed_cells.length > 0) return nothing;
  return html`<p class="note"><button class="button" data-testid="finish-plan" @click=${() => app.optimiser.finish(kept.name)}>${icon("optimise", 16)} ${t("optimise.finish_button")}</button></p>`;
}

export function whatIfPanel(app: App): TemplateResult {
  const { whatif } = app;
  const sites = mastsOf(whatif.plan);
  const nothingYet = isEmpty(whatif.plan);
  const title = whatif.chosen !== null ? whatif.title(whatif.chosen) : t("nav.whatif");
  return html`<section class="panel whatif-panel" data-testid="whatif-panel" aria-label=${t("nav.whatif")}>
    <header class="panel-head"><h2 class="display">${title}</h2><span class="grow"></span>${state(app)}</header>
    <div class="panel-scroll">${app.phone ? html`<div class="phone-scenario">${scenarioMenuButton(app)}</div>` : nothing}
      ${problem(app)}${deltaBox(app)}${nothingYet ? emptyBody(app) : nothing}
      ${villages(app)}${losingCommunes(app)}${mastForm(app, sites)}${removedSites(app)}${assumedNote(app)}${finishing(app)}
      ${app.phone ? html`<p class="note"><button class="button" data-testid="compare" @click=${() => whatif.scenarios.toggleCompare()}>${t("whatif.compare")}</button></p>` : nothing}
      ${comparisonTable(app)}</div>
    ${foot(app)}</section>`;
}
