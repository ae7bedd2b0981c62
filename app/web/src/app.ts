/** The page's controller: state, loaded data, what to do on each act, and when to draw. */

import { fetchPoint, fetchProfile, fetchProfileTo, fetchResults, fetchStudy, fetchVillage, fetchVillages, Problem } from "./api";
import { STATUSES, type NearestSite, type Profile, type Status, type Village } from "./contract";
import { DataDesk } from "./data/desk";
import { Finder } from "./finder";
import { percent } from "./format";
import { setLang, t, type Lang } from "./i18n";
import type { MapView } from "./map/view";
import { communeName, communeOf, emptyModel, ready, shareIn, WAITING, type Loadable, type Model } from "./model";
import { Optimiser } from "./optimiser/desk";
import { SignalDesk } from "./signal/desk";
import type { State, Store, View } from "./state";
import { UI, type Ui } from "./ui";
import { WhatIf } from "./whatif/controller";
import { VILLAGE_ZOOM } from "./zooms";

const PHONE = matchMedia("(max-width: 699px)");
const NARROW = matchMedia("(max-width: 1439px)");
const MEDIUM = matchMedia("(min-width: 1100px) and (max-width: 1439px)");
/** Room beside the outermost symbols for their names. */
const NAME_ROOM_PX = 24;

function failed(error: unknown): { is: "failed"; detail: string; status: number } {
  if (!(error instanceof Problem)) throw error;
  return { is: "failed", detail: error.status === 0 ? t("error.offline") : error.message, status: error.status };
}

export class App {
  readonly model: Model = emptyModel();
  readonly ui: Ui = { ...UI };
  readonly finder = new Finder(this);
  readonly signal = new SignalDesk(this);
  readonly data: DataDesk = new DataDesk(this);
  map: MapView | null = null;
  mapProblem: string | null = null;
  readonly whatif: WhatIf = new WhatIf(this);
  readonly optimiser: Optimiser = new Optimiser(this);
  private due = false;
  private profileKey = "";

  constructor(
    readonly store: Store,
    private readonly draw: () => void,
  ) {
    store.onChange((state, before) => this.changed(state, before));
    for (const query of [PHONE, MEDIUM, NARROW]) query.addEventListener("change", () => this.update());
  }

  get state(): State {
    return this.store.state;
  }

  get phone(): boolean {
    return PHONE.matches;
  }

  /** Too narrow for the long form of a verdict. */
  get narrow(): boolean {
    return NARROW.matches;
  }

  get medium(): boolean {
    return MEDIUM.matches;
  }

  /** Draws once after everything that happens now. */
  update(): void {
    if (this.due) return;
    this.due = true;
    queueMicrotask(() => {
      this.due = false;
      this.draw();
    });
  }

  setUi(change: Partial<Ui>): void {
    Object.assign(this.ui, change);
    this.update();
  }

  /** Marks one sample of the profile on the chart and on the map. */
  markSample(profile: Profile, index: number | null): void {
    const [lon, lat] = index === null ? [] : [profile.lon[index], profile.lat[index]];
    this.map?.markSample(lon === undefined || lat === undefined ? null : [lon, lat]);
    this.setUi({ sample: index });
  }

  private changed(state: State, before: State): void {
    if (state.lang !== before.lang) setLang(state.lang);
    if (state.theme !== before.theme) document.documentElement.dataset["theme"] = state.theme;
    if (state.view !== before.view) Object.assign(this.ui, { menu: null, hover: null, stop: "half", leftOpen: false, firstRow: 1, lastRow: 0, focusRow: null, anchor: null, shownRow: null });
    if (state.view !== before.view) this.forgetProfile();
    if (state.view === "data" && (state.view !== before.view || state.lang !== before.lang)) this.data.opened();
    this.loadWhatIsNeeded();
    this.whatif.follow();
    this.optimiser.follow();
    this.update();
  }

  /** A profile belongs to the view it was asked in. */
  private forgetProfile(): void {
    this.model.profile = null;
    this.profileKey = "";
    this.ui.sample = null;
    this.map?.markSample(null);
  }

  /** Puts the outcome of a request where the views look for it. */
  async load<T>(request: Promise<T>, put: (outcome: Loadable<T>) => void): Promise<void> {
    put(WAITING);
    this.update();
    try {
      put({ is: "ready", value: await request });
    } catch (error) {
      put(failed(error));
    }
    this.loadWhatIsNeeded();
    this.update();
  }

