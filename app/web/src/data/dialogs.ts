/** Dialogs of the data view: the method and the targets, and files to take away. */

import { html, nothing, type TemplateResult } from "lit-html";
import { address, exportAddress } from "../api";
import type { App } from "../app";
import { has, t } from "../i18n";
import { coverageName, operator, ready, technology } from "../model";
import { icon } from "../views/icons";
import type { MethodAnswer, TargetRecord } from "./contract";
import { layerTitle } from "./panel";

type Content = TemplateResult | typeof nothing;

const MODEL_WORDS = "method.model";
const PERCENT = 100;
const words = (prefix: string, key: string): string => (has(`${prefix}.${key}`) ? t(`${prefix}.${key}`) : key);

function shell(app: App, name: string, title: string, body: TemplateResult, foot: Content = nothing): TemplateResult {
  const close = (): void => app.data.show(null);
  return html`<dialog class="dialog" data-testid="${name}-dialog" aria-labelledby="dialog-title" @close=${close} @click=${(event: Event) => event.target === event.currentTarget && close()}>
    <div class="dialog-box"><header class="panel-head"><h2 id="dialog-title" class="display">${title}</h2><span class="grow"></span>
      <button class="icon-button" aria-label=${t("top.close")} data-testid="dialog-close" @click=${close}>${icon("close", 18)}</button></header>
    <div class="dialog-body" tabindex="-1">${body}</div>${foot}</div></dialog>`;
}

interface Field {
  name: string;
  value: number | null;
  step: number;
  unit: string;
  isOptional?: boolean;
}

function numberField(field: Field): TemplateResult {
  const label = t(`data.method.${field.name.replace(".", "_")}`);
  return html`<label class="setting"><span>${label}</span><span class="with-unit"><input class="field figure" type="number" inputmode="decimal" step=${field.step}
    name=${field.name} data-testid="setting-${field.name}" ?required=${!field.isOptional} .value=${field.value === null ? "" : String(field.value)} /><small>${field.unit}</small></span></label>`;
}

function choice(name: string, label: string, chosen: string, options: readonly [value: string, text: string][]): TemplateResult {
  return html`<label class="setting"><span>${label}</span><select class="select" name=${name} data-testid="setting-${name}">
    ${options.map(([value, text]) => html`<option value=${value} ?selected=${value === chosen}>${text}</option>`)}</select></label>`;
}

const round = (value: number): number => Math.round(value * 1e4) / 1e4;

function methodFields({ method, choices }: MethodAnswer): TemplateResult {
  const models = (choices["models"] ?? []).map((name): [string, string] => [name, words(MODEL_WORDS, name)]);
  const same: [string, string] = ["", t("data.method.same_model")];
  const technologies = choices["technologies"] ?? [];
  return html`<h3>${t("data.method.title")}</h3><div class="settings">
    ${technologies.map((tech) => numberField({ name: `threshold.${tech}`, value: method.threshold_dbm[tech] ?? null, step: 0.5, unit: "dBm" }))}
    ${numberField({ name: "location_probability", value: round(method.location_probability * PERCENT), step: 0.1, unit: "%" })}
    ${numberField({ name: "load", value: round(method.load * PERCENT), step: 0.1, unit: "%" })}
    ${numberField({ name: "min_sinr_db", value: method.min_sinr_db, step: 0.1, unit: "dB", isOptional: true })}
    ${numberField({ name: "receiver_height_m", value: method.receiver_height_m, step: 0.1, unit: "m" })}
    ${numberField({ name: "served_share", value: round(method.village_rule.served_share * PERCENT), step: 0.1, unit: "%" })}
    ${choice("model", t("data.method.model"), method.model, models)}
    ${technologies.map((tech) => choice(`model.${tech}`, t("data.method.model_of", { tech }), method.models[tech] ?? "", [same, ...models]))}
    ${choice("indoor_class", t("data.method.indoor"), method.indoor_class ?? "", [["", t("data.method.outdoor")], ...(choices["indoor_classes"] ?? []).map((name): [string, string] => [name, words("data.method.indoor_class", name)])])}
  </div>`;
}

