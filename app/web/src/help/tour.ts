/** The guided first visit: five steps beside what they speak of; offered once, skipped at any time. */

import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { App } from "../app";
import { t } from "../i18n";
import { ready } from "../model";
import type { View } from "../state";
import { icon } from "../views/icons";

const KEPT = "phusong-tour";

interface Step {
  name: string;
  view: View;
  /** What the step speaks of; on the phone the same names stand elsewhere. */
  at: string;
}

export const STEPS: readonly Step[] = [
  { name: "shares", view: "overview", at: "#kpi" },
  { name: "map", view: "overview", at: '[data-testid="legend"]' },
  { name: "table", view: "overview", at: "#right" },
  { name: "villages", view: "villages", at: "#left" },
  { name: "keep", view: "overview", at: '[data-testid="help"], [data-testid="more"]' },
];

/** Offered to who comes for the first time by the bare address; who follows a link came for what it shows. */
export function offerTour(app: App, search: string): void {
  if (search === "" && localStorage.getItem(KEPT) === null) app.ui.tour = -1;
}

export function startTour(app: App): void {
  app.setUi({ dialog: null, menu: null });
  goTo(app, 0);
}

export function endTour(app: App): void {
  localStorage.setItem(KEPT, "seen");
  app.setUi({ tour: null });
}

function goTo(app: App, index: number): void {
  const step = STEPS[index];
  if (!step) return endTour(app);
  app.setUi({ tour: index });
  if (app.state.view !== step.view) app.store.set({ view: step.view, village: null });
  app.say(t(`tour.${step.name}.title`));
  // Right after the drawing that `say` has queued: a key pressed at once must find the focus there.
  queueMicrotask(() => document.querySelector<HTMLElement>(".tour .is-next")?.focus());
}

const CARD = { width: 316, height: 190, gap: 12, edge: 12 } as const;

function boxOf(step: Step): DOMRect | null {
  const found = [...document.querySelectorAll<HTMLElement>(step.at)].find((element) => element.offsetParent !== null || element.getClientRects().length > 0);
  return found?.getBoundingClientRect() ?? null;
}

/** Beside what is spoken of: below it, else left, right or above, always inside the window. */
function place(box: DOMRect | null): Record<string, string> {
  const { innerWidth: width, innerHeight: height } = window;
  if (!box) return { left: `${(width - CARD.width) / 2}px`, top: `${height / 3}px` };
  const fits = {
    below: box.bottom + CARD.gap + CARD.height < height,
    left: box.left - CARD.gap - CARD.width > 0,
    right: box.right + CARD.gap + CARD.width < width,
  };
  const x = fits.below ? box.left : fits.left ? box.left - CARD.gap - CARD.width : fits.right ? box.right + CARD.gap : (width - CARD.width) / 2;
  const y = fits.below ? box.bottom + CARD.gap : fits.left || fits.right ? box.top + 40 : box.top - CARD.gap - CARD.height;
  const inside = (value: number, most: number): string => `${Math.min(Math.max(CARD.edge, value), Math.max(CARD.edge, most))}px`;
  return { left: inside(x, width - CARD.width - CARD.edge), top: inside(y, height - CARD.height - CARD.edge), width: `${CARD.width}px` };
}

function frame(box: DOMRect | null): TemplateResult | typeof nothing {
  if (!box) return nothing;
  const at = { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` };
  return html`<i class="tour-frame" aria-hidden="true" style=${styleMap(at)}></i>`;
}

function onKey(app: App, event: KeyboardEvent): void {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  event.stopPropagation();
  if (event.key === "Escape") endTour(app);
  else if (by !== undefined && app.ui.tour !== null) goTo(app, Math.max(0, app.ui.tour + by));
}

function card(app: App, index: number): TemplateResult {
  const step = STEPS[index] as Step;
  const box = boxOf(step);
  const last = index === STEPS.length - 1;
  return html`${frame(box)}<section class="tour" role="dialog" aria-labelledby="tour-title" aria-describedby="tour-text" data-testid="tour" data-step=${index}
    style=${styleMap(place(box))} @keydown=${(event: KeyboardEvent) => onKey(app, event)}>
    <p class="label">${t("tour.step", { n: index + 1, of: STEPS.length })}</p><h2 id="tour-title" class="display">${t(`tour.${step.name}.title`)}</h2>
    <p id="tour-text">${t(`tour.${step.name}.text`)}</p>
    <footer><button class="link" data-testid="tour-skip" @click=${() => endTour(app)}>${t("tour.skip")}</button><span class="grow"></span>
      ${index > 0 ? html`<button class="button" @click=${() => goTo(app, index - 1)}>${t("tour.back")}</button>` : nothing}
      <button class="button primary is-next" data-testid="tour-next" @click=${() => (last ? endTour(app) : goTo(app, index + 1))}>${t(last ? "tour.end" : "tour.next")}</button></footer></section>`;
}

/** Drawn over everything; the offer stands on the map and takes nothing away from it. */
export function tour(app: App): TemplateResult | typeof nothing {
  const { tour: index } = app.ui;
  if (index === null || index < 0 || !ready(app.model.results)) return nothing;
  return card(app, index);
}

export function tourOffer(app: App): TemplateResult | typeof nothing {
  if (app.ui.tour !== -1 || !ready(app.model.results)) return nothing;
  return html`<section class="tour-offer" data-testid="tour-offer" aria-label=${t("tour.offer")}><span>${t("tour.offer")}</span>
    <button class="button" data-testid="tour-start" @click=${() => startTour(app)}>${t("tour.start")}</button>
    <button class="icon-button small" aria-label=${t("tour.later")} title=${t("tour.later")} data-testid="tour-later" @click=${() => endTour(app)}>${icon("close", 14)}</button></section>`;
}
