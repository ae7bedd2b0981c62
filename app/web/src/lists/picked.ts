/** What is chosen together: how many, their sums, shares divided anew, and the list itself. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { METRICS, type Metric, type Village } from "../contract";
import { composed, number, percent } from "../format";
import { t } from "../i18n";
import { communeName, communeRows, shownRows, target, villageRows, type CommuneRow } from "../model";
import { bar } from "../views/bars";
import { icon, statusSymbol } from "../views/icons";
import { amount } from "../views/kpi";
import { sumOfCommunes, sumOfVillages, type Sums } from "./sums";

/** Fewer than this are not "together". */
const TOGETHER = 2;

export const isPickedTogether = (app: App): boolean => app.state.picked.length >= TOGETHER;

function line(app: App, metric: Metric, sums: Sums): TemplateResult | typeof nothing {
  const share = sums[metric];
  if (!share) return nothing;
  const served = metric === "area" ? number(share.served, 1) : number(share.served);
  return html`<dt>${t(`metric.${metric}`)}</dt>
    <dd>${bar(share.share, "var(--accent)", target(app.model, app.state)?.percent ?? null)}
      <b data-testid="picked-${metric}" data-value=${share.share ?? ""}>${percent(share.share)}</b>
      <small data-testid="picked-${metric}-served" data-value=${share.served}>${served} / ${amount(metric, share.total)}</small></dd>`;
}

function drop(app: App, key: string): void {
  app.store.set({ picked: app.state.picked.filter((other) => other !== key) });
}

function item(app: App, key: string, name: string, mark: unknown): TemplateResult {
  return html`<li>${mark}<span>${name}</span>
    <button class="icon-button small" aria-label=${t("lists.drop", { name })} @click=${() => drop(app, key)}>${icon("close", 12)}</button></li>`;
}

function shell(app: App, count: number, sums: Sums, items: TemplateResult[]): TemplateResult {
  return html`<section class="picked" data-testid="picked" aria-label=${t("lists.picked", { n: number(count) })}>
    <header><b>${t("lists.picked", { n: number(count) })}</b><span class="grow"></span>
      <button class="link" data-testid="picked-clear" @click=${() => app.store.set({ picked: [] })}>${t("lists.unpick")}</button></header>
    <dl class="card-shares">${METRICS.map((metric) => line(app, metric, sums))}</dl>
    <p class="card-note">${t("lists.recomputed")}</p><ul class="picked-list">${items}</ul></section>`;
}

export function pickedCommunes(app: App): TemplateResult | typeof nothing {
  if (!isPickedTogether(app) || app.state.view !== "overview") return nothing;
  const chosen = communeRows(app.model, app.state).filter((row) => app.state.picked.includes(row.commune.commune_code));
  const rows: CommuneRow[] = shownRows(chosen, { ...app.state, hidden: [], query: "" });
  const items = rows.map((row) => item(app, row.commune.commune_code, communeName(row.commune), nothing));
  return shell(app, rows.length, sumOfCommunes(rows, app.model, app.state), items);
}

export function pickedVillages(app: App): TemplateResult | typeof nothing {
  if (!isPickedTogether(app) || app.state.view !== "villages") return nothing;
  const rows: Village[] = villageRows(app.model, app.state).filter((village) => app.state.picked.includes(village.village_id));
  const items = rows.map((village) => item(app, village.village_id, composed(village.name), statusSymbol(village.status, 12)));
  return shell(app, rows.length, sumOfVillages(rows), items);
}