function targetFields(app: App, { choices }: MethodAnswer): TemplateResult {
  const targets = ready(app.model.study)?.targets ?? {};
  const rows = (choices["target_technologies"] ?? []).map((tech) => {
    const target = targets[tech];
    const label = (part: string): string => `${tech}: ${t(`data.target.${part}`)}`;
    return html`<tr><th scope="row">${tech}</th>
      <td><input class="field figure" type="number" min="0.01" max="100" step="any" name="percent.${tech}" data-testid="target-${tech}" aria-label=${label("percent")} .value=${target ? String(target.percent) : ""} /></td>
      <td><input class="field figure" type="number" min="2000" max="2100" name="year.${tech}" data-testid="target-year-${tech}" aria-label=${label("year")} .value=${target?.year ? String(target.year) : ""} /></td>
      <td><input class="field" name="source.${tech}" maxlength="400" aria-label=${label("source")} .value=${target?.source ?? ""} /></td></tr>`;
  });
  return html`<h3>${t("data.target.title")}</h3><p class="faint">${t("data.target.lead")}</p><table class="table targets"><thead><tr><th scope="col">${t("kpi.technology")}</th>
    <th scope="col">${t("data.target.percent")}</th><th scope="col">${t("data.target.year")}</th><th scope="col">${t("data.target.source")}</th></tr></thead><tbody>${rows}</tbody></table>`;
}

const numberOf = (form: FormData, name: string): number | null => {
  const text = String(form.get(name) ?? "").trim();
  return text === "" ? null : Number(text);
};

/** Share that a per cent stands for; what the reader left empty stays empty, and the server tells so. */
const shareOf = (form: FormData, name: string): number | null => {
  const value = numberOf(form, name);
  return value === null ? null : round(value) / PERCENT;
};

/** What the form says, in the words of the interface. */
export function methodChanges(form: FormData, technologies: readonly string[]): Record<string, unknown> {
  const own = technologies.map((tech): [string, string] => [tech, String(form.get(`model.${tech}`) ?? "")]).filter(([, model]) => model !== "");
  return {
    threshold_dbm: Object.fromEntries(technologies.map((tech) => [tech, numberOf(form, `threshold.${tech}`)])),
    location_probability: shareOf(form, "location_probability"),
    load: shareOf(form, "load"),
    min_sinr_db: numberOf(form, "min_sinr_db"),
    receiver_height_m: numberOf(form, "receiver_height_m"),
    village_rule: { served_share: shareOf(form, "served_share") },
    model: String(form.get("model") ?? ""),
    models: Object.fromEntries(own),
    indoor_class: String(form.get("indoor_class") ?? "") || null,
  };
}

export function targetChanges(form: FormData, technologies: readonly string[]): Record<string, TargetRecord> {
  const rows = technologies.map((tech): [string, TargetRecord | null] => {
    const percent = numberOf(form, `percent.${tech}`);
    const year = numberOf(form, `year.${tech}`) ?? new Date().getFullYear();
    return [tech, percent === null ? null : { percent, year, source: String(form.get(`source.${tech}`) ?? "") }];
  });
  return Object.fromEntries(rows.filter((row): row is [string, TargetRecord] => row[1] !== null));
}

function settingsDialog(app: App): TemplateResult {
  const { settings, problem } = app.data;
  const save = (event: Event): void => {
    event.preventDefault();
    if (!settings) return;
    const form = new FormData(event.target as HTMLFormElement);
    const bands = Object.fromEntries(Object.entries(settings.method.models).filter(([key]) => !settings.choices["technologies"]?.includes(key)));
    const changes = methodChanges(form, settings.choices["technologies"] ?? []);
    const models = { ...bands, ...(changes["models"] as Record<string, string>) };
    void app.data.saveSettings({ ...changes, models }, targetChanges(form, settings.choices["target_technologies"] ?? []));
  };
  const body = settings
    ? html`<form id="settings-form" @submit=${save}><p class="faint">${t("data.method.lead")}</p>${methodFields(settings)}${targetFields(app, settings)}
        ${problem?.at === "settings" ? html`<p class="in-place bad" role="alert" data-testid="problem-settings">${problem.text}</p>` : nothing}</form>`
    : html`<p class="note">${problem?.at === "settings" ? problem.text : t("top.loading")}</p>`;
  const foot = html`<footer class="panel-foot actions"><button class="button is-primary" form="settings-form" data-testid="save-settings" ?disabled=${!settings}>${t("data.save")}</button>
    <button class="button" @click=${() => app.data.show(null)}>${t("data.discard_changes")}</button></footer>`;
  return shell(app, "settings", t("data.settings"), body, foot);
}

