/** The form of a chosen mast: every value by number, most by slider, and what is assumed. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { coordinates, metres, number } from "../format";
import { has, t } from "../i18n";
import { ready } from "../model";
import { icon } from "../views/icons";
import { assumedCost, isAssumedCost } from "./cost";
import { azimuthsIn } from "./geometry";
import type { Addition } from "./plan";

type Content = TemplateResult | typeof nothing;
type Numeric = "height_m" | "power_dbm" | "downtilt_deg";

interface Range {
  low: number;
  high: number;
  step: number;
}

/** Sliders reach what is usual; the number beside them takes all the server allows. */
const SLIDERS: Record<Numeric, Range> = {
  height_m: { low: 10, high: 100, step: 1 },
  power_dbm: { low: 20, high: 60, step: 1 },
  downtilt_deg: { low: -5, high: 15, step: 1 },
};
const UNITS: Record<Numeric, string> = { height_m: "m", power_dbm: "dBm", downtilt_deg: "°" };
const ALLOWED: Record<Numeric, "antenna_height_m" | "power_dbm" | "downtilt_deg"> = { height_m: "antenna_height_m", power_dbm: "power_dbm", downtilt_deg: "downtilt_deg" };

function setNumber(app: App, name: Numeric, value: number): void {
  const { whatif } = app;
  const own = whatif.chosenCarrier();
  const options = ready(whatif.usual.options);
  if (!own || !Number.isFinite(value)) return;
  const [low, high] = options?.ranges[ALLOWED[name]] ?? [-Infinity, Infinity];
  const within = Math.min(high, Math.max(low, value));
  // A cost that was read off the height goes on following it.
  const follows = name === "height_m" && options && isAssumedCost(options, own.height_m, own.cost_mvnd);
  whatif.change({ [name]: within, ...(follows ? { cost_mvnd: assumedCost(options, within) } : {}) }, name);
}

function numeric(app: App, own: Addition, name: Numeric): TemplateResult {
  const { low, high, step } = SLIDERS[name];
  const isAssumed = own[name] === null;
  const value = own[name] ?? app.whatif.usual.of(own)?.[name] ?? 0;
  const label = t(`whatif.${name}`);
  const read = (event: Event): void => setNumber(app, name, (event.target as HTMLInputElement).valueAsNumber);
  const stepBy = (by: number) => (): void => setNumber(app, name, value + by);
  const slider = app.phone
    ? html`<span class="stepper"><button class="button" aria-label="${label} −" @click=${stepBy(-step)}>−</button><button class="button" aria-label="${label} +" @click=${stepBy(step)}>+</button></span>`
    : html`<input type="range" aria-label=${label} min=${low} max=${high} step=${step} .value=${String(value)} data-testid="slider-${name}" @input=${read} @change=${() => app.whatif.settle()} />`;
  return html`<span class="label">${label}</span>${slider}
    <span class="amount"><input class="field small figure" type="number" step="any" aria-label="${label} (${UNITS[name]})" data-testid=${name} .value=${String(value)} @change=${(event: Event) => { read(event); app.whatif.settle(); }} /><small class=${isAssumed ? "assumed" : ""} title=${isAssumed ? t("whatif.assumed_value") : nothing}>${UNITS[name]}${isAssumed ? " *" : ""}</small></span>`;
}

function setTechnology(app: App, tech: string): void {
  const own = app.whatif.chosenCarrier();
  const band = app.whatif.usual.band(tech, own?.operator ?? null);
  if (band) app.whatif.change({ technology: tech, band: band.band, power_dbm: band.power_dbm, downtilt_deg: band.downtilt_deg });
}

function setBand(app: App, name: string): void {
  const own = app.whatif.chosenCarrier();
  const band = app.whatif.usual.bands(own?.technology ?? null).find((one) => one.band === name);
  if (band) app.whatif.change({ band: name, power_dbm: band.power_dbm, downtilt_deg: band.downtilt_deg });
}

