/** Figures that no longer fit the layers: what has changed since they were computed. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { number } from "../format";
import { has, t } from "../i18n";
import { ready } from "../model";
import { isOver } from "./contract";

/** Layers that figures depend on; others come and go without making any figure old. */
const FIGURE_LAYERS = ["communes", "population", "terrain", "clutter", "sites", "cells", "antennas", "villages"];

interface Change {
  layer: string;
  rows: number;
  before: number;
}

/** Layers that differ from those the figures were computed from. */
export function changedLayers(app: App): Change[] {
  const study = ready(app.model.study);
  const used = ready(app.model.results)?.method.layers ?? {};
  if (!study) return [];
  const changed = FIGURE_LAYERS.filter((name) => study.layers[name]?.sha256 !== used[name]?.sha256);
  return changed.map((layer) => ({ layer, rows: study.layers[layer]?.rows ?? 0, before: used[layer]?.rows ?? 0 }));
}

function told({ layer, rows, before }: Change): string {
  const name = has(`layer.${layer}`) ? t(`layer.${layer}`) : layer;
  const more = rows - before;
  if (more === 0 || before === 0) return name;
  return `${name} (${more > 0 ? "+" : "−"}${number(Math.abs(more))})`;
}

/** "Not recomputed: sites (+2) changed". */
export function staleWords(app: App): string {
  const changed = changedLayers(app);
  if (changed.length === 0) return t("stale.method");
  return t("stale.layers", { layers: changed.map(told).join(", ") });
}

/** The tag beside figures that are out of date, and the button that puts it right. */
export function staleLine(app: App): TemplateResult | typeof nothing {
  if (ready(app.model.study)?.state !== "stale") return nothing;
  const { job } = app.data;
  const running = job !== null && !isOver(job) && job.processID === "compute";
  return html`<p class="stale-line" data-testid="stale"><span class="tag warn">${staleWords(app)}</span>
    ${running
      ? html`<span>${t("stale.running", { n: number(job.progress) })}</span>`
      : html`<button class="link" data-testid="recompute" @click=${() => void app.data.compute()}>${t("data.recompute")}</button>`}</p>`;
}
