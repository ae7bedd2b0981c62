/** What the reader may put right: the sheet, the CRS, and what each column means. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { t } from "../i18n";
import type { Preview, Reading } from "./contract";
import { columnName } from "./panel";

type Content = TemplateResult | typeof nothing;

/** Systems that lists in Vietnam come in, by the code people know. */
const SYSTEMS: readonly [code: string, name: string][] = [
  ["EPSG:4326", "WGS 84"],
  ["EPSG:4756", "VN-2000"],
  ["EPSG:3405", "VN-2000 / UTM 48N"],
  ["EPSG:3406", "VN-2000 / UTM 49N"],
  ["EPSG:9205", "VN-2000 / TM-3 103-00"],
  ["EPSG:9206", "VN-2000 / TM-3 104-00"],
  ["EPSG:9207", "VN-2000 / TM-3 104-30"],
  ["EPSG:9208", "VN-2000 / TM-3 104-45"],
  ["EPSG:5897", "VN-2000 / TM-3 105-00"],
  ["EPSG:9209", "VN-2000 / TM-3 105-30"],
  ["EPSG:9210", "VN-2000 / TM-3 105-45"],
  ["EPSG:9211", "VN-2000 / TM-3 106-00"],
  ["EPSG:9212", "VN-2000 / TM-3 106-15"],
  ["EPSG:9213", "VN-2000 / TM-3 106-30"],
  ["EPSG:9214", "VN-2000 / TM-3 107-00"],
  ["EPSG:9215", "VN-2000 / TM-3 107-15"],
  ["EPSG:9216", "VN-2000 / TM-3 107-30"],
  ["EPSG:5899", "VN-2000 / TM-3 107-45"],
  ["EPSG:5898", "VN-2000 / TM-3 108-00"],
  ["EPSG:9217", "VN-2000 / TM-3 108-15"],
  ["EPSG:9218", "VN-2000 / TM-3 108-30"],
  ["EPSG:32648", "WGS 84 / UTM 48N"],
  ["EPSG:32649", "WGS 84 / UTM 49N"],
];

function change(app: App, part: Partial<Reading>): void {
  void app.data.look({ ...app.data.reading, ...part });
}

function sheetChoice(app: App, preview: Preview): Content {
  const names = [...new Set(Object.values(preview.sheets).flat())];
  if (names.length < 2) return nothing;
  const chosen = app.data.reading.sheet ?? preview.sources[0]?.sheet ?? "";
  return html`<label class="stacked"><span class="label">${t("data.sheet")}</span><select class="select" data-testid="fix-sheet" @change=${(event: Event) => change(app, { sheet: (event.target as HTMLSelectElement).value || null })}>
    <option value="">${t("data.choose_one")}</option>${names.map((name) => html`<option value=${name} ?selected=${name === chosen}>${name}</option>`)}</select></label>`;
}

function crsChoice(app: App): TemplateResult {
  const set = (event: Event): void => change(app, { crs: (event.target as HTMLInputElement).value.trim().split(" ")[0] || null });
  return html`<label class="stacked"><span class="label">${t("data.crs")}</span><input class="field" list="crs-list" data-testid="fix-crs" placeholder=${t("data.crs_own")} .value=${app.data.reading.crs ?? ""} @change=${set} />
    <datalist id="crs-list">${SYSTEMS.map(([code, name]) => html`<option value=${code}>${name}</option>`)}</datalist></label>`;
}

function columnRow(app: App, preview: Preview, header: string): TemplateResult {
  const meaning = Object.entries(preview.sources[0]?.columns ?? {}).find(([, name]) => name === header)?.[0] ?? "";
  const chosen = app.data.reading.columns[header] ?? meaning;
  const set = (event: Event): void => {
    const target = (event.target as HTMLSelectElement).value;
    const columns = Object.fromEntries(Object.entries(app.data.reading.columns).filter(([name, to]) => name !== header && to !== target));
    change(app, { columns: target ? { ...columns, [header]: target } : columns });
  };
  return html`<tr><th scope="row" title=${header}>${header}</th><td><select class="select" aria-label=${header} data-testid="fix-column" data-header=${header} @change=${set}>
    <option value="">${t("data.ignored")}</option>${preview.targets.map(({ name, is_required }) => html`<option value=${name} ?selected=${name === chosen}>${columnName(name)}${is_required ? " *" : ""}</option>`)}</select></td></tr>`;
}

/** Columns that are needed and that no header stands for. */
function lacking(preview: Preview): string[] {
  const known = Object.keys(preview.sources[0]?.columns ?? {});
  return preview.targets.filter((target) => target.is_required && !known.includes(target.name)).map((target) => target.name);
}

export function fixes(app: App, preview: Preview): Content {
  if (preview.targets.length === 0 && preview.layer === "antennas") return nothing;
  const headers = preview.sources[0]?.headers ?? [];
  const open = preview.is_refused || app.data.reading.sheet !== null;
  const missing = lacking(preview);
  return html`<details class="fixes" ?open=${open} data-testid="fixes"><summary>${t("data.fix")}</summary>
    <div class="fix-fields">${sheetChoice(app, preview)}${crsChoice(app)}</div>
    ${headers.length && preview.targets.length
      ? html`<table class="table dense columns"><caption class="unseen">${t("data.columns")}</caption><thead><tr><th scope="col">${t("data.header")}</th><th scope="col">${t("data.means")}</th></tr></thead>
        <tbody>${headers.map((header) => columnRow(app, preview, header))}</tbody></table>`
      : nothing}
    ${missing.length && headers.length ? html`<p class="note faint">${t("data.lacking", { columns: missing.map(columnName).join(", ") })}</p>` : nothing}</details>`;
}
