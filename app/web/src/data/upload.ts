/** Right panel of the data view: a file is dropped, looked at, put right, and accepted or discarded. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { date, number } from "../format";
import { has, t } from "../i18n";
import { ready } from "../model";
import { icon, triangle } from "../views/icons";
import { isOver, type FindingRow, type Preview, type Severity } from "./contract";
import { fixes } from "./fixes";
import { columnName, layerName, layerTitle } from "./panel";

type Content = TemplateResult | typeof nothing;
const ROWS_SHOWN = 200;
const ROW_ZOOM = 13;
const BYTES_IN_MB = 1e6;

const BYTES_IN_KB = 1e3;

function size(bytes: number): string {
  if (bytes < BYTES_IN_MB / 10) return t("data.kb", { n: number(bytes / BYTES_IN_KB, 1) });
  return t("data.mb", { n: number(bytes / BYTES_IN_MB, bytes < 10 * BYTES_IN_MB ? 1 : 0) });
}

function layerSelect(app: App): TemplateResult {
  const choose = (event: Event): void => app.data.chooseLayer((event.target as HTMLSelectElement).value);
  return html`<label class="stacked"><span class="label">${t("data.layer")}</span><select class="select" data-testid="data-layer" @change=${choose}>
    ${(app.data.layers?.importable ?? []).map(({ id }) => html`<option value=${id} ?selected=${id === app.data.layer}>${layerTitle(id)}</option>`)}</select></label>`;
}

function problemHere(app: App): Content {
  const { problem } = app.data;
  return problem?.at === "upload" ? html`<p class="in-place bad" role="alert" data-testid="problem-upload">${problem.text}</p>` : nothing;
}

function undo(app: App): Content {
  const { imported } = app.data;
  if (!imported) return nothing;
  return html`<p class="in-place good" role="status" data-testid="imported">${icon("check", 14)} ${t("data.imported", { layer: layerName(imported.layer) })}
    <button class="link" data-testid="undo" @click=${() => void app.data.undo()}>${t("data.undo")}</button></p>`;
}

function dropZone(app: App): TemplateResult {
  const limit = app.data.layers?.largest_bytes ?? 0;
  const zone = (dragging: boolean) => (event: DragEvent): void => {
    event.preventDefault();
    if (app.data.dragging === dragging) return;
    app.data.dragging = dragging;
    app.update();
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    app.data.dragging = false;
    void app.data.send([...(event.dataTransfer?.files ?? [])]);
  };
  return html`<section class="panel-section">${undo(app)}${layerSelect(app)}
    <div class="drop ${app.data.dragging ? "is-over" : ""}" data-testid="drop" @dragover=${zone(true)} @dragenter=${zone(true)} @dragleave=${zone(false)} @drop=${drop}>
      ${icon("data", 28)}<p>${t("data.drop")}</p>
      <button class="button is-primary" data-testid="choose" @click=${() => document.getElementById("data-file")?.click()}>${t("data.choose")}</button>
      <p class="faint">${app.data.endings().join(" ")}</p><p class="faint">${t("data.limit", { size: size(limit) })}</p></div>
    ${problemHere(app)}<p class="faint">${t("data.safe")}</p></section>`;
}

function sendingCard(app: App): TemplateResult {
  const { sending } = app.data;
  const share = sending && sending.total_bytes > 0 ? (100 * sending.sent_bytes) / sending.total_bytes : 0;
  return html`<section class="panel-section" data-testid="sending"><div class="job-head"><b>${t("data.sending", { name: sending?.name ?? "" })}</b><span class="figure">${number(share)}&nbsp;%</span></div>
    <div class="progress" role="progressbar" aria-label=${t("data.sending", { name: "" })} aria-valuenow=${Math.round(share)}><i style="width:${share}%"></i></div></section>`;
}

const SEVERITIES: readonly Severity[] = ["error", "warning", "assumed"];

function counts(preview: Preview): TemplateResult {
  const shown = SEVERITIES.filter((severity) => preview.counts[severity] > 0);
  if (shown.length === 0) return html`<span class="tag good">${icon("check", 14)} ${t("data.no_findings")}</span>`;
  const style: Record<Severity, string> = { error: "bad", warning: "warn", assumed: "" };
  return html`${shown.map((severity) => html`<span class="tag ${style[severity]}" data-testid="count-${severity}" data-value=${preview.counts[severity]}>
    ${severity === "error" ? triangle() : nothing} ${t(`data.count.${severity}`, { count: preview.counts[severity], n: number(preview.counts[severity]) })}</span>`)}`;
}

function summary(preview: Preview): TemplateResult {
  const crs = [...new Set(preview.sources.map((source) => source.crs).filter(Boolean))].join(", ");
  const files = preview.files.map((file) => `${file.name} (${size(file.bytes)})`).join(", ");
  const old = preview.replaces.map((layer) => t("data.replaces_one", { n: number(layer.rows), source: layer.source, date: date(layer.imported_at) })).join("; ");
  return html`<dl class="record tight"><dt>${t("data.file")}</dt><dd>${files}</dd>
    <dt>${t("data.rows")}</dt><dd data-testid="preview-rows" data-value=${preview.rows}>${number(preview.rows)}</dd>
    ${crs ? html`<dt>${t("data.crs")}</dt><dd data-testid="preview-crs">${crs}</dd>` : nothing}
    ${old ? html`<dt>${t("data.replaces")}</dt><dd>${old}</dd>` : nothing}</dl><div class="chips">${counts(preview)}</div>`;
}

function problemBox(preview: Preview): Content {
  const { problem } = preview;
  if (!problem) return nothing;
  const own = `data.problem.${problem.code}`;
  return html`<p class="in-place bad" role="alert" data-testid="preview-problem" data-code=${problem.code}><b>${t("data.unread")}</b> ${has(own) ? t(own) : problem.detail}</p>`;
}

const place = (finding: FindingRow): string => [finding.sheet, finding.row === null ? null : t("data.row", { n: number(finding.row) })].filter(Boolean).join(", ");

/** Middle of the row's shape on the map; null where the sample has none. */
function placeOf(preview: Preview, finding: FindingRow): [lon: number, lat: number] | null {
  const feature = preview.sample.features.find(({ properties }) => properties?.["row"] === finding.row && properties?.["file"] === finding.file);
  const corners = feature && "coordinates" in feature.geometry ? (feature.geometry.coordinates as unknown[]).flat(4).filter((value): value is number => typeof value === "number") : [];
  const [lon, lat] = corners;
  return lon === undefined || lat === undefined ? null : [lon, lat];
}