function segments(label: string, values: readonly string[], chosen: string | null, testid: string, choose: (value: string) => void): TemplateResult {
  return html`<span class="label">${label}</span><div class="segments wide" role="group" aria-label=${label}>${values.map(
    (value) => html`<button class=${value === chosen ? "is-chosen" : ""} aria-pressed=${value === chosen} data-testid="${testid}-${value}" @click=${() => choose(value)}>${value}</button>`,
  )}</div>`;
}

function operators(app: App, own: Addition): TemplateResult {
  const known = ready(app.whatif.usual.options)?.operators ?? [];
  const all = own.operator === null || known.includes(own.operator) ? known : [...known, own.operator];
  const choose = (event: Event): void => app.whatif.change({ operator: (event.target as HTMLSelectElement).value || null });
  return html`<span class="label">${t("whatif.operator")}</span><select class="select wide" aria-label=${t("whatif.operator")} data-testid="mast-operator" @change=${choose}>
    ${all.map((name) => html`<option value=${name} ?selected=${name === own.operator}>${name}</option>`)}</select>`;
}

/** Where nobody looks in a direction the antenna is omni. */
function sectors(app: App, own: Addition): TemplateResult {
  const azimuths = own.azimuths_deg;
  const isOmni = azimuths !== null && azimuths.length === 0;
  const usual = app.whatif.usual.of(own)?.azimuths_deg ?? [0, 120, 240];
  const most = ready(app.whatif.usual.options)?.most_sectors ?? 12;
  const read = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const found = azimuthsIn(input.value, most);
    input.setCustomValidity(found === null ? t("whatif.azimuths_wrong", { most: String(most) }) : "");
    if (found === null) input.reportValidity();
    else app.whatif.change({ azimuths_deg: found });
  };
  return html`<span class="label">${t("whatif.sectors")}</span><div class="sectors wide"><div class="segments" role="group" aria-label=${t("whatif.sectors")}>
      <button class=${isOmni ? "is-chosen" : ""} aria-pressed=${isOmni} data-testid="omni" @click=${() => app.whatif.change({ azimuths_deg: [] })}>${t("whatif.omni")}</button>
      <button class=${isOmni ? "" : "is-chosen"} aria-pressed=${!isOmni} data-testid="sectors" @click=${() => isOmni && app.whatif.change({ azimuths_deg: [...usual] })}>${isOmni ? t("whatif.three") : t("whatif.directions", { n: String(azimuths?.length ?? usual.length) })}</button></div>
    ${isOmni ? nothing : html`<input class="field small" aria-label=${t("whatif.azimuths")} title=${t("whatif.azimuths")} data-testid="azimuths" .value=${(azimuths ?? usual).join(" · ")} @change=${read} />`}</div>`;
}

function position(app: App, own: Addition): TemplateResult {
  const read = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const parts = input.value.replace(/,(?=\d)/g, ".").match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];
    const [lat, lon] = parts;
    const isPlace = parts.length === 2 && lat !== undefined && lon !== undefined && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
    input.setCustomValidity(isPlace ? "" : t("whatif.place_wrong"));
    if (isPlace) app.whatif.relocate(own.site_id, { lon, lat });
    else input.reportValidity();
  };
  return html`<span class="label">${t("whatif.position")}</span><input class="field small wide" data-testid="position" aria-label=${t("whatif.position")} title=${t("whatif.position_hint")} .value=${coordinates(own.lat_deg, own.lon_deg)} @change=${read} />`;
}

