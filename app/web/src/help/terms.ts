/** Words that need explaining, explained where they stand, and all together in the help. */

import { html, type TemplateResult } from "lit-html";
import { t } from "../i18n";

export const TERMS = [
  "rsrp",
  "sinr",
  "threshold",
  "location_probability",
  "denominator",
  "white",
  "patchy",
  "served",
  "unknown",
  "area_class",
  "best_server",
  "throughput",
  "operators",
  "obstruction",
  "fresnel",
  "azimuth",
  "tilt",
  "candidate",
  "bound",
  "gap",
  "synthetic",
  "method",
] as const;
export type Term = (typeof TERMS)[number];

const GAP_PX = 6;
const EDGE_PX = 8;

/** Beside the button, inside the window. */
function place(event: Event): void {
  const box = event.currentTarget as HTMLElement;
  if ((event as ToggleEvent).newState !== "open") return;
  const button = document.querySelector<HTMLElement>(`[popovertarget="${box.id}"]`);
  if (!button) return;
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = at.bottom + GAP_PX + height <= window.innerHeight - EDGE_PX;
  const left = Math.min(Math.max(EDGE_PX, at.left - 12), window.innerWidth - width - EDGE_PX);
  box.style.left = `${left}px`;
  box.style.top = `${Math.max(EDGE_PX, below ? at.bottom + GAP_PX : at.top - GAP_PX - height)}px`;
}

/** A small button with a question mark; `where` tells apart two of the same word on one page. */
export function explain(name: Term, where = ""): TemplateResult {
  const id = `term-${name}${where ? `-${where}` : ""}`;
  const stop = (event: Event): void => event.stopPropagation();
  // Enter must not reach the row the button stands in; other keys go their way.
  const stopEnter = (event: KeyboardEvent): void => (event.key === "Enter" || event.key === " " ? event.stopPropagation() : undefined);
  return html`<button class="term" type="button" popovertarget=${id} data-testid="explain-${name}" aria-label=${t("terms.what", { term: t(`terms.name.${name}`) })}
    @click=${stop} @dblclick=${stop} @keydown=${stopEnter}>?</button><span class="term-text" popover id=${id} role="note" @toggle=${place} @click=${stop}><b>${t(`terms.name.${name}`)}</b>${t(`terms.text.${name}`)}</span>`;
}

export function glossary(): TemplateResult {
  return html`<h3>${t("terms.title")}</h3><dl class="glossary" data-testid="glossary">${TERMS.map(
    (name) => html`<dt>${t(`terms.name.${name}`)}</dt><dd>${t(`terms.text.${name}`)}</dd>`,
  )}</dl>`;
}
