/** The map on the page: follows the state, and reports clicks and hovers. */

import { Map as MapLibreMap, Marker, ScaleControl, setWorkerUrl, type LngLatBoundsLike, type MapMouseEvent } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { fetchOutline, pendingRequests } from "../api";
import type { Box, Study } from "../contract";
import { t } from "../i18n";
import { ready, type Model } from "../model";
import type { SignalScene } from "../signal/scene";
import type { State } from "../state";
import { cornerOf, paddingBeside, type Padding } from "./legendroom";
import { outlineOf, type Outline } from "./outline";
import { sceneOf } from "./scene";
import { buildStyle } from "./style";
import { addSymbols } from "./symbols";

setWorkerUrl(workerUrl);

export interface MapEvents {
  commune(code: string): void;
  village(id: string): void;
  place(lon: number, lat: number): void;
  site(id: string): void;
  hover(code: string | null, x: number, y: number): void;
  hoverVillage(id: string | null): void;
  moved(at: string): void;
  rendered(): void;
  resized(): void;
  /** A press, with the site under it; true where it has been dealt with. */
  pressed(lon: number, lat: number, site: string | null): boolean;
  /** A long press, or the other button. */
  held(lon: number, lat: number): void;
}

/** Letters with two marks and with horns, so that every subset of the font is there before labels are drawn. */
const FONT_SAMPLE = "Aa Ế ộ Đ ư";
const HOVER_DELAY_MS = 80;
const COMMUNE_LAYERS = ["land"];
const SITE_LAYERS = ["masts", "site-dots"];
const CLICK_MARGIN_PX = 5;
/** Share of the map a sheet may take before the map no longer makes room for it. */
const MOST_COVERED = 0.7;
const LONG_PRESS_MS = 550;
const STILL_PX = 10;