function cost(app: App, own: Addition): TemplateResult {
  const options = ready(app.whatif.usual.options);
  const read = (event: Event): void => {
    const { value, valueAsNumber } = event.target as HTMLInputElement;
    app.whatif.change({ cost_mvnd: value === "" ? null : Math.max(0, valueAsNumber) });
  };
  const isAssumed = isAssumedCost(options, own.height_m, own.cost_mvnd);
  return html`<span class="label">${t("whatif.cost")}</span><span class="amount wide"><input class="field small figure" type="number" min="0" step="any" data-testid="cost" aria-label=${t("whatif.cost_label")} .value=${own.cost_mvnd === null ? "" : String(own.cost_mvnd)} @change=${read} />
    <small>${t("whatif.mvnd")}${isAssumed ? html` · <span class="assumed">${t("whatif.cost_assumed")}</span>` : nothing}</small></span>`;
}

function tabs(app: App, sites: readonly string[]): Content {
  const { whatif } = app;
  if (sites.length < 2 && whatif.carriers().length < 2) return nothing;
  return html`<div class="chips mast-chips" role="group" aria-label=${t("whatif.masts")}>${sites.map(
    (site) => html`<button class="chip ${site === whatif.chosen ? "is-chosen" : ""}" aria-pressed=${site === whatif.chosen} data-testid="mast-tab" data-site=${site} @click=${() => whatif.choose(site)}>${whatif.title(site)}</button>`,
  )}${whatif.carriers().length > 1 ? whatif.carriers().map((one, index) => html`<button class="chip ${index === whatif.carrier ? "is-chosen" : ""}" aria-pressed=${index === whatif.carrier} @click=${() => { whatif.carrier = index; app.update(); }}>${one.technology} ${one.band}</button>`) : nothing}</div>`;
}

const assumedName = (column: string): string => (has(`whatif.column.${column}`) ? t(`whatif.column.${column}`) : column);

/** Values nobody gave, by name: they are usual ones and may be wrong for this mast. */
export function assumedNote(app: App): Content {
  const assumed = app.whatif.answer?.scenarios[1]?.assumed ?? [];
  if (assumed.length === 0) return nothing;
  return html`<p class="note faint" data-testid="assumed">${t("whatif.assumed", { names: assumed.map(assumedName).join(", ") })}</p>`;
}

export function mastForm(app: App, sites: readonly string[]): Content {
  const own = app.whatif.chosenCarrier();
  if (!own) return nothing;
  const technologies = ready(app.whatif.usual.options)?.technologies ?? [];
  const bands = app.whatif.usual.bands(own.technology).map((one) => one.band);
  const shown = bands.includes(own.band) ? bands : [...bands, own.band];
  return html`<section class="panel-section">${tabs(app, sites)}
    <div class="mast-fields">${position(app, own)}
      ${numeric(app, own, "height_m")}${numeric(app, own, "power_dbm")}${numeric(app, own, "downtilt_deg")}
      ${segments(t("whatif.technology"), technologies, own.technology, "mast-tech", (value) => setTechnology(app, value))}
      ${segments(t("whatif.band"), shown, own.band, "band", (value) => setBand(app, value))}
      ${sectors(app, own)}${operators(app, own)}${cost(app, own)}</div>
    <p class="mast-acts"><span class="faint">${t("whatif.keys", { near: metres(10), far: metres(100) })}</span>
      <button class="quiet" data-testid="delete-mast" @click=${() => app.whatif.remove(own.site_id)}>${icon("close", 16)} ${t("whatif.delete_mast")}</button></p></section>`;
}

export function removedSites(app: App): Content {
  const { removed_sites: removed, removed_cells: cells, edits } = app.whatif.plan;
  if (removed.length + cells.length + edits.length === 0) return nothing;
  return html`<section class="panel-section"><p class="label">${t("whatif.off_air")}</p>
    <ul class="plain-list">${removed.map((site) => html`<li><b>${site}</b><button class="link" data-testid="switch-on" @click=${() => app.whatif.switchOn(site)}>${t("whatif.switch_on")}</button></li>`)}
      ${cells.length + edits.length === 0 ? nothing : html`<li class="faint">${t("whatif.other_changes", { n: number(cells.length + edits.length) })}</li>`}</ul></section>`;
}
