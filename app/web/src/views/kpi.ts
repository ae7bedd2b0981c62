/** The strip of the four shares: each is also the switch of the metric. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { meetsTarget } from "../classes";
import { METRICS, type Metric, type Share } from "../contract";
import { staleLine } from "../data/stale";
import { dbm, number, percent, points, square, withUnit } from "../format";
import { t } from "../i18n";
import { explain } from "../help/terms";
import { ready, shareIn, target, technology } from "../model";
import { bar } from "./bars";
import { icon, triangle } from "./icons";
import { operatorSelect, technologySwitch } from "./menus";

/** A quantity of a metric with its unit. */
export function amount(metric: Metric, value: number | null): string {
  if (metric === "area") return square(value);
  return withUnit(number(value), t(`unit.${metric === "population" ? "people" : metric}`, { count: value ?? 0 }));
}

function verdict(app: App, share: Share | null): TemplateResult | typeof nothing {
  const goal = target(app.model, app.state);
  if (!goal || share?.share === null || share?.share === undefined) return nothing;
  if (meetsTarget(share.share, goal.percent)) return html`<span class="tag good">${icon("check", 14)} ${t("kpi.met")}</span>`;
  const short = points(goal.percent / 100 - share.share);
  return html`<span class="tag bad">${triangle()} ${t(app.narrow ? "kpi.missed_short" : "kpi.missed", { points: short })}</span>`;
}

function fraction(metric: Metric, share: Share | null): TemplateResult | typeof nothing {
  if (!share) return nothing;
  const served = metric === "area" ? number(share.served, share.total >= 100 ? 0 : 1) : number(share.served);
  return html`<span><b>${served}</b> / ${amount(metric, share.total)}</span>`;
}

function barColour(app: App, share: number | null): string {
  const goal = target(app.model, app.state);
  if (!goal || share === null) return "var(--accent)";
  return meetsTarget(share, goal.percent) ? "var(--good)" : "var(--bad)";
}

function staleTag(app: App): TemplateResult | typeof nothing {
  return ready(app.model.study)?.state === "stale" ? html`<span class="tag warn">${t("kpi.stale")}</span>` : nothing;
}

function cell(app: App, metric: Metric): TemplateResult {
  const results = ready(app.model.results);
  if (app.model.results.is === "waiting") return html`<div class="kpi-cell"><i class="bone w40"></i><i class="bone w60 tall"></i><i class="bone"></i></div>`;
  const share = shareIn(results?.province.shares ?? {}, app.model, app.state, metric);
  const value = share?.share ?? null;
  const chosen = app.state.metric === metric;
  const [digits, sign] = percent(value).split("\u00a0");
  return html`<button class="kpi-cell ${chosen ? "is-chosen" : ""}" aria-pressed=${chosen}
    @click=${() => app.store.set({ metric, hidden: [] })}>
    <span class="kpi-head"><span>${t(app.phone ? `metric.short.${metric}` : `metric.${metric}`)}</span>
      ${app.phone ? nothing : html`<span>${value === null ? html`<span class="tag">${t("kpi.no_data")}</span>` : verdict(app, share)}</span>`}</span>
    <span class="kpi-value display" data-testid="kpi-${metric}" data-value=${value ?? ""}>${digits}${sign ? html`<small>&nbsp;${sign}</small>` : nothing}</span>
    ${bar(value, barColour(app, value), target(app.model, app.state)?.percent ?? null)}
    <span class="kpi-foot">${app.phone ? html`${verdict(app, share)} ${staleTag(app)}` : fraction(metric, share)}</span>${app.phone ? nothing : staleTag(app)}
  </button>`;
}

function threshold(app: App, tech: string): number | null {
  const thresholds = ready(app.model.study)?.thresholds ?? {};
  return thresholds[tech] ?? Object.values(thresholds)[0] ?? null;
}

function targetLine(app: App): string {
  const goal = target(app.model, app.state);
  if (!goal) return t("kpi.no_target", { tech: technology(app.model, app.state) });
  const share = percent(goal.percent / 100, Number.isInteger(goal.percent) ? 0 : 1);
  return goal.year ? t("kpi.target", { year: goal.year, percent: share }) : t("kpi.target_bare", { percent: share });
}

function question(app: App): TemplateResult {
  const method = ready(app.model.results)?.method;
  const probability = typeof method?.["location_probability"] === "number" ? method["location_probability"] : null;
  const tech = technology(app.model, app.state);
  return html`<div class="kpi-question">
    <div class="kpi-controls">${technologySwitch(app)} ${operatorSelect(app)}</div>
    <p>${t("kpi.definition", { threshold: dbm(threshold(app, tech)), probability: percent(probability, 0) })}${explain("rsrp", "kpi")}</p>
    ${ready(app.model.study)?.state === "stale" ? staleLine(app) : html`<p class="faint" title=${target(app.model, app.state)?.source ?? ""}>${targetLine(app)}${explain("denominator", "kpi")}${explain("location_probability", "kpi")}</p>`}
  </div>`;
}

export function kpiStrip(app: App): TemplateResult {
  const stale = ready(app.model.study)?.state === "stale";
  return html`<section class="kpi ${stale ? "is-stale" : ""}" aria-label=${t("kpi.label")}>
    ${app.phone ? nothing : question(app)}${METRICS.map((metric) => cell(app, metric))}</section>`;
}
