/** How good the answer is: value and proven gap side by side, and how they came to be. */

import { html, nothing, svg, type TemplateResult } from "lit-html";
import { number, percent } from "../format";
import { explain } from "../help/terms";
import { has, t } from "../i18n";
import { remaining_s } from "../data/jobs";
import type { Optimiser } from "./desk";
import { amountOf, curveOf, marginal, money, pathOf, searched, stairs, standingOf, type Point, type Quality } from "./figures";

const WIDTH = 284;
const HEIGHT = 96;
const ROOM = 14;

/** Value and bound against time; the space between them is what nobody knows yet. */
export function traceChart(desk: Optimiser): TemplateResult | typeof nothing {
  const steps = searched(desk.steps);
  if (steps.length === 0) return nothing;
  const before = standingOf(desk.steps);
  const bounds = steps.filter((step) => step.bound !== null).map((step) => ({ seconds: step.seconds, value: (step.bound as number) - before }));
  const values = steps.map((step) => ({ seconds: step.seconds, value: step.value - before }));
  const all = [...bounds, ...values].map((one) => one.value).filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const last_s = Math.max(...steps.map((step) => step.seconds), 0.1);
  const place = (one: { seconds: number; value: number }): Point => ({
    x: (one.seconds / last_s) * WIDTH,
    y: ROOM + (1 - (one.value - low) / Math.max(high - low, 1e-9)) * (HEIGHT - 2 * ROOM),
  });
  const [upper, lower] = [stairs(bounds.map(place), WIDTH), stairs(values.map(place), WIDTH)];
  const area = upper.length && lower.length ? `${pathOf(upper)}${pathOf([...lower].reverse()).replace("M", "L")}Z` : "";
  return html`<figure class="opt-trace" data-testid="opt-trace">
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${t("optimise.trace")}>
      ${area ? svg`<path class="opt-trace-between" d=${area} />` : nothing}
      <path class="opt-trace-bound" d=${pathOf(upper)} /><path class="opt-trace-value" d=${pathOf(lower)} />
    </svg>
    <figcaption><span>0 s</span><span class="opt-key"><i class="dashed"></i>${t("optimise.bound")}</span><span class="opt-key"><i></i>${t("optimise.value")}</span><span>${number(last_s, last_s < 10 ? 1 : 0)} s</span></figcaption></figure>`;
}

function valueText(desk: Optimiser, value: number | null): string {
  return isCost(desk) ? money(value) : number(value);
}

function isCost(desk: Optimiser): boolean {
  return desk.towers ? desk.towers.objective === "cost" : desk.form.goal === "reach";
}

function target(desk: Optimiser): "villages" | "people" | "households" {
  return desk.towers?.request.target ?? desk.form.target;
}

export function twoNumbers(desk: Optimiser, quality: Quality): TemplateResult {
  const gap = quality.gap;
  const shown = gap === null ? "–" : gap === 0 ? percent(0, 1) : `≤ ${percent(Math.max(gap, 0.0001), gap < 0.001 ? 2 : 1)}`;
  const under = isCost(desk) ? t("optimise.cost_of_plan") : t(`optimise.more.${target(desk)}`);
  return html`<div class="opt-numbers"><p><b class="display" data-testid="opt-value" data-value=${quality.value}>${valueText(desk, quality.value)}</b><span>${under}</span></p>
    <p><b class="display" data-testid="opt-gap" data-value=${gap ?? ""}>${shown}</b><span>${t(isCost(desk) ? "optimise.gap_cost" : "optimise.gap")}${explain("gap", "optimise")}</span></p></div>`;
}

