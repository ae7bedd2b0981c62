/** What the signal view has loaded and what is chosen in it; the page's controller holds one. */

import type { App } from "../app";
import { Problem } from "../api";
import { t } from "../i18n";
import { operator, ready, technology, WAITING, type Loadable } from "../model";
import type { Cluster, CodeLayer, Distribution, Footprint, PathReading, PlaceReason, Properties, SiteReading } from "./contract";
import { angle, bearingOf } from "./geometry";
import { codeColours, reliefColour } from "./recolour";
import { fetchCluster, fetchDistribution, fetchFootprint, fetchLayers, fetchPath, fetchReason, fetchSite } from "./requests";

export type Tool = "path" | "measure";
export type Place = [lon: number, lat: number];

/** Slider, dB against the threshold of the method. */
export const LEAST_ABOVE_DB = -20;
export const MOST_ABOVE_DB = 60;

/** Nobody in reach is the colour of the land, which is dark in the dark theme. */
const NOBODY_DARK = "#26343B";

function darkened(layer: CodeLayer): CodeLayer {
  if (layer.kind !== "operators") return layer;
  return { ...layer, classes: layer.classes.map((one) => (one.from === 0 ? { ...one, colour: NOBODY_DARK } : one)) };
}

export class SignalDesk {
  layers: Loadable<CodeLayer[]> | null = null;
  private readonly distributions = new Map<string, Loadable<Distribution>>();
  site: Loadable<SiteReading> | null = null;
  footprint: Loadable<Footprint> | null = null;
  cluster: Loadable<Cluster> | null = null;
  reason: Loadable<PlaceReason> | null = null;
  path: Loadable<PathReading> | null = null;
  tool: Tool | null = null;
  places: Place[] = [];
  heights_m: [number, number] = [30, 1.5];
  frequency_mhz = 900;
  /** Counts what changes on the map besides the page's state. */
  revision = 0;
  private siteAsked: string | null = null;
  private clusterAsked: string | null = null;
  private dragged: number | null = null;

  constructor(private readonly app: App) {}

  private async load<T>(request: Promise<T>, put: (outcome: Loadable<T>) => void): Promise<void> {
    put(WAITING);
    this.app.update();
    try {
      put({ is: "ready", value: await request });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      put({ is: "failed", status: error.status, detail: error.status === 0 ? t("error.offline") : error.message });
    }
    this.revision += 1;
    this.loadWhatIsNeeded();
    this.app.update();
  }

  loadWhatIsNeeded(): void {
    const { state } = this.app;
    this.loadCluster(state.view === "villages" ? state.village : null);
    if (state.view !== "signal") return;
    if (this.layers === null) void this.load(fetchLayers(), (outcome) => (this.layers = outcome));
    const layer = this.layer();
    if (layer && !this.distributions.has(layer.id)) {
      void this.load(fetchDistribution(layer.id), (outcome) => this.distributions.set(layer.id, outcome));
    }
    this.loadSite(state.site);
  }

  private loadSite(id: string | null): void {
    if (id === this.siteAsked) return;
    this.siteAsked = id;
    this.site = this.footprint = null;
    this.revision += 1;
    if (id !== null) void this.load(fetchSite(id), (outcome) => (this.siteAsked === id ? (this.site = outcome) : null));
  }

  private loadCluster(village: string | null): void {
    const known = ready(this.app.model.village);
    const wanted = village !== null && known?.village_id === village && known.status === "patchy" ? village : null;
    if (wanted === this.clusterAsked) return;
    this.clusterAsked = wanted;
    this.cluster = null;
    this.revision += 1;
    if (wanted !== null) void this.load(fetchCluster(wanted), (outcome) => (this.clusterAsked === wanted ? (this.cluster = outcome) : null));
  }

  /** Opens a site; in the villages view its path to the chosen village is drawn instead. */
  openSite(id: string): void {
    const village = this.app.state.view === "villages" ? ready(this.app.model.village) : null;
    if (!village) return this.app.store.set({ site: id, cell: null, ...(this.app.state.view === "signal" ? {} : { view: "signal" as const }) });
    void fetchSite(id).then(({ site, cells }) => {
      const bearing_deg = bearingOf([site.lon, site.lat], [village.lon, village.lat]);
      const turn = (cell: Properties): number => (cell["azimuth_deg"] === null ? 0 : angle(Number(cell["azimuth_deg"]), bearing_deg));
      const [nearest] = [...cells].sort((a, b) => turn(a) - turn(b) || Number(a["frequency_mhz"]) - Number(b["frequency_mhz"]));
      if (nearest) this.app.store.set({ cell: String(nearest["cell_id"]) });
    });
  }