const reducedMotion = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class MapView {
  private dot: Marker | null = null;
  readonly map: MapLibreMap;
  private outline: Outline | null = null;
  private outlineAsked = false;
  private outlineOf = "";
  private outlineSettled = false;
  private styled = false;
  private fitted = false;
  private opening = false;
  /** What the first view was fitted to, until it is moved. */
  private openedOn: Box | null = null;
  private hovered: string | null = null;
  private pointed: string | null = null;
  private hoverTimer = 0;
  private wanted: { model: Model; state: State; villageIds: string[] | null; signal: SignalScene } | null = null;

  constructor(
    container: HTMLElement,
    private readonly events: MapEvents,
    at: string | null,
  ) {
    const [lon, lat, zoom] = (at ?? "").split(",").map(Number);
    const placed = at !== null && [lon, lat, zoom].every((value) => Number.isFinite(value));
    this.fitted = placed;
    this.map = new MapLibreMap({
      container,
      style: { version: 8, sources: {}, layers: [] },
      center: placed ? [lon as number, lat as number] : [105.8, 16],
      zoom: placed ? (zoom as number) : 5,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxZoom: 17,
      fadeDuration: 0,
      locale: { "Map.Title": t("map.label") },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-left");
    this.map.getCanvas().setAttribute("role", "application");
    this.listen();
  }

  private listen(): void {
    const { map } = this;
    // Not "load": that waits until the empty style has been drawn.
    map.once("style.load", () => void this.start());
    map.on("styleimagemissing", () => addSymbols(map));
    map.on("click", (event) => this.clicked(event));
    map.on("mousemove", (event) => this.moved(event));
    map.on("mouseout", () => this.hover(null, 0, 0));
    this.listenToLongPress();
    map.on("resize", () => this.events.resized());
    map.on("move", () => this.events.rendered());
    map.on("moveend", () => {
      // Fitting the province on opening is no choice of the reader's and stays out of the address.
      if (this.opening) return void (this.opening = false);
      this.openedOn = null;
      const { lng, lat } = map.getCenter();
      this.events.moved(`${lng.toFixed(4)},${lat.toFixed(4)},${map.getZoom().toFixed(2)}`);
    });
  }

  private async start(): Promise<void> {
    await Promise.all([
      document.fonts.load('400 24px "Inter Variable"', FONT_SAMPLE),
      document.fonts.load('600 24px "Be Vietnam Pro"', FONT_SAMPLE),
    ]).catch(() => undefined);
    addSymbols(this.map);
    this.styled = true;
    this.apply();
  }

  /** Shows what the state and the data ask for. */
  show(model: Model, state: State, villageIds: string[] | null, signal: SignalScene): void {
    this.wanted = { model, state, villageIds, signal };
    this.map.getCanvas().setAttribute("aria-label", t("map.label"));
    const study = ready(model.study);
    if (study) this.followOutline(study);
    this.apply();
  }

  private apply(): void {
    if (!this.styled || !this.wanted) return;
    const { model, state, villageIds, signal } = this.wanted;
    const study = ready(model.study);
    if (!study) return;
    if (!this.fitted && study.bounds) {
      this.openOn(study.bounds);
    }
    this.map.setStyle(buildStyle(sceneOf(model, state, { outline: this.outline, isMasked: this.outlineSettled || !study.layers["communes"] }, villageIds, signal)), { diff: true });
  }

  private openOn(bounds: Box): void {
    this.openedOn = bounds;
    this.opening = true;
    this.fit(bounds, false);
  }

  /** Asks for the outer edge as soon as the study is known, before the map is there to draw it. */
  private followOutline(study: Study): void {
    const communes = study.layers["communes"];
    // Other boundaries have another edge.
    if (communes && this.outlineOf !== (communes.sha256 ?? "")) this.outlineAsked = false;
    if (!this.outlineAsked && communes) {
      this.outlineOf = communes.sha256 ?? "";
      void this.loadOutline();
    }
  }

  /** The map does not wait for the mask. */
  private async loadOutline(): Promise<void> {
    this.outlineAsked = true;
    try {
      this.outline = outlineOf(await fetchOutline());
    } catch {
      // Without the mask the map is whole, only its surroundings are not covered.
      this.outline = null;
    }
    this.outlineSettled = true;
    // Only now is it known what the province covers of the first view, if that is still what is shown.
    if (this.openedOn) this.openOn(this.openedOn);
    this.apply();
  }

  private clicked(event: MapMouseEvent): void {
    const { x, y } = event.point;
    const around: [[number, number], [number, number]] = [
      [x - CLICK_MARGIN_PX, y - CLICK_MARGIN_PX],
      [x + CLICK_MARGIN_PX, y + CLICK_MARGIN_PX],
    ];
    if (this.events.pressed(event.lngLat.lng, event.lngLat.lat, this.siteAt(around))) return;
    if (this.wanted?.signal.picks) return this.events.place(event.lngLat.lng, event.lngLat.lat);
    const layers = ["villages", "villages-rest"].filter((id) => this.map.getLayer(id));
    const village = this.map.queryRenderedFeatures(around, { layers })[0];
    if (village) return this.events.village(String(village.properties["village_id"]));
    const site = this.siteAt(around);
    if (site !== null && this.wanted?.state.view !== "overview") return this.events.site(site);
    const code = this.communeAt(event);
    if (this.wanted?.state.view === "signal") return this.events.place(event.lngLat.lng, event.lngLat.lat);
    if (code !== null) this.events.commune(code);
  }

  private siteAt(around: [[number, number], [number, number]]): string | null {
    const layers = SITE_LAYERS.filter((id) => this.map.getLayer(id));
    const found = layers.length ? this.map.queryRenderedFeatures(around, { layers })[0] : undefined;
    return found ? String(found.properties["site_id"]) : null;
  }

  /** A finger that rests on the map; moving it, a second one or lifting it ends the press. */
  private listenToLongPress(): void {
    let timer = 0;
    let start = { x: 0, y: 0 };
    const end = (): void => window.clearTimeout(timer);
    this.map.on("touchstart", (event) => {
      end();
      if (event.points.length !== 1 || event.originalEvent.target !== this.map.getCanvas()) return;
      start = event.point;
      timer = window.setTimeout(() => this.events.held(event.lngLat.lng, event.lngLat.lat), LONG_PRESS_MS);
    });
    this.map.on("touchmove", (event) => {
      if (Math.hypot(event.point.x - start.x, event.point.y - start.y) > STILL_PX) end();
    });
    this.map.on("touchend", end);
    this.map.on("touchcancel", end);
    this.map.on("contextmenu", (event) => this.events.held(event.lngLat.lng, event.lngLat.lat));
  }

  private communeAt(event: MapMouseEvent): string | null {
    const layers = COMMUNE_LAYERS.filter((id) => this.map.getLayer(id));
    const found = layers.length ? this.map.queryRenderedFeatures(event.point, { layers })[0] : undefined;
    return found ? String(found.properties["commune_code"]) : null;
  }

  private moved(event: MapMouseEvent): void {
    window.clearTimeout(this.hoverTimer);
    this.hoverTimer = window.setTimeout(() => {
      if (this.map.isMoving()) return;
      this.hover(this.communeAt(event), event.point.x, event.point.y);
      this.hoverVillage(event);
    }, HOVER_DELAY_MS);
  }

  private hoverVillage(event: MapMouseEvent): void {
    if (this.wanted?.state.view !== "villages") return;
    const layers = ["villages", "villages-rest"].filter((id) => this.map.getLayer(id));
    const found = layers.length ? this.map.queryRenderedFeatures(event.point, { layers })[0] : undefined;
    const id = found ? String(found.properties["village_id"]) : null;
    if (id === this.pointed) return;
    this.markVillage(id);
    this.events.hoverVillage(id);
  }

  private hover(code: string | null, x: number, y: number): void {
    window.clearTimeout(this.hoverTimer);
    if (this.wanted?.state.view !== "overview") code = null;
    this.mark(code);
    this.events.hover(code, x, y);
  }

  /** Draws the thin outline around one commune, from the map or from the table. */
  mark(code: string | null): void {
    if (code === this.hovered || !this.map.getSource("communes")) return;
    const feature = (id: string) => ({ source: "communes", sourceLayer: "communes", id });
    if (this.hovered !== null) this.map.setFeatureState(feature(this.hovered), { hover: false });
    if (code !== null) this.map.setFeatureState(feature(code), { hover: true });
    this.hovered = code;
  }

  /** Draws the thin ring around one village, from the map or from the list. */
  markVillage(id: string | null): void {
    if (id === this.pointed || !this.map.getSource("villages")) return;
    const feature = (own: string) => ({ source: "villages", sourceLayer: "villages", id: own });
    if (this.pointed !== null) this.map.setFeatureState(feature(this.pointed), { hover: false });
    if (id !== null) this.map.setFeatureState(feature(id), { hover: true });
    this.pointed = id;
  }

  fit(bounds: Box, animate = true, extra_px = 0): void {
    this.fitted = true;
    const [west, south, east, north] = bounds;
    const box: LngLatBoundsLike = [west, south, east, north];
    this.map.fitBounds(box, { padding: this.clear(box, this.free(extra_px)), animate: animate && !reducedMotion(), duration: 150, maxZoom: 13 });
  }

  /** Padding that also keeps the province from under the legend. */
  private clear(box: LngLatBoundsLike, padding: Padding): Padding {
    const legend = document.querySelector(".legend");
    const edge = this.outline?.edge.geometry;
    if (!legend || edge?.type !== "MultiLineString") return padding;
    const corner = cornerOf(this.map.getContainer().getBoundingClientRect(), legend.getBoundingClientRect());
    return paddingBeside(corner, padding, (own) => this.map.cameraForBounds(box, { padding: own, maxZoom: 13 }), edge.coordinates.flat());
  }

  /** Room to keep clear at each side: a margin, and the sheet that lies over the map on a phone. */
  private free(extra_px = 0): Padding {
    const container = this.map.getContainer();
    const margin = Math.min(28, container.clientWidth / 20) + extra_px;
    const { bottom } = container.getBoundingClientRect();
    const sheets = [...document.querySelectorAll<HTMLElement>(".side:not([hidden])")].filter((sheet) => getComputedStyle(sheet).position === "fixed");
    const covered = sheets.map((sheet) => bottom - sheet.getBoundingClientRect().top);
    return { top: margin, right: margin, left: margin, bottom: Math.max(margin + 8, ...covered.map((height) => Math.min(height, container.clientHeight * MOST_COVERED) + margin)) };
  }

  /** Shows where on the ground a sample of the profile lies; null takes the dot away. */
  markSample(place: [lon: number, lat: number] | null): void {
    this.dot?.remove();
    this.dot = null;
    if (!place) return;
    const element = document.createElement("i");
    element.className = "profile-dot";
    element.dataset["testid"] = "profile-dot";
    this.dot = new Marker({ element }).setLngLat(place).addTo(this.map);
  }

  goTo(lon: number, lat: number, zoom: number): void {
    const { bottom } = this.free();
    this.map.easeTo({ center: [lon, lat], offset: [0, -bottom / 2], zoom: Math.max(zoom, this.map.getZoom()), animate: !reducedMotion(), duration: 150 });
  }

  /** Pans only where the place is hidden, and never zooms. */
  reveal(lon: number, lat: number): void {
    const { x, y } = this.map.project([lon, lat]);
    const { clientWidth, clientHeight } = this.map.getContainer();
    const margin = 40;
    const { bottom } = this.free();
    const hidden = x < margin || y < margin || x > clientWidth - margin || y > clientHeight - Math.max(margin, bottom);
    if (hidden) this.map.panTo([lon, lat], { offset: [0, -bottom / 2], animate: !reducedMotion(), duration: 150 });
  }

  /** Rectangle of a box on the screen, in pixels of the map. */
  onScreen([west, south, east, north]: Box): { left: number; top: number; right: number; bottom: number } {
    const topLeft = this.map.project([west, north]);
    const bottomRight = this.map.project([east, south]);
    return { left: topLeft.x, top: topLeft.y, right: bottomRight.x, bottom: bottomRight.y };
  }

  /** Resolves once nothing is being fetched and the map has drawn everything. */
  async idle(): Promise<void> {
    const settled = (): boolean =>
      this.styled && this.map.isStyleLoaded() === true && this.map.areTilesLoaded() && !this.map.isMoving() && pendingRequests() === 0;
    for (let calm = 0; calm < 3; ) {
      await new Promise((resolve) => window.setTimeout(resolve, 50));
      calm = settled() ? calm + 1 : 0;
    }
    const drawn = new Promise((resolve) => this.map.once("idle", resolve));
    this.map.triggerRepaint();
    await drawn;
  }
}
