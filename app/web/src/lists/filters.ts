/** Filters and order of the village list, and what to undo where nothing is left. */

import { html, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { REASONS } from "../contract";
import { number } from "../format";
import { t } from "../i18n";
import { communeName, communeOf, villageRows } from "../model";
import { AREA_CLASSES, DEFAULTS, VILLAGE_SORTS, type State, type VillageSort } from "../state";
import { icon, triangle } from "../views/icons";

function options(app: App, key: "area" | "reason", values: readonly string[], all: string): TemplateResult {
  const choose = (event: Event): void => app.store.set({ [key]: (event.target as HTMLSelectElement).value });
  return html`<select class="select" aria-label=${t(`lists.${key}`)} data-testid="filter-${key}" @change=${choose}>
    <option value="" ?selected=${app.state[key] === ""}>${all}</option>
    ${values.map((value) => html`<option value=${value} ?selected=${app.state[key] === value}>${nameOf(key, value)}</option>`)}</select>`;
}

const nameOf = (key: "area" | "reason", value: string): string =>
  key === "area" ? t("village.class", { n: value }) : t(`lists.reasons.${value}`);

export function areaAndReason(app: App): TemplateResult {
  return html`<div class="panel-filter two">${options(app, "area", AREA_CLASSES, t("lists.all_areas"))}
    ${options(app, "reason", REASONS, t("lists.all_reasons"))}</div>`;
}

/** Names, codes and distances begin with the least, figures of people with the most. */
const FALLING: readonly VillageSort[] = ["households"];

export function sortControl(app: App): TemplateResult {
  const { villageSort, villageDescending } = app.state;
  const choose = (event: Event): void => {
    const next = (event.target as HTMLSelectElement).value as VillageSort;
    app.store.set({ villageSort: next, villageDescending: FALLING.includes(next) });
  };
  const turn = t(villageDescending ? "lists.descending" : "lists.ascending");
  return html`<span class="sort"><select class="select small" aria-label=${t("lists.sort")} data-testid="village-sort" @change=${choose}>
    ${VILLAGE_SORTS.map((name) => html`<option value=${name} ?selected=${name === villageSort}>${t(`lists.by.${name}`)}</option>`)}</select>
    <button class="icon-button small" title=${turn} aria-label=${turn} data-testid="village-order"
      @click=${() => app.store.set({ villageDescending: !villageDescending })}>${triangle(!villageDescending)}</button></span>`;
}

type Undo = { change: Partial<State>; name: string };

function undos(app: App): Undo[] {
  const { state, model } = app;
  const commune = communeOf(model, state.within);
  const found: (Undo | false)[] = [
    state.area !== "" && { change: { area: "" }, name: nameOf("area", state.area) },
    state.reason !== "" && { change: { reason: "" }, name: nameOf("reason", state.reason) },
    state.within !== null && { change: { within: null }, name: commune ? communeName(commune) : state.within },
    state.query !== "" && { change: { query: "" }, name: state.query },
  ];
  return found.filter((undo): undo is Undo => undo !== false);
}

/** Says that nothing is left, and offers to undo each filter that alone is in the way. */
export function nothingLeft(app: App): TemplateResult {
  const helpful = undos(app)
    .map((undo) => ({ ...undo, count: villageRows(app.model, { ...app.state, ...undo.change }).length }))
    .filter((undo) => undo.count > 0);
  const all = { within: null, query: "", area: "", reason: "", statuses: DEFAULTS.statuses };
  return html`<div class="nothing-left" role="status" data-testid="nothing-left"><p>${t("villages.none")}</p>
    ${helpful.map(({ change, name, count }) => html`<button class="button" data-testid="undo-filter" @click=${() => app.store.set(change)}>
      ${icon("close", 12)} ${t("lists.undo", { name, n: number(count) })}</button>`)}
    <button class="link" data-testid="undo-all" @click=${() => app.store.set(all)}>${t("lists.undo_all")}</button></div>`;
}

/** True when the list is narrower than the status alone makes it. */
export function isNarrowed(state: State): boolean {
  return state.area !== "" || state.reason !== "" || state.query !== "";
}
