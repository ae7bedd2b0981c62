/** The scenario switch in the top bar, its menu, and the form that names a scenario. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { composed, number } from "../format";
import { t } from "../i18n";
import { ready } from "../model";
import { icon } from "../views/icons";
import type { ScenarioSummary } from "./contract";
import { isEmpty } from "./plan";

type Content = TemplateResult | typeof nothing;

function title(app: App): string {
  const { kept, isDirty } = app.whatif.scenarios;
  if (kept) return composed(kept.name) + (isDirty ? ` · ${t("whatif.editing")}` : "");
  return isEmpty(app.whatif.plan) ? t("whatif.base") : t("whatif.unsaved");
}

export function scenarioMenuButton(app: App): TemplateResult {
  const isOpen = app.ui.menu === "scenarios";
  const toggle = (): void => {
    if (!isOpen) void app.whatif.scenarios.refresh();
    app.setUi({ menu: isOpen ? null : "scenarios" });
  };
  return html`<span class="anchor"><button class="scenario-switch" data-testid="scenario-switch" aria-haspopup="menu" aria-expanded=${isOpen} @click=${toggle}>
    <span class="faint">${t("whatif.scenario")}:</span> <b>${title(app)}</b> <svg class="icon" width="9" height="8" viewBox="0 0 9 8" aria-hidden="true"><path fill="currentColor" d="M0 1h9L4.500 8z" /></svg></button>
    ${isOpen ? menu(app) : nothing}</span>`;
}

/** Shown in the what-if view, and wherever a scenario is in hand. */
export function scenarioSwitch(app: App): Content {
  return app.whatif.isActive || app.whatif.scenarios.kept ? scenarioMenuButton(app) : nothing;
}

function openOne(app: App, name: string | null): void {
  app.setUi({ menu: null });
  if (app.state.view !== "whatif") app.go("whatif");
  if (name === null) app.whatif.scenarios.close();
  else void app.whatif.scenarios.open(name);
}

function item(app: App, one: ScenarioSummary): TemplateResult {
  const isOpen = app.whatif.scenarios.kept?.name === one.name;
  const parts = [t("whatif.masts_n", { count: one.masts, n: number(one.masts) }), ...(one.removed ? [t("whatif.removed_n", { count: one.removed, n: number(one.removed) })] : []), t("whatif.version", { n: String(one.version) })];
  return html`<button class="menu-item scenario-item" role="menuitemradio" aria-checked=${isOpen} data-testid="scenario-item" data-name=${one.name} @click=${() => openOne(app, one.name)}>
    ${isOpen ? icon("check", 16) : html`<i class="no-icon"></i>`}<span><b>${composed(one.name)}</b><small>${parts.join(" · ")}${one.layers_changed.length ? ` · ${t("whatif.layers_changed")}` : ""}</small></span></button>`;
}

function acts(app: App): Content {
  const { scenarios } = app.whatif;
  if (!scenarios.kept) return nothing;
  const then = (act: () => void) => (): void => {
    app.setUi({ menu: null });
    act();
  };
  return html`<div class="menu-acts"><button class="link" data-testid="rename" @click=${then(() => scenarios.ask("rename"))}>${t("whatif.rename")}</button>
    <button class="link" data-testid="duplicate" @click=${then(() => void scenarios.duplicate())}>${t("whatif.duplicate")}</button>
    <button class="link bad-text" data-testid="delete-scenario" @click=${() => void scenarios.remove()}>${t("whatif.delete")}</button></div>`;
}

function menu(app: App): TemplateResult {
  const { scenarios, plan } = app.whatif;
  const list = ready(scenarios.list) ?? [];
  const isBase = scenarios.kept === null && isEmpty(plan);
  return html`<div class="menu scenario-menu" role="menu" aria-label=${t("whatif.scenarios")}>
    ${scenarios.deleted === null ? nothing : html`<p class="menu-note" role="status">${t("whatif.deleted", { name: composed(scenarios.deleted) })} <button class="link" data-testid="undelete" @click=${() => void scenarios.bringBack()}>${t("whatif.undo")}</button></p>`}
    ${scenarios.problem === null ? nothing : html`<p class="problem" role="alert">${scenarios.problem}</p>`}
    <button class="menu-item scenario-item" role="menuitemradio" aria-checked=${isBase} data-testid="scenario-base" @click=${() => openOne(app, null)}>${isBase ? icon("check", 16) : html`<i class="no-icon"></i>`}<span><b>${t("whatif.base")}</b><small>${t("whatif.base_note")}</small></span></button>
    ${list.map((one) => item(app, one))}${acts(app)}</div>`;
}

function conflict(app: App, name: string): TemplateResult {
  const { scenarios } = app.whatif;
  return html`<div class="panel-foot name-form" role="alert" data-testid="conflict"><p class="problem">${scenarios.conflict}</p>
    <button class="button" data-testid="overwrite" @click=${() => void scenarios.save(name, true)}>${t("whatif.overwrite")}</button>
    <button class="button" data-testid="load-theirs" @click=${() => void scenarios.open(name)}>${t("whatif.load_theirs")}</button>
    <button class="quiet" @click=${() => scenarios.ask(scenarios.form ?? "save")}>${t("whatif.other_name")}</button></div>`;
}


export function saveForm(app: App): TemplateResult {
  const { scenarios } = app.whatif;
  const kept = scenarios.kept?.name;
  if (scenarios.conflict !== null) return conflict(app, scenarios.wanted ?? kept ?? "");
  const isRename = scenarios.form === "rename";
  const letters = ["A", "B", "C", "D", "E", "F"];
  const taken = new Set((ready(scenarios.list) ?? []).map((one) => one.name));
  const free = letters.map((letter) => t("whatif.new_name", { letter })).find((name) => !taken.has(name)) ?? "";
  const start = kept === undefined ? free : isRename ? kept : scenarios.freeName(kept);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const name = new FormData(event.target as HTMLFormElement).get("name");
    const wanted = String(name ?? "").trim();
    if (wanted !== "") void (isRename ? scenarios.rename(wanted) : scenarios.save(wanted));
  };
  return html`<form class="panel-foot name-form" data-testid="name-form" @submit=${submit}><label for="scenario-name">${t(isRename ? "whatif.rename_to" : "whatif.save_under")}</label>
    <input id="scenario-name" class="field" name="name" maxlength="80" required autocomplete="off" data-testid="scenario-name" .value=${start} />
    ${scenarios.problem === null ? nothing : html`<p class="problem" role="alert" data-testid="save-problem">${scenarios.problem}</p>`}
    <span class="form-acts"><button class="button is-primary" data-testid="save-confirm">${t(isRename ? "whatif.rename" : "whatif.save_short")}</button>
    <button type="button" class="quiet" @click=${() => scenarios.ask(null)}>${t("whatif.cancel")}</button></span></form>`;
}
