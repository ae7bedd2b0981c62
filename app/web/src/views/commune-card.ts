/** The chosen commune: four shares, what they count, and the doors to its villages. */

import { html, nothing, type TemplateResult } from "lit-html";
import { styleMap } from "lit-html/directives/style-map.js";
import type { App } from "../app";
import { classOf } from "../classes";
import { METRICS, type Commune, type Metric } from "../contract";
import { number, percent } from "../format";
import { t } from "../i18n";
import { isPickedTogether } from "../lists/picked";
import { classes, communeName, communeOf, shareIn, target, technology } from "../model";
import { bar } from "./bars";
import { icon } from "./icons";
import { amount } from "./kpi";

function line(app: App, commune: Commune, metric: Metric): TemplateResult {
  const share = shareIn(commune.shares, app.model, app.state, metric);
  const value = share?.share ?? null;
  const { colours, edges } = classes(app.model, app.state);
  const colour = value === null ? "transparent" : (colours[classOf(value, edges)] as string);
  const served = metric === "area" ? number(share?.served, 1) : number(share?.served);
  return html`<dt>${t(`metric.${metric}`)}</dt>
    <dd>${bar(value, colour, target(app.model, app.state)?.percent ?? null)}
      <b data-testid="card-${metric}" data-value=${value ?? ""}>${percent(value)}</b>
      <small data-testid="card-${metric}-served" data-value=${share?.served ?? ""}>${served} / ${amount(metric, share?.total ?? null)}</small></dd>`;
}

function centre(app: App, commune: Commune): string {
  const tech = technology(app.model, app.state);
  const isServed = commune.centre?.[tech];
  if (isServed === undefined || isServed === null) return t("commune.centre_unknown");
  return t(isServed ? "commune.centre_yes" : "commune.centre_no", { tech });
}

function facts(app: App, commune: Commune): TemplateResult {
  const code = commune.commune_code;
  return html`<dl class="card-shares">${METRICS.map((metric) => line(app, commune, metric))}</dl>
    <p class="card-note">${centre(app, commune)}</p>
    <footer class="card-links"><button class="link" data-testid="card-villages" @click=${() => app.villagesOf(code)}>${t("commune.villages")}</button>
      <button class="link" @click=${() => app.zoomToCommune(code)}>${t("commune.zoom")}</button></footer>`;
}

function heading(app: App, commune: Commune): TemplateResult {
  return html`<header class="card-head"><b>${communeName(commune)}</b>
    <span>${t("commune.people", { count: commune.population ?? 0, n: number(commune.population) })}</span>
    <button class="icon-button small" aria-label=${t("top.close")} @click=${() => app.store.set({ commune: null })}>${icon("close", 14)}</button></header>`;
}

/** On the phone the card opens the sheet. */
export function communeFacts(app: App): TemplateResult | typeof nothing {
  const commune = communeOf(app.model, app.state.commune);
  if (!commune) return nothing;
  return html`<section class="card in-sheet" data-testid="commune-card" aria-label=${t("commune.card", { name: communeName(commune) })}>${heading(app, commune)}${facts(app, commune)}</section>`;
}

const CARD = { width: 288, height: 284, gap: 14, margin: 12 } as const;
/** Room the map's own controls take at the right edge. */
const CONTROLS_PX = 58;

/** Beside the commune, never on it: right of it, else left, else where the map ends. */
function place(app: App, commune: Commune): Record<string, string> {
  const stage = app.map?.map.getContainer();
  if (!app.map || !stage) return {};
  const { left, top, right, bottom } = app.map.onScreen(commune.bbox);
  const fitsRight = right + CARD.gap + CARD.width + CONTROLS_PX <= stage.clientWidth;
  const fitsLeft = left - CARD.gap - CARD.width >= CARD.margin;
  const lastX = stage.clientWidth - CARD.width - CONTROLS_PX;
  const x = fitsRight ? right + CARD.gap : fitsLeft ? left - CARD.gap - CARD.width : lastX;
  const middle = (top + bottom) / 2 - CARD.height / 2;
  const y = Math.min(Math.max(middle, CARD.margin), stage.clientHeight - CARD.height - 40);
  return { left: `${Math.min(Math.max(x, CARD.margin), lastX)}px`, top: `${Math.max(y, CARD.margin)}px`, width: `${CARD.width}px` };
}

export function communeCard(app: App): TemplateResult | typeof nothing {
  const commune = communeOf(app.model, app.state.commune);
  if (!commune || app.phone || app.state.view !== "overview" || isPickedTogether(app)) return nothing;
  return html`<section class="card floating" style=${styleMap(place(app, commune))} data-testid="commune-card" data-code=${commune.commune_code}
    aria-label=${t("commune.card", { name: communeName(commune) })}>${heading(app, commune)}${facts(app, commune)}</section>`;
}

/** Name and value of the commune under the pointer. */
export function hoverTip(app: App): TemplateResult | typeof nothing {
  const { hover } = app.ui;
  const commune = communeOf(app.model, hover?.code ?? null);
  if (!hover || !commune || commune.commune_code === app.state.commune) return nothing;
  const share = shareIn(commune.shares, app.model, app.state);
  return html`<div class="hover-tip" style=${styleMap({ left: `${hover.x + 14}px`, top: `${hover.y + 14}px` })}>
    ${communeName(commune)} <b>${percent(share?.share)}</b></div>`;
}