  loadFootprint(cell: string | null): void {
    this.footprint = null;
    this.revision += 1;
    if (cell === null) return this.app.update();
    void this.load(fetchFootprint(cell), (outcome) => (this.footprint = outcome));
  }

  loadReason(lon: number, lat: number): void {
    void this.load(fetchReason(lon, lat), (outcome) => (this.reason = outcome));
  }

  /** The layer that the chips, technology and operator ask for; null where the study has none. */
  layer(): CodeLayer | null {
    const { model, state } = this.app;
    const [tech, who] = [technology(model, state), state.kind === "operators" ? "all" : operator(model, state)];
    const same = (layer: CodeLayer): boolean => layer.kind === state.kind && layer.technology === tech && layer.operator === who;
    const found = ready(this.layers)?.find(same) ?? null;
    return found && state.theme === "dark" ? darkened(found) : found;
  }

  distribution(): Loadable<Distribution> | null {
    const layer = this.layer();
    return layer ? (this.distributions.get(layer.id) ?? null) : null;
  }

  // ---- threshold ----

  /** dB that the slider stands above the threshold of the method. */
  get above_db(): number {
    return this.dragged ?? this.app.state.above;
  }

  /** Moves the threshold: recolours what is on the map, without a request. */
  moveThreshold(above_db: number, isDone: boolean): void {
    const kept = Math.min(MOST_ABOVE_DB, Math.max(LEAST_ABOVE_DB, Math.round(above_db)));
    // The hand moves in parts of a decibel, the threshold in whole ones.
    if (!isDone && kept === this.dragged) return;
    this.dragged = isDone ? null : kept;
    this.recolour(kept);
    if (isDone) this.app.store.set({ above: kept });
    else this.app.update();
  }

  private recolour(above_db: number): void {
    const layer = this.layer();
    const map = this.app.map?.map;
    if (!layer || !map?.getLayer("signal")) return;
    const start = performance.now();
    map.setPaintProperty("signal", "color-relief-color", reliefColour(codeColours(layer, above_db, this.app.state.off)), { validate: false });
    performance.measure("recolour", { start });
    map.once("render", () => performance.measure("recolour-frame", { start }));
  }

  toggleClass(index: number, only: boolean): void {
    const { off } = this.app.state;
    const all = this.layer()?.classes.map((_, place) => place) ?? [];
    if (only) return this.app.store.set({ off: all.filter((place) => place !== index) });
    const next = off.includes(index) ? off.filter((place) => place !== index) : [...off, index];
    this.app.store.set({ off: next.length === all.length ? [] : next });
  }

  // ---- tools ----

  choose(tool: Tool | null): void {
    this.tool = this.tool === tool ? null : tool;
    this.places = [];
    this.path = null;
    this.revision += 1;
    this.app.map?.markSample(null);
    this.app.update();
  }

  /** Takes a click while a tool is chosen; false when none is. */
  take(place: Place): boolean {
    if (this.tool === null) return false;
    if (this.tool === "path" && this.places.length === 2) this.places = [];
    this.places = [...this.places, place];
    this.revision += 1;
    if (this.tool === "path") this.loadPath();
    this.app.update();
    return true;
  }

  setEnds(heights_m: [number, number], frequency_mhz: number): void {
    this.heights_m = heights_m;
    this.frequency_mhz = frequency_mhz;
    this.loadPath();
    this.app.update();
  }

  private loadPath(): void {
    const [from, to] = this.places;
    this.path = null;
    if (!from || !to) return;
    const [from_height_m, to_height_m] = this.heights_m;
    void this.load(fetchPath({ from, to, from_height_m, to_height_m, frequency_mhz: this.frequency_mhz }), (outcome) => (this.path = outcome));
  }

  /** Closes the topmost thing of this view; false when nothing was open. */
  escape(): boolean {
    if (this.tool !== null) this.choose(null);
    else if (this.footprint) this.loadFootprint(null);
    else if (this.app.state.view === "signal" && this.app.state.site !== null) this.app.store.set({ site: null });
    else return false;
    return true;
  }
}
