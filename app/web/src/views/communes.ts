/** The table of communes: the map's equal. */

import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "../app";
import { meetsTarget } from "../classes";
import { number, percent, square } from "../format";
import { t } from "../i18n";
import { classes, communeRows, ready, shownRows, target, technology, type CommuneRow } from "../model";
import type { SortKey } from "../state";
import { pickedCommunes } from "../lists/picked";
import { onRowKey, pressRow, stopOf } from "../lists/rows";
import { bar } from "./bars";
import { communeFacts } from "./commune-card";
import { icon, statusSymbol, triangle } from "./icons";
import { exportMenu } from "./menus";

function head(app: App, key: SortKey, label: string, className = ""): TemplateResult {
  const { sort, descending } = app.state;
  const chosen = sort === key;
  const order = chosen ? (descending ? "descending" : "ascending") : "none";
  const choose = (): void => app.store.set({ sort: key, descending: chosen ? !descending : key !== "name" });
  return html`<th class=${className} scope="col" aria-sort=${order}><button data-testid="sort-${key}" @click=${choose}>${label} ${chosen ? triangle(!descending) : nothing}</button></th>`;
}

function counts(row: CommuneRow): TemplateResult {
  if (row.white === 0 && row.patchy === 0) return html`<span class="faint">–</span>`;
  return html`${row.white ? html`<span class="count" title=${t("status.white")}>${statusSymbol("white", 12)} ${number(row.white)}</span>` : nothing}
    ${row.patchy ? html`<span class="count" title=${t("status.patchy")}>${statusSymbol("patchy", 12)} ${number(row.patchy)}</span>` : nothing}`;
}

export function uncovered(app: App, row: CommuneRow): string {
  return app.state.metric === "area" ? square(row.uncovered).split("\u00a0")[0] ?? "" : number(row.uncovered);
}

function phoneNote(row: CommuneRow): TemplateResult {
  const parts = [
    row.white ? html`${statusSymbol("white", 12)} ${t("table.white_n", { n: number(row.white) })}` : nothing,
    row.patchy ? html`${statusSymbol("patchy", 12)} ${t("table.patchy_n", { n: number(row.patchy) })}` : nothing,
  ].filter((part) => part !== nothing);
  return html`<small class="row-note">${parts.length ? parts : t("table.all_served")}</small>`;
}

function tableRow(app: App, row: CommuneRow, stop: string | null): TemplateResult {
  const { colours } = classes(app.model, app.state);
  const code = row.commune.commune_code;
  const isShownOnCard = app.state.commune === code;
  const chosen = isShownOnCard || app.state.picked.includes(code);
  const colour = row.band === null ? "transparent" : (colours[row.band] as string);
  return html`<tr class="${chosen ? "is-chosen" : ""} ${app.ui.hover?.code === code ? "is-pointed" : ""}" aria-selected=${chosen} tabindex=${code === stop ? 0 : -1}
    data-testid="commune-row" data-code=${code} data-row=${code} @mousedown=${(event: MouseEvent) => event.shiftKey && event.preventDefault()}
    @click=${(event: MouseEvent) => pressRow(app, event, code, () => app.selectCommune(isShownOnCard ? null : code))} @dblclick=${() => app.zoomToCommune(code)}
    @keydown=${(event: KeyboardEvent) => onRowKey(app, event, code)}
    @pointerenter=${() => app.map?.mark(code)} @pointerleave=${() => app.map?.mark(null)}>
    <th scope="row" title=${row.name}>${row.name}${app.phone ? phoneNote(row) : nothing}</th>
    <td class="share-cell"><span data-testid="row-share" data-value=${row.share?.share ?? ""}>${percent(row.share?.share)}</span>
      ${bar(row.share?.share ?? null, colour, target(app.model, app.state)?.percent ?? null)}</td>
    <td class="figure">${uncovered(app, row)}</td>
    ${app.phone ? nothing : html`<td class="counts">${counts(row)}</td>`}
  </tr>`;
}

/** The chip that keeps communes below target, or says that a filter is on and takes it off. */
function filterChip(app: App, rows: readonly CommuneRow[], shown: number): TemplateResult | typeof nothing {
  const { hidden, query } = app.state;
  if (hidden.length || query) {
    return html`<button class="chip is-chosen" data-testid="clear-filter" aria-label=${t("table.clear")} title=${t("table.clear")}
      @click=${() => app.store.set({ hidden: [], query: "" })}>${t("table.filtered", { n: number(shown) })} ${icon("close", 12)}</button>`;
  }
  const goal = target(app.model, app.state)?.percent ?? null;
  if (goal === null) return nothing;
  const below = rows.filter((row) => row.share?.share !== null && row.share !== null && !meetsTarget(row.share.share as number, goal));
  const { colours, edges } = classes(app.model, app.state);
  const first = edges.indexOf(goal) + 1;
  const above = colours.map((_, index) => index).filter((index) => index >= first);
  return html`<button class="chip" data-testid="below-target" @click=${() => app.store.set({ hidden: above })}>${t("table.below", { n: number(below.length) })}</button>`;
}