  async start(): Promise<void> {
    const { model } = this;
    void this.data.start();
    await Promise.all([
      this.load(fetchStudy(), (outcome) => (model.study = outcome)),
      this.load(fetchResults(), (outcome) => (model.results = outcome)),
    ]);
    if (model.results.is === "failed" && model.results.status === 0) return;
    this.whatif.follow();
    this.restorePoint();
    this.optimiser.follow();
  }

  /** Fetches everything again without taking down what is shown: the study has changed. */
  async refresh(): Promise<void> {
    const { model } = this;
    const [study, results] = await Promise.allSettled([fetchStudy(), fetchResults()]);
    if (study.status === "fulfilled") model.study = { is: "ready", value: study.value };
    if (results.status === "fulfilled") model.results = { is: "ready", value: results.value };
    model.villages = {};
    this.villageAsked = null;
    this.profileKey = "";
    this.closePoint();
    this.loadWhatIsNeeded();
    this.update();
  }

  private loadWhatIsNeeded(): void {
    const { state, model } = this;
    if (!ready(model.results)) return;
    this.signal.loadWhatIsNeeded();
    if (state.view !== "villages") return;
    for (const status of STATUSES) if (state.statuses.includes(status)) this.loadVillages(status);
    this.loadVillage();
    this.loadProfile();
  }

  private loadVillages(status: Status): void {
    if (this.model.villages[status]) return;
    void this.load(fetchVillages(status), (outcome) => (this.model.villages[status] = outcome));
  }

  private villageAsked: string | null = null;

  private loadVillage(): void {
    const id = this.state.village;
    if (id === this.villageAsked) return;
    this.villageAsked = id;
    this.model.village = null;
    this.model.reception = null;
    this.model.profile = null;
    this.profileKey = "";
    if (id === null) return;
    void this.load(fetchVillage(id), (outcome) => {
      if (this.villageAsked !== id) return;
      this.model.village = outcome;
      if (outcome.is === "ready" && this.model.reception === null) this.loadReception(id, outcome.value);
    });
  }

  private loadReception(id: string, { lon, lat }: Village): void {
    void this.load(fetchPoint(lon, lat), (outcome) => {
      if (this.villageAsked === id) this.model.reception = outcome;
    });
  }

  /** The cell whose path is drawn: the one chosen, else the one the reason names, else the nearest. */
  profileCell(): string | null {
    const village = ready(this.model.village);
    if (!village) return null;
    const near = village.nearest.map((site) => site.cell_id);
    if (this.state.cell !== null) return this.state.cell;
    const strongest = village.nearest.reduce<NearestSite | null>(
      (best, site) => ((site.rsrp_dbm ?? -Infinity) > (best?.rsrp_dbm ?? -Infinity) ? site : best),
      null,
    );
    return village.reason?.cell_id ?? strongest?.cell_id ?? near[0] ?? null;
  }

  private loadProfile(): void {
    const village = ready(this.model.village);
    const cell = this.profileCell();
    if (!village || cell === null) return;
    const key = `${village.village_id} ${cell}`;
    if (key === this.profileKey) return;
    this.profileKey = key;
    this.ui.sample = null;
    this.map?.markSample(null);
    void this.load(fetchProfile(cell, village.village_id), (outcome) => {
      if (this.profileKey === key) this.model.profile = outcome;
    });
  }

  // ---- acts ----

  go(view: View): void {
    this.store.set({ view, query: "", picked: [] });
  }

  setLanguage(lang: Lang): void {
    this.store.set({ lang });
  }

  toggleTheme(): void {
    const theme = this.state.theme === "light" ? "dark" : "light";
    localStorage.setItem("phusong-theme", theme);
    this.store.set({ theme });
  }

  selectCommune(code: string | null): void {
    this.store.set({ commune: code });
    const commune = communeOf(this.model, code);
    if (!commune) return;
    this.map?.reveal(commune.lon, commune.lat);
    const share = shareIn(commune.shares, this.model, this.state);
    const metric = t(`metric.${this.state.metric}`);
    this.say(t("table.selected", { name: communeName(commune), share: percent(share?.share), metric }));
  }

  selectVillage(id: string | null): void {
    this.store.set({ village: id, cell: null, ...(id === null ? {} : { view: "villages" as const }) });
    if (id !== null && this.phone) this.ui.stop = "half";
    const known = this.chosenVillage();
    // Only once the card is drawn is it known how much of the map the sheet covers.
    if (known) requestAnimationFrame(() => this.map?.reveal(known.lon, known.lat));
    if (known) this.say(`${known.name}: ${t(`status.${known.status}`)}`);
  }

