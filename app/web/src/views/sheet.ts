/** The sheet at the bottom of a phone: three stops, by dragging the handle or by its button. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { t } from "../i18n";
import type { Stop } from "../state";

const STOPS: readonly Stop[] = ["low", "half", "full"];

/** Height of each stop in pixels for a stage of the given height. */
export function stopHeights(stage_px: number): Record<Stop, number> {
  return { low: 88, half: Math.round(stage_px * 0.45), full: Math.round(stage_px * 0.92) };
}

export function nearestStop(height_px: number, stage_px: number): Stop {
  const heights = stopHeights(stage_px);
  const far = (stop: Stop): number => Math.abs(heights[stop] - height_px);
  return STOPS.reduce((best, stop) => (far(stop) < far(best) ? stop : best), "half" as Stop);
}

/** A movement under this many pixels is a press, not a drag. */
const PRESS_PX = 6;

function drag(app: App, start: PointerEvent): void {
  const handle = start.currentTarget as HTMLElement;
  const sheet = handle.closest<HTMLElement>(".side");
  if (!sheet) return;
  const from = sheet.offsetHeight;
  const stage_px = window.innerHeight;
  let moved = 0;
  handle.setPointerCapture(start.pointerId);
  const move = (event: PointerEvent): void => {
    moved = start.clientY - event.clientY;
    sheet.style.height = `${Math.min(stage_px * 0.92, Math.max(88, from + moved))}px`;
  };
  const end = (): void => {
    handle.removeEventListener("pointermove", move);
    const next = STOPS[(STOPS.indexOf(app.ui.stop) + 1) % STOPS.length] as Stop;
    const stop = Math.abs(moved) < PRESS_PX ? next : nearestStop(from + moved, stage_px);
    sheet.style.height = "";
    app.setUi({ stop });
  };
  handle.addEventListener("pointermove", move);
  handle.addEventListener("pointerup", end, { once: true });
}

function onKey(app: App, event: KeyboardEvent): void {
  const step = { ArrowUp: 1, ArrowDown: -1, Enter: 1, " ": 1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const index = Math.min(STOPS.length - 1, Math.max(0, STOPS.indexOf(app.ui.stop) + step));
  app.setUi({ stop: STOPS[index] as Stop });
}

export function sheetHandle(app: App): TemplateResult | typeof nothing {
  if (!app.phone) return nothing;
  return html`<button class="sheet-handle" data-testid="sheet-handle" aria-label=${t("sheet.handle")} @pointerdown=${(event: PointerEvent) => drag(app, event)}
    @keydown=${(event: KeyboardEvent) => onKey(app, event)}><i></i></button>`;
}