/** Notes which rows are in sight, for the foot. */
function noteRows(app: App, box: HTMLElement): void {
  const row = box.querySelector<HTMLElement>("tbody tr")?.offsetHeight ?? 34;
  const top = box.querySelector<HTMLElement>("thead")?.offsetHeight ?? 0;
  const firstRow = Math.floor(box.scrollTop / row) + 1;
  const lastRow = Math.floor((box.scrollTop + box.clientHeight - top) / row);
  if (firstRow !== app.ui.firstRow || lastRow !== app.ui.lastRow) app.setUi({ firstRow, lastRow });
}

/** After drawing: the rows in sight change with the filter as well as with scrolling. */
export function noteRowsInSight(app: App): void {
  const box = document.querySelector<HTMLElement>(".table-box");
  if (box && app.state.view === "overview") noteRows(app, box);
}

function foot(app: App, rows: readonly CommuneRow[]): TemplateResult {
  const sum = rows.reduce((total, row) => total + (row.uncovered ?? 0), 0);
  const { metric } = app.state;
  const text = metric === "area" ? square(sum) : number(sum);
  const unit = metric === "area" ? "" : t(`unit.${metric === "population" ? "people" : metric}`, { count: sum });
  const last = Math.min(rows.length, Math.max(app.ui.lastRow, 1));
  const first = Math.min(app.ui.firstRow, rows.length);
  return html`<footer class="panel-foot"><span>${t("table.foot", { first, last, n: number(rows.length) })}</span>
    <span>${t("table.foot_sum")} <b>${text}</b> ${unit}</span></footer>`;
}

function skeleton(app: App): TemplateResult {
  const { results } = app.model;
  if (results.is === "failed" && results.status === 404) return html`<p class="note faint">${t("data.not_computed")}</p>`;
  if (results.is === "failed") return html`<p class="note bad-text">${t("error.in_place", { detail: results.detail })}</p>`;
  return html`<div class="bones">${Array.from({ length: 12 }, () => html`<i class="bone row"></i>`)}</div>`;
}

function body(app: App, rows: readonly CommuneRow[]): TemplateResult {
  const { metric } = app.state;
  const tech = technology(app.model, app.state);
  const key = (row: CommuneRow): string => row.commune.commune_code;
  const stop = stopOf(app, rows.map(key));
  return html`<div class="table-box" @scroll=${(event: Event) => noteRows(app, event.currentTarget as HTMLElement)}>
    <table class="table" role="grid" aria-multiselectable="true" data-testid="commune-table"><caption class="unseen">${t("table.caption")}</caption>
      <thead><tr>${head(app, "name", t("table.name"))}${head(app, "share", t(`metric.covered.${metric}`, { tech }))}
        ${head(app, "uncovered", t(app.phone ? `metric.uncovered_short.${metric}` : `metric.uncovered.${metric}`), "figure")}
        ${app.phone ? nothing : head(app, "white", t("table.white"), "figure")}</tr></thead>
      <tbody>${repeat(rows, key, (row) => tableRow(app, row, stop))}</tbody></table>
    ${rows.length ? nothing : !ready(app.model.results)?.communes.length ? html`<p class="note">${t("table.no_communes")}</p>` : html`<p class="note">${t("table.empty")} <button class="link" @click=${() => app.store.set({ hidden: [], query: "" })}>${t("table.clear")}</button></p>`}
  </div>`;
}

function phoneHead(app: App, all: readonly CommuneRow[], shown: readonly CommuneRow[]): TemplateResult {
  const goal = target(app.model, app.state)?.percent ?? null;
  const allBelow = goal !== null && app.state.hidden.length > 0 && shown.every((row) => row.share?.share != null && !meetsTarget(row.share.share, goal));
  const title = allBelow ? t("table.below_title", { n: number(shown.length) }) : t("table.title_n", { n: number(shown.length) });
  return html`<h2 class="display">${title}</h2>${filterChip(app, all, shown.length)}`;
}

export function communePanel(app: App): TemplateResult {
  const results = ready(app.model.results);
  const all = communeRows(app.model, app.state);
  const rows = shownRows(all, app.state);
  const exporting = app.ui.menu === "table";
  const head = app.phone
    ? phoneHead(app, all, rows)
    : html`<h2>${t("table.title")}</h2><span class="grow"></span>${results ? filterChip(app, all, rows.length) : nothing}
        <span class="anchor"><button class="button" data-testid="table-export" aria-haspopup="menu" aria-expanded=${exporting}
          @click=${() => app.setUi({ menu: exporting ? null : "table" })}>${icon("download", 16)} ${t("table.export")}</button>
          ${exporting ? exportMenu(app, ["communes"]) : nothing}</span>`;
  return html`<section class="panel" aria-label=${t("table.title")}>
    <header class="panel-head">${head}</header>
    ${app.phone && app.state.commune ? communeFacts(app) : nothing}
    <div class="panel-filter"><input class="field" type="search" data-testid="commune-filter" placeholder=${t("table.filter")} aria-label=${t("table.filter")}
      .value=${app.state.query} @input=${(event: Event) => app.store.set({ query: (event.target as HTMLInputElement).value })} /></div>
    ${pickedCommunes(app)}
    ${results ? body(app, rows) : skeleton(app)}
    ${results ? foot(app, rows) : nothing}
  </section>`;
}