/** Says "proved" only of what is: that no plan brings more than the bound. */
export function proof(desk: Optimiser, quality: Quality): TemplateResult | typeof nothing {
  if (quality.bound === null) return html`<p class="opt-proof faint">${t("optimise.no_bound")}</p>`;
  const kind = isCost(desk) ? "cost" : (desk.towers?.request.sites ?? (desk.form.goal === "sites" && !desk.towers ? 1 : null)) !== null ? "sites" : "budget";
  const bound = isCost(desk) ? money(quality.bound) : amountOf(target(desk), Math.floor(quality.bound * (1 + 1e-12)));
  const key = quality.isProved ? `optimise.proved.${kind}` : `optimise.bounded.${kind}`;
  return html`<p class="opt-proof" data-testid="opt-proof" data-proved=${quality.isProved} data-bound=${quality.bound}>${t(key, { bound })}${explain("bound", "optimise")}</p>`;
}

/** What one thousand million more or less would bring. */
export function margin(desk: Optimiser): TemplateResult | typeof nothing {
  const plan = desk.towers;
  if (!plan || plan.objective !== "weight" || plan.picks.length === 0) return nothing;
  const curve = curveOf(plan);
  const [more, less] = [marginal(curve, 1000), marginal(curve, -1000)];
  const text = (value: number): string => amountOf(plan.request.target, Math.abs(value));
  return html`<p class="opt-margin" data-testid="opt-margin" data-more=${more ?? ""}>${more === null ? t("optimise.no_more") : t("optimise.more_money", { n: `+${text(more)}` })}
    ${less === null ? nothing : t("optimise.less_money", { n: `−${text(less)}` })} <small class="faint">${t("optimise.along_curve")}</small></p>`;
}

function stateLine(desk: Optimiser): TemplateResult {
  const { job } = desk;
  const last = searched(desk.steps).at(-1);
  const running = desk.isRunning;
  const seconds = last ? ` · ${number(last.seconds, 0)} s` : "";
  const word = running ? (last ? t("optimise.searching") : (job?.message ?? "")) : desk.towers ? t(`optimise.status.${statusKey(desk)}`) : t(`optimise.job.${job?.status ?? "accepted"}`);
  return html`<span class="opt-state" data-testid="opt-state" data-status=${job?.status ?? ""}><i class=${running ? "is-on" : ""}></i>${word}${seconds}</span>`;
}

function statusKey(desk: Optimiser): string {
  const status = desk.towers?.status ?? "";
  return has(`optimise.status.${status}`) ? status : "other";
}

function progress(desk: Optimiser): TemplateResult | typeof nothing {
  const { job } = desk;
  if (!job || !desk.isRunning || searched(desk.steps).length > 0) return nothing;
  const left = remaining_s(job, Date.now());
  return html`<div class="opt-progress"><progress max="100" value=${job.progress} aria-label=${job.message} data-testid="opt-progress"></progress>
    <span>${number(job.progress)} %${left === null ? nothing : ` · ${t("optimise.seconds_left", { n: number(Math.ceil(left)) })}`}</span></div>`;
}

export function stopButtons(desk: Optimiser): TemplateResult | typeof nothing {
  if (!desk.isRunning) return nothing;
  const canKeep = desk.tab === "towers" || desk.tab === "residual";
  return html`<div class="opt-stop">${canKeep ? html`<button class="button" data-testid="opt-stop" ?disabled=${desk.isStopping} @click=${() => void desk.stop()}>${t(desk.isStopping ? "optimise.stopping" : "optimise.stop")}</button>` : nothing}
    <button class="link" data-testid="opt-cancel" @click=${() => void desk.cancel()}>${t("optimise.cancel")}</button></div>`;
}

export function qualitySection(desk: Optimiser): TemplateResult | typeof nothing {
  if (!desk.job) return nothing;
  const quality = desk.quality();
  return html`<section class="panel-section opt-quality" aria-label=${t("optimise.quality")}>
    <p class="opt-line"><b>${t(desk.tab === "towers" ? "optimise.quality" : "optimise.progress")}</b>${stateLine(desk)}</p>
    ${quality ? twoNumbers(desk, quality) : nothing}${progress(desk)}${desk.tab === "towers" ? traceChart(desk) : nothing}
    ${quality ? proof(desk, quality) : nothing}${margin(desk)}${stopButtons(desk)}</section>`;
}
