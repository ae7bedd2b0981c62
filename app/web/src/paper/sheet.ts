/** What a print or a picture of the map says around it: title, legend, scale, source, dates, method, warning. */

import type { App } from "../app";
import { RSRP_RAMP } from "../classes";
import { STATUSES, type Status } from "../contract";
import { composed, date, dbm, metres, number, percent } from "../format";
import { has, t } from "../i18n";
import { classes, communeName, communeOf, coverageName, operator, ready, target, technology } from "../model";
import { planLegend } from "./plan-legend";
import { signalLegend } from "./signal-legend";

export type LegendEntry = { label: string } & ({ colour: string } | { status: Status });

export interface Sheet {
  title: string;
  subtitle: string;
  legendTitle: string;
  legend: LegendEntry[];
  /** Source, dates and method, a line each. */
  lines: string[];
  /** Written across the map where data are made up, else null. */
  watermark: string | null;
}

function shareEntries(app: App): LegendEntry[] {
  const { edges, colours } = classes(app.model, app.state);
  const all = colours.map((colour, index) => ({ colour, label: `${number(edges[index - 1] ?? 0)}–${percent((edges[index] ?? 100) / 100, 0)}` }));
  return all.filter((_, index) => !app.state.hidden.includes(index));
}

function statusEntries(app: App): LegendEntry[] {
  return STATUSES.filter((status) => app.state.statuses.includes(status)).map((status) => ({ status, label: t(`status.${status}`) }));
}

function rsrpEntries(): LegendEntry[] {
  return RSRP_RAMP.map(([from, colour]) => ({ colour, label: `≥ ${dbm(from)}` }));
}

function levels(app: App): Pick<Sheet, "legendTitle" | "legend"> {
  return coverageName(app.model, app.state) ? { legendTitle: t("legend.rsrp"), legend: rsrpEntries() } : { legendTitle: "", legend: [] };
}

function legendOf(app: App): Pick<Sheet, "legendTitle" | "legend"> {
  const tech = technology(app.model, app.state);
  const { view, metric } = app.state;
  if (view === "overview") return { legendTitle: t(`metric.legend.${metric}`, { tech }), legend: shareEntries(app) };
  if (view === "villages") return { legendTitle: t("help.status"), legend: statusEntries(app) };
  return signalLegend(app) ?? planLegend(app) ?? (view === "signal" ? levels(app) : { legendTitle: "", legend: [] });
}

function subtitle(app: App): string {
  const { state, model } = app;
  const who = operator(model, state);
  const goal = target(model, state);
  const place = communeOf(model, state.view === "villages" ? state.within : state.commune);
  return [
    technology(model, state),
    who === "all" ? t("kpi.all") : who,
    place ? communeName(place) : "",
    goal && state.view === "overview" ? t("top.target", { n: percent(goal.percent / 100, 0) }) : "",
  ].filter(Boolean).join(" · ");
}

/** Names of the input layers by whether they are made up. */
function layerNames(app: App, isSynthetic: boolean): string {
  const layers = ready(app.model.results)?.method.layers ?? {};
  const names = Object.entries(layers).filter(([, layer]) => (layer.synthetic === true) === isSynthetic);
  return [...new Set(names.map(([name]) => (has(`layer.${name}`) ? t(`layer.${name}`) : name)))].join(", ");
}

function sources(app: App): string[] {
  const layers = ready(app.model.results)?.method.layers ?? {};
  const named = Object.values(layers).filter((layer) => layer.synthetic !== true && layer.source);
  const from = [...new Set(named.map((layer) => layer.source as string))].slice(0, 4).join("; ");
  const made = layerNames(app, true);
  const lines = [from ? t("paper.source", { source: from }) : "", made ? t("paper.made", { made }) : ""];
  return lines.filter(Boolean);
}

function dates(app: App): string {
  const study = ready(app.model.study);
  const results = ready(app.model.results);
  const parts = [
    study?.data_as_of ? t("top.data_as_of", { date: date(study.data_as_of) }) : "",
    results ? t("paper.computed", { date: date(results.computed_on) }) : "",
    t("paper.drawn", { date: date(new Date().toISOString()) }),
  ];
  return parts.filter(Boolean).join(" · ");
}

function method(app: App): string {
  const results = ready(app.model.results);
  if (!results) return "";
  const model = String(results.method["model"] ?? "");
  const words = {
    id: String(results.method["id"] ?? ""),
    run: results.run,
    model: has(`method.model.${model}`) ? t(`method.model.${model}`) : model,
    grid: metres(results.method.grid?.cell_size_m ?? null),
  };
  return t("paper.method", words);
}

export function sheetOf(app: App): Sheet {
  const study = ready(app.model.study);
  const view = t(`nav.${app.state.view}`);
  return {
    title: [composed(study?.name ?? "PhuSong"), view].join(" · "),
    subtitle: subtitle(app),
    ...legendOf(app),
    lines: [dates(app), method(app), ...sources(app)].filter(Boolean),
    watermark: study?.is_synthetic ? t("paper.watermark") : null,
  };
}

/** Longest round distance (1, 2, 5 times a power of ten) that fits, with its length in pixels. */
export function scaleBar(metres_per_px: number, most_px: number): { length_m: number; width_px: number } {
  const most_m = metres_per_px * most_px;
  const power = 10 ** Math.floor(Math.log10(most_m));
  const factor = [5, 2, 1].find((step) => step * power <= most_m) ?? 1;
  return { length_m: factor * power, width_px: (factor * power) / metres_per_px };
}

const EQUATOR_M = 40_075_016.686;
const WORLD_PX = 512;

/** Ground distance of a pixel of the map in Web Mercator. */
export function metresPerPixel(lat_deg: number, zoom: number): number {
  return (EQUATOR_M * Math.cos((lat_deg * Math.PI) / 180)) / (WORLD_PX * 2 ** zoom);
}

export function scaleText(length_m: number): string {
  return length_m >= 1000 ? `${number(length_m / 1000)}\u00a0km` : `${number(length_m)}\u00a0m`;
}