const LISTS: readonly [kind: string, formats: readonly string[]][] = [
  ["villages", ["xlsx", "csv", "geojson", "gpkg"]],
  ["communes", ["xlsx", "csv", "geojson", "gpkg"]],
];
const RESULTS = ["rsrp", "sinr", "throughput", "served", "server"] as const;
const INPUTS = ["terrain", "population", "clutter"] as const;

/** The village list as it is narrowed on the page now. */
function filterOf(app: App, kind: string): Record<string, string | undefined> {
  if (kind !== "villages") return {};
  const { statuses, within } = app.state;
  return { status: statuses.join(","), commune_code: within ?? undefined };
}

function listLinks(app: App, kind: string, formats: readonly string[]): TemplateResult {
  const filter = filterOf(app, kind);
  const told = kind === "villages" ? app.state.statuses.map((status) => t(`status.${status}`)).join(", ") : "";
  return html`<tr><th scope="row">${t(`export.${kind}`)}${told ? html`<small>${t("data.exports.filter", { told })}</small>` : nothing}</th>
    <td>${formats.map((format) => html`<a class="button" download data-testid="get-${kind}-${format}" href=${exportAddress(`${kind}.${format}`, filter)}>${icon("download", 16)} ${t(`export.${format}`)}</a>`)}</td></tr>`;
}

function rasterLink(name: string, parameters: Record<string, string>): TemplateResult {
  const query = new URLSearchParams(parameters);
  const label = has(`layer.${name}`) ? layerTitle(name) : t(`data.raster.${name}`);
  return html`<a class="button" download data-testid="get-raster-${name}" href=${`${address(`exports/rasters/${name}.tif`)}${query.size ? `?${query}` : ""}`}>${icon("download", 16)} ${label}</a>`;
}

/** Tiles as files, for maps without a server: the layers, and the signal chosen on the page. */
function archives(app: App): Content {
  const study = ready(app.model.study);
  if (!study?.layers["communes"]) return nothing;
  const signal = coverageName(app.model, app.state);
  const names: [name: string, label: string][] = [["vector", t("data.exports.vector")], ...(signal ? [[signal, t("data.raster.rsrp")] as [string, string]] : [])];
  return html`<tr><th scope="row">${t("data.exports.tiles")}<small>PMTiles</small></th><td>${names.map(
    ([name, label]) => html`<a class="button" download data-testid="get-tiles" href=${address(`exports/tiles/${name}.pmtiles`)}>${icon("download", 16)} ${label}</a>`,
  )}</td></tr>`;
}

function exportDialog(app: App): TemplateResult {
  const study = ready(app.model.study);
  const computed = ready(app.model.results) !== null;
  const inputs = INPUTS.filter((name) => study?.layers[name]);
  const shown = technology(app.model, app.state);
  const service = { technology: shown.split("+")[0] ?? shown, operator: operator(app.model, app.state) };
  const who = service.operator === "all" ? t("kpi.all") : service.operator;
  const body = html`<p class="faint">${t("data.exports.lead")}</p>
    ${computed ? nothing : html`<p class="in-place warn">${t("data.not_computed")}</p>`}
    <table class="table exports"><tbody>${computed ? LISTS.map(([kind, formats]) => listLinks(app, kind, formats)) : nothing}
    ${computed ? html`<tr><th scope="row">${t("data.exports.results")}<small>${service.technology}, ${who}</small></th><td>${RESULTS.map((name) => rasterLink(name, service))}</td></tr>` : nothing}
    ${inputs.length ? html`<tr><th scope="row">${t("data.exports.inputs")}<small>COG</small></th><td>${inputs.map((name) => rasterLink(name, {}))}</td></tr>` : nothing}${archives(app)}</tbody></table>`;
  return shell(app, "export", t("export.title"), body);
}

export function dataDialogs(app: App): Content {
  if (app.data.dialog === "settings") return settingsDialog(app);
  if (app.data.dialog === "export") return exportDialog(app);
  return nothing;
}
