/** The list of villages: by status, commune and name, most households first. */

import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { App } from "../app";
import { STATUSES, type Status, type Village } from "../contract";
import { collator, composed, distance, number } from "../format";
import { t } from "../i18n";
import { communeName, communeOf, ready, villageRows } from "../model";
import { explain } from "../help/terms";
import { areaAndReason, nothingLeft, sortControl } from "../lists/filters";
import { pickedVillages } from "../lists/picked";
import { onRowKey, pressRow, stopOf } from "../lists/rows";
import { icon, statusSymbol } from "./icons";
import { exportMenu } from "./menus";

/** Rows beyond those in sight that are drawn, so that scrolling does not show gaps. */
const SPARE_ROWS = 12;
export const ROW_PX = 50;

function countOf(app: App, status: Status): number | null {
  const within = communeOf(app.model, app.state.within);
  const counts = (within ?? ready(app.model.results)?.province)?.villages_by_status;
  return counts ? (counts[status] ?? 0) : null;
}

function toggle(app: App, status: Status): void {
  const { statuses } = app.state;
  const next = statuses.includes(status) ? statuses.filter((other) => other !== status) : [...statuses, status];
  app.store.set({ statuses: STATUSES.filter((known) => next.includes(known)) });
}

function statusChip(app: App, status: Status): TemplateResult {
  const chosen = app.state.statuses.includes(status);
  return html`<button class="status-chip ${chosen ? "is-chosen" : ""}" aria-pressed=${chosen} title=${t(`status.${status}`)} data-testid="status-${status}"
    @click=${() => toggle(app, status)}>${statusSymbol(status)}<span>${t(`status.short.${status}`)}</span><b data-value=${countOf(app, status) ?? ""}>${number(countOf(app, status))}</b></button>`;
}

function communeSelect(app: App): TemplateResult {
  const communes = (ready(app.model.results)?.communes ?? []).map((commune) => ({ code: commune.commune_code, name: communeName(commune) }));
  communes.sort((a, b) => collator.compare(a.name, b.name));
  const choose = (event: Event): void => app.store.set({ within: (event.target as HTMLSelectElement).value || null });
  return html`<select class="select" aria-label=${t("villages.commune")} data-testid="within" @change=${choose}>
    <option value="" ?selected=${app.state.within === null}>${t("villages.all_communes")}</option>
    ${communes.map(({ code, name }) => html`<option value=${code} ?selected=${code === app.state.within}>${name}</option>`)}</select>`;
}

interface Place {
  index: number;
  count: number;
  /** Code of the row the Tab key comes to. */
  stop: string | null;
}

function row(app: App, village: Village, { index, count, stop }: Place): TemplateResult {
  const id = village.village_id;
  const chosen = app.state.village === id || app.state.picked.includes(id);
  const site = village.nearest[0];
  const commune = communeOf(app.model, village.commune_code);
  const place = commune ? communeName(commune) : composed(village.commune_name ?? "");
  const sub = [place, site ? t("villages.site_at", { distance: distance(site.distance_m) }) : ""].filter(Boolean).join(" · ");
  return html`<li role="option" aria-selected=${chosen} aria-posinset=${index + 1} aria-setsize=${count} tabindex=${id === stop ? 0 : -1}
    class="village-row ${chosen ? "is-chosen" : ""} ${app.ui.hoverVillage === id ? "is-pointed" : ""}" data-testid="village-row" data-id=${id} data-row=${id}
    @mousedown=${(event: MouseEvent) => event.shiftKey && event.preventDefault()} @click=${(event: MouseEvent) => pressRow(app, event, id, () => app.selectVillage(id))}
    @dblclick=${() => app.map?.goTo(village.lon, village.lat, 12)} @keydown=${(event: KeyboardEvent) => onRowKey(app, event, id)}
    @pointerenter=${() => app.map?.markVillage(id)} @pointerleave=${() => app.map?.markVillage(null)}>
    <span title=${t(`status.${village.status}`)}>${statusSymbol(village.status)}<span class="unseen">${t(`status.${village.status}`)}</span></span>
    <span class="village-name"><b>${composed(village.name)}</b><small>${sub}</small></span>
    <span class="village-size"><b>${number(village.households)}</b><small>${t("unit.households", { count: village.households ?? 0 })}</small></span></li>`;
}

