/** Left panel of the data view: whether figures are current, what runs, and the layers there are. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { date, number } from "../format";
import { has, t } from "../i18n";
import { ready } from "../model";
import { icon } from "../views/icons";
import { isOver, type Job, type LayerInfo, type Layers } from "./contract";
import { remaining_s } from "./jobs";
import { staleWords } from "./stale";

type Content = TemplateResult | typeof nothing;
const HASH_LETTERS = 8;
const MINUTE_S = 60;

export const layerName = (id: string): string => (has(`layer.${id}`) ? t(`layer.${id}`) : id);

/** With a capital, for names that stand alone. */
export const layerTitle = (id: string): string => layerName(id).replace(/^./u, (letter) => letter.toLocaleUpperCase());

/** What a column of a layer holds. */
export const columnName = (name: string): string => (has(`data.col.${name}`) ? t(`data.col.${name}`) : name);

/** "about 40 s", "about 3 min"; nothing while nobody can tell. */
export function remainingText(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < MINUTE_S) return t("data.remaining_s", { n: Math.max(1, Math.round(seconds)) });
  return t("data.remaining_min", { n: Math.round(seconds / MINUTE_S) });
}

/** What runs: the step, how far it is, how long it takes yet, and how to stop it. */
export function jobCard(app: App, job: Job): TemplateResult {
  const title = t(`data.job.${job.processID}.title`);
  const rest = remainingText(remaining_s(job, Date.now()));
  const label = job.status === "accepted" ? t("data.waiting") : job.message;
  return html`<div class="job" data-testid="job" data-status=${job.status} data-kind=${job.processID}>
    <div class="job-head"><b>${title}</b><span class="figure" data-testid="job-percent">${number(job.progress)}&nbsp;%</span></div>
    <div class="progress" role="progressbar" aria-label=${title} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${job.progress}><i style="width:${job.progress}%"></i></div>
    <div class="job-foot"><span>${label}${rest ? html` · ${rest}` : nothing}</span>
      <button class="link" data-testid="job-cancel" @click=${() => void app.data.cancel()}>${t("data.cancel")}</button></div></div>`;
}

function ended(job: Job | null): Content {
  if (job?.status !== "failed" && job?.status !== "dismissed") return nothing;
  const failed = job.status === "failed";
  return html`<p class="in-place ${failed ? "bad" : ""}" role=${failed ? "alert" : nothing} data-testid="job-ended">
    <b>${t(`data.job.${job.processID}.${job.status}`)}</b>${failed ? html` ${job.message}` : nothing}</p>`;
}

function standing(app: App): TemplateResult {
  const study = ready(app.model.study);
  if (study?.state === "stale") return html`<p class="in-place warn" data-testid="standing" data-state="stale"><b>${staleWords(app)}</b> ${t("data.stale_lead")}</p>`;
  if (study?.state === "computed") return html`<p class="faint" data-testid="standing" data-state="computed">${t("data.computed", { date: date(study.computed_on) })}</p>`;
  return html`<p class="faint" data-testid="standing" data-state="empty">${t("data.not_computed")}</p>`;
}

function problemAt(app: App, at: string): Content {
  const { problem } = app.data;
  return problem?.at === at ? html`<p class="in-place bad" role="alert" data-testid="problem-${at}">${problem.text}</p>` : nothing;
}

function computeSection(app: App): TemplateResult {
  const { job } = app.data;
  const running = job !== null && !isOver(job);
  const state = ready(app.model.study)?.state;
  const isReady = Boolean(ready(app.model.study)?.layers["communes"]);
  const primary = state !== "computed" && isReady;
  return html`<section class="panel-section">${standing(app)}
    ${running ? jobCard(app, job) : html`${ended(job)}<div class="row-of-buttons">
      <button class="button ${primary ? "is-primary" : ""}" data-testid="compute" ?disabled=${!isReady} @click=${() => void app.data.compute()}>${t(state === "empty" ? "data.compute" : "data.recompute")}</button>
      <button class="button" data-testid="settings" @click=${() => void app.data.openSettings()}>${t("data.settings")}</button></div>`}
    ${problemAt(app, "job")}</section>`;
}

function firstVisit(app: App): Content {
  const study = ready(app.model.study);
  if (!study || Object.keys(study.layers).length > 0) return nothing;
  const { job } = app.data;
  if (job && !isOver(job)) return nothing;
  return html`<section class="panel-section first-visit" data-testid="first-visit"><p>${t("data.first")}</p>
    <div class="row-of-buttons"><button class="button is-primary" data-testid="first-import" @click=${() => document.getElementById("data-file")?.click()}>${t("data.first_import")}</button>
    <button class="button" data-testid="first-sample" @click=${() => void app.data.openSample()}>${t("data.first_sample")}</button></div></section>`;
}

