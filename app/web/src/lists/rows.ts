/** Rows of tables and lists: one stop for the Tab key, arrows between rows, several chosen at once. */

import type { App } from "../app";
import { t } from "../i18n";
import { communeRows, shownRows, villageRows } from "../model";
import { pickedAfter } from "./sums";

/** Most rows that may be chosen together: their codes stand in the address. */
export const MOST_PICKED = 200;
const PAGE_ROWS = 10;

export interface RowList {
  /** Codes of the rows in their order. */
  keys: readonly string[];
  /** Height of a row that is drawn only near what is in sight, or null where all rows are drawn. */
  row_px: number | null;
  box: string;
  select(key: string): void;
}

export function rowList(app: App): RowList {
  const { model, state } = app;
  if (state.view === "villages") {
    return { keys: villageRows(model, state).map((village) => village.village_id), row_px: 50, box: ".village-list", select: (key) => app.selectVillage(key) };
  }
  const rows = shownRows(communeRows(model, state), state);
  return { keys: rows.map((row) => row.commune.commune_code), row_px: null, box: ".table-box", select: (key) => app.selectCommune(key) };
}

/** The row that the Tab key comes to: the one last stood on, else the chosen one, else the first. */
export function stopOf(app: App, keys: readonly string[]): string | null {
  const { view, village, commune } = app.state;
  const chosen = view === "villages" ? village : commune;
  const wanted = [app.ui.focusRow, chosen].find((key) => key !== null && keys.includes(key));
  return wanted ?? keys[0] ?? null;
}

function anchorOf(app: App): string | null {
  const { picked, view, village, commune } = app.state;
  return app.ui.anchor ?? picked[0] ?? (view === "villages" ? village : commune);
}

/** Chooses several rows: with shift the stretch from the first, with Ctrl one by one. */
export function pick(app: App, key: string, shift: boolean): void {
  const { keys } = rowList(app);
  const chosen = app.state.view === "villages" ? app.state.village : app.state.commune;
  const before = app.state.picked.length === 0 && chosen !== null && chosen !== key ? [chosen] : app.state.picked;
  const anchor = anchorOf(app) ?? key;
  const picked = pickedAfter(before, keys, key, { anchor, shift }).slice(0, MOST_PICKED);
  app.setUi({ anchor, focusRow: key, moveFocus: true });
  app.store.set({ picked });
  app.say(t("lists.picked_said", { n: picked.length }));
}

/** A press on a row: alone it selects, with shift or Ctrl it adds to what is chosen together. */
export function pressRow(app: App, event: MouseEvent, key: string, select: () => void): void {
  if (event.shiftKey || event.ctrlKey || event.metaKey) {
    event.preventDefault();
    return pick(app, key, event.shiftKey);
  }
  app.setUi({ focusRow: key, anchor: key });
  if (app.state.picked.length) app.store.set({ picked: [] });
  select();
}

function wantedIndex(key: string, at: number, count: number): number | null {
  const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + PAGE_ROWS, PageUp: at - PAGE_ROWS, Home: 0, End: count - 1 };
  const to = moves[key];
  return to === undefined ? null : Math.min(count - 1, Math.max(0, to));
}

/** Arrow keys go from row to row, shift takes rows along, Enter and the space bar select. */
export function onRowKey(app: App, event: KeyboardEvent, key: string): void {
  if (event.target !== event.currentTarget) return;
  const list = rowList(app);
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    if (event.shiftKey || event.ctrlKey) return pick(app, key, false);
    return list.select(key);
  }
  const to = wantedIndex(event.key, list.keys.indexOf(key), list.keys.length);
  const next = to === null ? undefined : list.keys[to];
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const anchor = event.shiftKey ? (app.ui.anchor ?? key) : next;
  app.setUi({ focusRow: next, moveFocus: true, anchor });
  if (event.shiftKey) {
    app.store.set({ picked: pickedAfter([], list.keys, next, { anchor, shift: true }).slice(0, MOST_PICKED) });
    app.say(t("lists.picked_said", { n: app.state.picked.length }));
  }
}

/** Brings a row into sight within its own box; the page around it does not move. */
function reveal(box: HTMLElement, top_px: number, height_px: number, head_px: number): void {
  if (top_px < box.scrollTop) box.scrollTop = top_px;
  else if (top_px + height_px > box.scrollTop + box.clientHeight - head_px) box.scrollTop = top_px + height_px - box.clientHeight + head_px;
}

function elementOf(box: HTMLElement, key: string): HTMLElement | null {
  return box.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
}

function scrollTo(list: RowList, key: string): HTMLElement | null {
  const box = document.querySelector<HTMLElement>(list.box);
  const index = list.keys.indexOf(key);
  if (!box || index < 0) return null;
  const row = elementOf(box, key);
  const head_px = box.querySelector<HTMLElement>("thead")?.offsetHeight ?? 0;
  if (list.row_px !== null) reveal(box, index * list.row_px, list.row_px, 0);
  else if (row) reveal(box, row.offsetTop - head_px, row.offsetHeight, head_px);
  return row;
}

/** After drawing: the row just chosen comes into sight, and the focus follows the arrow keys. */
export function followRows(app: App): void {
  const { view, village, commune } = app.state;
  if (view !== "overview" && view !== "villages") return;
  const chosen = view === "villages" ? village : commune;
  if (chosen !== app.ui.shownRow) {
    const list = rowList(app);
    // A row may not be loaded yet; it is looked for again until it is.
    if (chosen === null || list.keys.includes(chosen)) app.ui.shownRow = chosen;
    if (chosen !== null) scrollTo(list, chosen);
  }
  if (!app.ui.moveFocus || app.ui.focusRow === null) return;
  const row = scrollTo(rowList(app), app.ui.focusRow);
  // A row outside the drawn stretch is there after the list has scrolled.
  if (!row) return void requestAnimationFrame(() => app.update());
  app.ui.moveFocus = false;
  row.focus({ preventScroll: true });
}