function list(app: App, rows: readonly Village[]): TemplateResult {
  const first = Math.max(0, app.ui.firstRow - 1 - SPARE_ROWS);
  const keys = rows.map((village) => village.village_id);
  const inSight = keys[app.ui.firstRow - 1] ?? null;
  const wanted = stopOf(app, keys);
  const shown = rows.slice(first, Math.max(app.ui.lastRow, 20) + SPARE_ROWS);
  // A row that is not drawn cannot take the focus; then the first in sight does.
  const stop = shown.some((village) => village.village_id === wanted) ? wanted : inSight;
  const onScroll = (event: Event): void => {
    const box = event.currentTarget as HTMLElement;
    const firstRow = Math.floor(box.scrollTop / ROW_PX) + 1;
    const lastRow = Math.ceil((box.scrollTop + box.clientHeight) / ROW_PX);
    if (Math.abs(firstRow - app.ui.firstRow) > 3 || Math.abs(lastRow - app.ui.lastRow) > 3) app.setUi({ firstRow, lastRow });
  };
  return html`<div class="village-list" @scroll=${onScroll}>
    <ul role="listbox" aria-multiselectable="true" aria-label=${t("villages.title_all")} style="height:${rows.length * ROW_PX}px;padding-top:${first * ROW_PX}px">
      ${repeat(shown, (village) => village.village_id, (village, index) => row(app, village, { index: first + index, count: rows.length, stop }))}</ul></div>`;
}

function isWaiting(app: App): boolean {
  return app.state.statuses.some((status) => app.model.villages[status]?.is !== "ready");
}

function content(app: App, rows: readonly Village[]): TemplateResult {
  const lost = app.state.statuses.map((status) => app.model.villages[status]).find((loaded) => loaded?.is === "failed");
  if (lost?.is === "failed") return html`<p class="note bad-text" role="alert">${t("villages.failed", { detail: lost.detail })}</p>`;
  if (rows.length === 0 && isWaiting(app)) return html`<div class="bones">${Array.from({ length: 9 }, () => html`<i class="bone row"></i>`)}</div>`;
  return rows.length ? list(app, rows) : nothingLeft(app);
}

/** Technologies that count for the state of a village, from the method record. */
function ruleTechnologies(app: App): string {
  const rule = ready(app.model.results)?.method["village_rule"] as { technologies?: string[] } | undefined;
  return (rule?.technologies ?? ["4G", "5G"]).join(", ");
}

export function villagePanel(app: App): TemplateResult {
  const rows = villageRows(app.model, app.state);
  const households = rows.reduce((sum, village) => sum + (village.households ?? 0), 0);
  const leftOut = Math.round(rows.reduce((sum, village) => sum + (village.households_left_out ?? 0), 0));
  const exporting = app.ui.menu === "table";
  const title = app.state.statuses.includes("served") ? t("villages.title_all") : t("villages.title");
  return html`<section class="panel" aria-label=${t("nav.villages")}>
    <header class="panel-head"><h2>${title}</h2>${explain("patchy", "list")}<span class="grow"></span>
      <span class="anchor"><button class="button" data-testid="village-export" aria-haspopup="menu" aria-expanded=${exporting}
        @click=${() => app.setUi({ menu: exporting ? null : "table" })}>${icon("download", 16)} ${t("table.export")}</button>
        ${exporting ? exportMenu(app, ["villages"]) : nothing}</span></header>
    <p class="panel-sub">${t("villages.sub", { techs: ruleTechnologies(app) })}${explain("white", "list")}</p>
    <div class="status-chips" role="group" aria-label=${t("villages.filters")}>${STATUSES.map((status) => statusChip(app, status))}</div>
    <div class="panel-filter two"><input class="field" type="search" data-testid="village-filter" placeholder=${t("villages.filter")} aria-label=${t("villages.filter")}
      .value=${app.state.query} @input=${(event: Event) => app.store.set({ query: (event.target as HTMLInputElement).value })} />${communeSelect(app)}</div>
    ${areaAndReason(app)}${pickedVillages(app)}
    <p class="list-head"><span><b>${t("villages.count", { count: rows.length, n: number(rows.length) })}</b> · ${t("villages.households_in_all", { count: households, n: number(households) })}<br />
      ${t("villages.of_them")} <b data-testid="villages-left-out" data-value=${leftOut}>${t("villages.households_unserved", { count: leftOut, n: number(leftOut) })}</b></span>
      ${sortControl(app)}</p>
    ${content(app, rows)}</section>`;
}
