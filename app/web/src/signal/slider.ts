/** The threshold: a handle on the histogram of people by level; figures come from the server's grid. */

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { db, dbm, number, percent, square } from "../format";
import { t } from "../i18n";
import { explain } from "../help/terms";
import { ready } from "../model";
import type { CodeLayer, Distribution } from "./contract";
import { LEAST_ABOVE_DB, MOST_ABOVE_DB } from "./desk";
import { colourOf, firstCode } from "./recolour";

const WIDTH = 308;
const HEIGHT = 92;
const TOP = 26;
const SPAN_DB = MOST_ABOVE_DB - LEAST_ABOVE_DB;
const STEP_KEYS: Record<string, number> = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 };

/** Level that a place of the slider stands for: an absolute one within a technology, else dB over the threshold. */
export function levelName(layer: CodeLayer, above_db: number): string {
  const threshold = layer.threshold_dbm ?? null;
  if (threshold !== null) return dbm(threshold + above_db);
  return above_db > 0 ? `+${db(above_db)}` : db(above_db);
}

export interface Reached {
  people: number | null;
  people_share: number | null;
  households: number | null;
  area_km2: number;
  area_share: number | null;
}

/** What is served when the threshold lies so many dB over the method's. */
export function reachedAt(layer: CodeLayer, found: Distribution, above_db: number): Reached {
  const code = firstCode(layer, above_db);
  const people = found.people?.[code] ?? null;
  const area_km2 = found.area_km2[code] ?? 0;
  return {
    people,
    people_share: people === null || !found.totals.people ? null : people / found.totals.people,
    households: found.households?.[code] ?? null,
    area_km2,
    area_share: found.totals.area_km2 ? area_km2 / found.totals.area_km2 : null,
  };
}

const atX = (above_db: number): number => ((above_db - LEAST_ABOVE_DB) / SPAN_DB) * WIDTH;

function bars(layer: CodeLayer, found: Distribution, above_db: number): SVGTemplateResult[] {
  const counted = found.people ?? found.area_km2;
  const steps = Array.from({ length: SPAN_DB }, (_, index) => LEAST_ABOVE_DB + index);
  const heights = steps.map((step) => {
    const next = step + 1 === MOST_ABOVE_DB ? 0 : (counted[firstCode(layer, step + 1)] ?? 0);
    return Math.max(0, (counted[firstCode(layer, step)] ?? 0) - next);
  });
  const most = Math.max(...heights, 1e-9);
  return steps.map((step, index) => {
    const height = ((heights[index] ?? 0) / most) * (HEIGHT - TOP);
    const colour = step < above_db ? "var(--line2)" : colourOf(firstCode(layer, step), layer);
    return svg`<rect x=${atX(step) + 0.4} y=${HEIGHT - height} width=${WIDTH / SPAN_DB - 0.8} height=${Math.max(height, height > 0 ? 1 : 0)} fill=${colour} />`;
  });
}

function pointed(event: PointerEvent): number {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return LEAST_ABOVE_DB + ((event.clientX - box.left) / box.width) * SPAN_DB;
}

function drag(app: App, start: PointerEvent): void {
  const track = start.currentTarget as HTMLElement;
  track.setPointerCapture(start.pointerId);
  track.focus();
  app.signal.moveThreshold(pointed(start), false);
  const move = (event: PointerEvent): void => app.signal.moveThreshold(pointed(event), false);
  const end = (): void => {
    track.removeEventListener("pointermove", move);
    app.signal.moveThreshold(app.signal.above_db, true);
    announce(app);
  };
  track.addEventListener("pointermove", move);
  track.addEventListener("pointerup", end, { once: true });
  track.addEventListener("pointercancel", end, { once: true });
}

function onKey(app: App, event: KeyboardEvent): void {
  const { signal } = app;
  const ends: Record<string, number> = { Home: LEAST_ABOVE_DB, End: MOST_ABOVE_DB };
  const by = (STEP_KEYS[event.key] ?? 0) * (event.shiftKey && event.key.startsWith("Arrow") ? 5 : 1);
  const wanted = ends[event.key] ?? (by ? signal.above_db + by : null);
  if (wanted === null) return;
  event.preventDefault();
  signal.moveThreshold(wanted, true);
  announce(app);
}