type Row = Layers["layers"][number];

function layerRow(app: App, layer: Row): TemplateResult {
  const importable = layer.id.startsWith("fibre_") ? "fibre" : layer.id;
  const { previous } = layer;
  return html`<li class="layer-row" data-testid="layer-row" data-layer=${layer.id} data-rows=${layer.rows}>
    <div class="layer-main"><b>${layerTitle(layer.id)}</b>${layer.synthetic ? html`<span class="tag warn"><i class="hatched small"></i>${t("method.synthetic")}</span>` : nothing}
      <span class="figure">${number(layer.rows)}</span></div>
    <div class="layer-sub"><span title=${layer.source}>${layer.source}</span><span>${date(layer.imported_at)}</span><code title=${layer.sha256}>${layer.sha256.slice(0, HASH_LETTERS)}</code></div>
    <div class="layer-acts"><button class="link" data-testid="replace-${layer.id}" @click=${() => pick(app, importable)}>${t("data.replace")}</button>
      ${previous ? html`<button class="link" data-testid="restore-${layer.id}" title=${t("data.restore_title", { source: previous.source, date: date(previous.imported_at), n: number(previous.rows) })}
        @click=${() => void app.data.restore([layer.id])}>${t("data.restore")}</button>` : nothing}
      ${layer.earlier.slice(1).map((one) => html`<button class="link" data-testid="restore-older-${layer.id}" title=${t("data.restore_title", { source: one.source, date: date(one.imported_at), n: number(one.rows) })}
        @click=${() => void app.data.restoreVersion(layer.id, one.sha256)}>${t("data.restore_older", { source: one.source })}</button>`)}
      <button class="link" data-testid="remove-${layer.id}" @click=${() => void app.data.remove([layer.id])}>${t("data.remove")}</button></div></li>`;
}

function removedRow(app: App, layer: LayerInfo): TemplateResult {
  return html`<li class="layer-row" data-testid="removed-row" data-layer=${layer.id}>
    <div class="layer-main faint"><b>${layerTitle(layer.id)}</b><span>${t("data.removed")}</span></div>
    <div class="layer-sub"><span title=${layer.source}>${layer.source}</span><span>${date(layer.imported_at)}</span></div>
    <div class="layer-acts"><button class="link" data-testid="restore-${layer.id}" @click=${() => void app.data.restore([layer.id])}>${t("data.bring_back")}</button></div></li>`;
}

/** Opens the choice of files for a layer. */
export function pick(app: App, layer: string): void {
  app.data.chooseLayer(layer);
  document.getElementById("data-file")?.click();
}

function layerList(app: App): TemplateResult {
  const order = (app.data.layers?.importable ?? []).map((layer) => layer.id);
  const rank = (id: string): number => order.indexOf(id.startsWith("fibre_") ? "fibre" : id);
  const layers = [...(app.data.layers?.layers ?? [])].sort((a, b) => rank(a.id) - rank(b.id));
  return html`<section class="panel-scroll"><h3 class="list-head">${t("data.layers")}</h3>${problemAt(app, "layers")}
    ${app.data.layers && layers.length === 0 ? html`<p class="note faint">${t("data.no_layers")}</p>` : nothing}
    <ul class="layer-list">${layers.map((layer) => layerRow(app, layer))}${(app.data.layers?.removed ?? []).map((layer) => removedRow(app, layer))}</ul></section>`;
}

/** The input that every button for files opens; it stands once in the page. */
function fileInput(app: App): TemplateResult {
  const chosen = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    void app.data.send(files);
  };
  return html`<input id="data-file" class="unseen" type="file" multiple tabindex="-1" aria-label=${t("data.choose")} data-testid="data-file" @change=${chosen} />`;
}

export function dataPanel(app: App): TemplateResult {
  const add = app.phone ? html`<button class="button is-primary" data-testid="add-layer" @click=${() => document.getElementById("data-file")?.click()}>${icon("plus", 16)} ${t("data.add")}</button>` : nothing;
  return html`<section class="panel" aria-label=${t("nav.data")}>
    <header class="panel-head"><h2>${t("data.title")}</h2><span class="grow"></span>${add}
      <button class="button" data-testid="open-export" @click=${() => app.data.show("export")}>${icon("download", 16)} ${t("data.export")}</button></header>
    ${fileInput(app)}${firstVisit(app)}${computeSection(app)}${layerList(app)}</section>`;
}