  private chosenVillage(): Village | undefined {
    const listed = STATUSES.flatMap((status) => ready(this.model.villages[status]) ?? []);
    return listed.find((village) => village.village_id === this.state.village) ?? ready(this.model.village) ?? undefined;
  }

  /** Opening the card and the profile narrows the map and may hide what they are about. */
  revealVillage(): void {
    const village = this.state.view === "villages" ? this.chosenVillage() : undefined;
    if (village) this.map?.reveal(village.lon, village.lat);
  }

  villagesOf(code: string): void {
    this.store.set({ view: "villages", within: code, query: "", village: null });
    this.zoomToCommune(code);
  }

  zoomToCommune(code: string): void {
    const commune = communeOf(this.model, code);
    if (commune) this.map?.fit(commune.bbox);
  }

  /** Zooms to what is chosen: the only act that changes the zoom. */
  zoomToChosen(): void {
    const village = ready(this.model.village);
    if (this.state.view === "villages" && village) this.zoomToVillage(village.lon, village.lat);
    else if (this.state.commune !== null) this.zoomToCommune(this.state.commune);
  }

  private zoomToVillage(lon: number, lat: number): void {
    const sites = ready(this.model.village)?.nearest.slice(0, 3) ?? [];
    const lons = [lon, ...sites.map((site) => site.lon)];
    const lats = [lat, ...sites.map((site) => site.lat)];
    if (sites.length === 0) this.map?.goTo(lon, lat, VILLAGE_ZOOM);
    else this.map?.fit([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], true, NAME_ROOM_PX);
  }

  async readPoint(lon: number, lat: number): Promise<void> {
    if (this.signal.take([lon, lat])) return;
    this.model.pointAt = [lon, lat];
    this.signal.loadReason(lon, lat);
    this.model.profile = null;
    this.profileKey = "";
    this.store.set({ point: `${lon.toFixed(5)},${lat.toFixed(5)}`, cell: null });
    await this.load(fetchPoint(lon, lat), (outcome) => (this.model.point = outcome));
  }

  /** A link may hold a point that was read, and the cell its path was drawn from. */
  private restorePoint(): void {
    const { view, point, cell } = this.state;
    const [lon, lat] = (point ?? "").split(",").map(Number);
    if (view !== "signal" || lon === undefined || lat === undefined || !Number.isFinite(lon) || !Number.isFinite(lat)) return;
    void this.readPoint(lon, lat);
    if (cell !== null) void this.profileToPoint(cell, lon, lat);
  }

  async profileToPoint(cell: string, lon: number, lat: number): Promise<void> {
    this.store.set({ cell });
    await this.load(fetchProfileTo(cell, lon, lat), (outcome) => (this.model.profile = outcome));
  }

  closeProfile(): void {
    this.model.profile = null;
    this.update();
  }

  closePoint(): void {
    this.model.point = this.model.pointAt = null;
    if (this.state.point !== null) this.store.set({ point: null, cell: null });
    this.closeProfile();
  }

  /** Tells a screen reader. */
  say(said: string): void {
    this.setUi({ said });
  }

  async share(): Promise<void> {
    await navigator.clipboard?.writeText(location.href).catch(() => undefined);
    this.say(t("top.shared"));
    this.setUi({ copied: true, menu: null });
    window.setTimeout(() => this.setUi({ copied: false }), 2500);
  }

  /** Closed by the browser first, which gives the focus back to where it came from. */
  closeDialog(): void {
    document.querySelector<HTMLDialogElement>("dialog.dialog[open]")?.close();
    this.setUi({ dialog: null });
  }

  /** Closes the topmost thing: menu, dialog, search, tip, card, selection, filter. */
  escape(): void {
    const { ui, state, model } = this;
    if (ui.dialog) return this.closeDialog();
    if (ui.menu || ui.searching) return this.setUi({ menu: null, searching: false, hits: null });
    if (this.signal.escape()) return;
    if (this.whatif.escape()) return;
    if (this.optimiser.escape()) return;
    if (model.point) return this.closePoint();
    if (state.view === "villages" && state.village !== null) return this.selectVillage(null);
    if (state.commune !== null) return this.store.set({ commune: null });
    this.store.set({ hidden: [], query: "", within: null });
  }
}