function findingRow(app: App, preview: Preview, finding: FindingRow, isOneFile: boolean): TemplateResult {
  const at = finding.row === null ? null : placeOf(preview, finding);
  const value = [finding.value, finding.allowed ? t("data.allowed", { value: finding.allowed }) : null].filter(Boolean).join(" → ");
  return html`<tr data-testid="finding" data-code=${finding.code} data-row=${finding.row ?? ""} data-severity=${finding.severity} class="is-${finding.severity}">
    <td>${at ? html`<button class="link" title=${t("data.show_on_map")} @click=${() => app.map?.goTo(at[0], at[1], ROW_ZOOM)}>${place(finding)}</button>` : place(finding)}${isOneFile || !finding.file ? nothing : html`<small>${finding.file}</small>`}</td>
    <td>${finding.column ?? ""}</td><td class="wraps"><b>${finding.text}</b>${value ? html`<small>${value}</small>` : nothing}</td></tr>`;
}

function findings(app: App, preview: Preview): Content {
  if (preview.findings.length === 0) return nothing;
  const isOneFile = preview.files.length === 1;
  const hidden = preview.findings.length - ROWS_SHOWN;
  return html`<h3 class="list-head">${t("data.findings")}</h3><table class="table dense findings" data-testid="findings"><thead><tr>
    <th scope="col">${t("data.where")}</th><th scope="col">${t("data.column")}</th><th scope="col">${t("data.what")}</th></tr></thead>
    <tbody>${preview.findings.slice(0, ROWS_SHOWN).map((finding) => findingRow(app, preview, finding, isOneFile))}</tbody></table>
    ${hidden > 0 ? html`<p class="note faint">${t("data.more_findings", { n: number(hidden) })}</p>` : nothing}`;
}

function firstRows(preview: Preview): Content {
  const rows = preview.first_rows;
  const names = Object.keys(rows[0] ?? {}).filter((name) => rows.some((row) => row[name] !== null));
  if (names.length === 0) return nothing;
  return html`<h3 class="list-head">${t("data.first_rows")}</h3><div class="wide" tabindex="0" role="region" aria-label=${t("data.first_rows")}><table class="table dense first-rows" data-testid="first-rows"><thead><tr>${names.map((name) => html`<th scope="col" title=${name}>${columnName(name)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${names.map((name) => html`<td>${String(row[name] ?? "")}</td>`)}</tr>`)}</tbody></table></div>`;
}

function previewBody(app: App): TemplateResult {
  const { preview } = app.data;
  if (preview?.is === "failed") return html`<p class="in-place bad" role="alert">${preview.detail}</p>`;
  const value = ready(preview);
  if (!value) return html`<p class="note" data-testid="reading">${t("data.reading")}</p><div class="bones">${Array.from({ length: 8 }, () => html`<i class="bone row"></i>`)}</div>`;
  return html`<section class="panel-section">${problemBox(value)}${summary(value)}</section>${fixes(app, value)}${findings(app, value)}${firstRows(value)}`;
}

function foot(app: App): TemplateResult {
  const value = ready(app.data.preview);
  const busy = app.data.job !== null && !isOver(app.data.job);
  const refused = value === null || value.is_refused;
  return html`<footer class="panel-foot actions"><button class="button is-primary grow" data-testid="accept" ?disabled=${refused || busy} @click=${() => void app.data.accept()}>
    ${t("data.accept", { layer: layerName(app.data.upload?.layer ?? "") })}</button>
    <button class="button" data-testid="discard" ?disabled=${busy} @click=${() => void app.data.discard()}>${t("data.discard")}</button></footer>`;
}

export function uploadPanel(app: App): Content {
  const { upload, sending } = app.data;
  if (app.phone && !upload && !sending && !app.data.imported && app.data.problem?.at !== "upload") return nothing;
  const title = upload ? t("data.preview_of", { layer: layerName(upload.layer) }) : t("data.add_title");
  const body = sending ? sendingCard(app) : upload ? html`${problemHere(app)}<div class="panel-scroll">${previewBody(app)}</div>${foot(app)}` : dropZone(app);
  return html`<section class="panel" aria-label=${title} data-testid="upload-panel"><header class="panel-head"><h2>${title}</h2></header>${body}</section>`;
}