function announce(app: App): void {
  const [layer, found] = [app.signal.layer(), ready(app.signal.distribution())];
  if (!layer || !found) return;
  const reached = reachedAt(layer, found, app.signal.above_db);
  app.say(t("signals.said", { threshold: levelName(layer, app.signal.above_db), people: percent(reached.people_share), area: percent(reached.area_share) }));
}

function scale(layer: CodeLayer): TemplateResult {
  const marks = [-20, 0, 20, 40, 60];
  return html`<div class="threshold-scale" aria-hidden="true">${marks.map((mark) => html`<span style="left:${(100 * (mark - LEAST_ABOVE_DB)) / SPAN_DB}%">${number((layer.threshold_dbm ?? 0) + mark)}</span>`)}</div>`;
}

/** Half of the flag's width, so that it never leaves the panel. */
const FLAG_HALF = 40;

function chart(app: App, layer: CodeLayer, found: Distribution | null): TemplateResult {
  const above_db = app.signal.above_db;
  const x = atX(above_db);
  const flag = Math.min(WIDTH - FLAG_HALF, Math.max(FLAG_HALF, x));
  const name = levelName(layer, above_db);
  return html`<div class="threshold" role="slider" tabindex="0" data-testid="threshold" aria-label=${t("signals.threshold")} aria-valuemin=${LEAST_ABOVE_DB} aria-valuemax=${MOST_ABOVE_DB}
      aria-valuenow=${above_db} aria-valuetext=${name} @pointerdown=${(event: PointerEvent) => drag(app, event)} @keydown=${(event: KeyboardEvent) => onKey(app, event)}>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT + 26}" aria-hidden="true">
      ${found ? bars(layer, found, above_db) : nothing}
      <path class="threshold-floor" d="M0 ${HEIGHT + 0.5}H${WIDTH}" /><rect class="threshold-track" x="0" y=${HEIGHT + 11} width=${WIDTH} height="4" rx="2" />
      <path class="threshold-line" d="M${x} 18V${HEIGHT + 6}" /><circle class="threshold-handle" cx=${x} cy=${HEIGHT + 13} r="8" />
      <rect class="threshold-flag" x=${flag - FLAG_HALF} y="0" width=${2 * FLAG_HALF} height="20" rx="4" /><text class="threshold-value" x=${flag} y="14.5" text-anchor="middle">${name}</text></svg>
    ${scale(layer)}</div>`;
}

function outcome(layer: CodeLayer, found: Distribution, above_db: number): TemplateResult {
  const now = reachedAt(layer, found, above_db);
  const other_db = above_db === 0 ? 5 : 0;
  const other = reachedAt(layer, found, other_db);
  const line = { threshold: levelName(layer, other_db), people: percent(other.people_share), area: percent(other.area_share) };
  return html`<div class="threshold-results">
      <div><b class="display" data-testid="threshold-people" data-value=${now.people_share ?? ""}>${percent(now.people_share)}</b><span>${t("signals.people", { n: number(now.people) })}</span>
        ${now.households === null ? nothing : html`<span data-testid="threshold-households" data-value=${now.households}>${t("signals.households", { n: number(now.households) })}</span>`}</div>
      <div><b class="display" data-testid="threshold-area" data-value=${now.area_share ?? ""}>${percent(now.area_share)}</b><span>${square(now.area_km2)}</span></div></div>
    <p class="faint" data-testid="threshold-other">${t(above_db === 0 ? "signals.other" : "signals.method_threshold", line)}</p>`;
}

export function thresholdSection(app: App): TemplateResult | typeof nothing {
  const layer = app.signal.layer();
  if (!layer || layer.kind !== "margin") return nothing;
  const loaded = app.signal.distribution();
  const found = ready(loaded);
  const failed = loaded?.is === "failed" ? html`<p class="note bad-text" role="alert">${t("signals.no_figures", { detail: loaded.detail })}</p>` : nothing;
  return html`<section class="panel-section"><p class="threshold-head"><b>${t("signals.threshold")} ${explain("threshold", "slider")}</b><span>${t(found?.people === null ? "signals.area_by_level" : "signals.people_by_level")}</span></p>
    ${chart(app, layer, found)}${found ? outcome(layer, found, app.signal.above_db) : failed}</section>`;
}
