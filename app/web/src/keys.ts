/** The keyboard: everything that has a key works without a pointer. */

import type { App } from "./app";
import { print } from "./paper/print";
import { communeRows, shownRows, villageRows } from "./model";
import { VIEWS } from "./state";

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.matches("input:not([type=checkbox], [type=range]), select, textarea") || target.isContentEditable);
}

function step<T>(items: readonly T[], chosen: (item: T) => boolean, by: number): T | undefined {
  const at = items.findIndex(chosen);
  return items[at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + by))];
}

function stepRow(app: App, by: number): void {
  const { state, model } = app;
  if (state.view === "villages") {
    const village = step(villageRows(model, state), (row) => row.village_id === state.village, by);
    if (village) app.selectVillage(village.village_id);
  } else if (state.view === "overview") {
    const row = step(shownRows(communeRows(model, state), state), ({ commune }) => commune.commune_code === state.commune, by);
    if (row) app.selectCommune(row.commune.commune_code);
  }
}

function showView(app: App, index: number): void {
  const view = VIEWS[index];
  if (view) app.go(view);
}

function find(event: KeyboardEvent): void {
  event.preventDefault();
  document.getElementById("search")?.focus();
}

const ACTS: Record<string, (app: App, event: KeyboardEvent) => void> = {
  "/": (_, event) => find(event),
  "1": (app) => showView(app, 0),
  "2": (app) => showView(app, 1),
  "3": (app) => showView(app, 2),
  "4": (app) => app.go("whatif"),
  "[": (app) => stepRow(app, -1),
  "]": (app) => stepRow(app, 1),
  m: (app) => {
    if (!app.whatif.isActive) app.go("whatif");
    app.whatif.arm();
  },
  t: (app) => app.toggleTheme(),
  z: (app) => app.zoomToChosen(),
  "+": (app) => app.map?.map.zoomIn({ duration: 150 }),
  "=": (app) => app.map?.map.zoomIn({ duration: 150 }),
  "-": (app) => app.map?.map.zoomOut({ duration: 150 }),
  "?": (app) => app.setUi({ dialog: "help" }),
};

/** Undo and redo of the plan; a field that is typed in keeps its own. */
function undoes(app: App, event: KeyboardEvent): boolean {
  const key = event.key.toLowerCase();
  if (!app.whatif.isActive || !(event.ctrlKey || event.metaKey) || (key !== "z" && key !== "y") || isTyping(event.target)) return false;
  event.preventDefault();
  if (key === "y" || event.shiftKey) app.whatif.redo();
  else app.whatif.undo();
  return true;
}

export function listenToKeys(app: App): void {
  document.addEventListener("keydown", (event) => {
    // The browser closes an open explanation by itself.
    if (event.key === "Escape") return document.querySelector(":popover-open") ? undefined : app.escape();
    if (event.key.toLowerCase() === "p" && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
      event.preventDefault();
      return event.repeat ? undefined : void print(app);
    }
    if (undoes(app, event)) return;
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    ACTS[event.key.toLowerCase()]?.(app, event);
  });
  // A press anywhere else closes an open menu.
  document.addEventListener("pointerdown", (event) => {
    const inside = event.target instanceof Element && event.target.closest(".menu, [aria-expanded]");
    if (app.ui.menu && !inside) app.setUi({ menu: null });
  });
}
