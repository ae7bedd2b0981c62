/** Masts of the plan on the map: pins that are dragged, with their sectors and handles to turn them. */

import { html, nothing, render, svg, type TemplateResult } from "lit-html";
import { Marker, type Map as MapLibreMap } from "maplibre-gl";
import { t } from "../i18n";
import type { WhatIf } from "./controller";
import { bearingOnScreen, handleAt, wedgePath } from "./geometry";
import { carriersOf, mastsOf, placeOf } from "./plan";

const WEDGE_PX = 42;
const HANDLE_PX = 56;
const STEP_M = 10;
const FAR_STEP_M = 100;
const ARROWS: Record<string, [east: number, north: number]> = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

const glyph = svg`<path d="M0-9v18M-5 9 0-9 5 9M-3 2h6M-6-12a8.500 8.500 0 0 1 0 6M6-12a8.500 8.500 0 0 0 0 6" fill="none" stroke="currentColor" stroke-width="1.800" stroke-linecap="round" stroke-linejoin="round" />`;

interface Pin {
  marker: Marker;
  element: HTMLElement;
}

export class Masts {
  private readonly pins = new Map<string, Pin>();
  private ring: Marker | null = null;
  private turning = false;

  constructor(
    private readonly map: MapLibreMap,
    private readonly whatif: WhatIf,
  ) {}

  /** Puts, moves and takes away pins until they are those of the plan. */
  draw(): void {
    const { whatif } = this;
    const sites = whatif.isActive ? mastsOf(whatif.plan) : [];
    for (const [site, pin] of this.pins) {
      if (sites.includes(site)) continue;
      pin.marker.remove();
      this.pins.delete(site);
    }
    for (const site of sites) this.drawPin(site);
    this.drawRing();
  }

  private drawPin(site: string): void {
    const place = placeOf(this.whatif.plan, site);
    if (!place) return;
    const pin = this.pins.get(site) ?? this.newPin(site);
    // The hand holds the pin while it is dragged; everything else follows the plan.
    const at = pin.marker.getLngLat();
    if (!this.whatif.isDragging && (at?.lng !== place.lon || at.lat !== place.lat)) pin.marker.setLngLat([place.lon, place.lat]);
    const isChosen = this.whatif.chosen === site;
    pin.element.classList.toggle("is-chosen", isChosen);
    pin.element.style.zIndex = isChosen ? "3" : "2";
    render(this.inside(site, isChosen), pin.element);
  }

  private newPin(site: string): Pin {
    const element = document.createElement("div");
    element.className = "mast-pin";
    const place = placeOf(this.whatif.plan, site) ?? { lon: 0, lat: 0 };
    const marker = new Marker({ element, draggable: true }).setLngLat([place.lon, place.lat]).addTo(this.map);
    marker.on("dragstart", () => this.whatif.choose(site));
    marker.on("drag", () => {
      const { lng, lat } = marker.getLngLat();
      this.whatif.dragTo(site, { lon: lng, lat });
    });
    marker.on("dragend", () => this.whatif.drop());
    const pin = { marker, element };
    this.pins.set(site, pin);
    return pin;
  }

  private inside(site: string, isChosen: boolean): TemplateResult {
    const carriers = carriersOf(this.whatif.plan, site);
    const own = carriers[isChosen ? this.whatif.carrier : 0] ?? carriers[0];
    const azimuths = own ? this.whatif.usual.azimuths(own) : [];
    const title = this.whatif.title(site);
    return html`<svg class="mast-wedges" viewBox="-60 -60 120 120" width="120" height="120" aria-hidden="true">${azimuths.map((bearing) => svg`<path d=${wedgePath(bearing, WEDGE_PX)} />`)}</svg>
      <button class="mast-dot" data-testid="mast" data-site=${site} aria-label=${t("whatif.mast_label", { name: title })} aria-pressed=${isChosen}
        @click=${(event: Event) => this.pressed(event, site)} @keydown=${(event: KeyboardEvent) => this.keyed(event, site)}>
        <svg viewBox="-14 -15 28 28" width="22" height="22" aria-hidden="true">${glyph}</svg></button>
      ${isChosen ? azimuths.map((bearing, index) => this.handle(bearing, index)) : nothing}`;
  }

  private pressed(event: Event, site: string): void {
    event.stopPropagation();
    this.whatif.choose(site);
  }

  private keyed(event: KeyboardEvent, site: string): void {
    const arrow = ARROWS[event.key];
    if (event.key === "Delete") this.whatif.remove(site);
    if (!arrow) return;
    event.preventDefault();
    event.stopPropagation();
    const step_m = event.shiftKey ? FAR_STEP_M : STEP_M;
    this.whatif.nudge(site, arrow[0] * step_m, arrow[1] * step_m);
  }

  private handle(bearing: number, index: number): TemplateResult {
    const { x, y } = handleAt(bearing, HANDLE_PX);
    const hold = (event: Event): void => event.stopPropagation();
    return html`<button class="mast-handle" style="transform:translate(${x.toFixed(1)}px,${y.toFixed(1)}px)" data-testid="azimuth-handle" aria-label=${t("whatif.azimuth_label", { n: String(index + 1), deg: String(bearing) })}
      @mousedown=${hold} @touchstart=${hold} @click=${hold} @pointerdown=${(event: PointerEvent) => this.turn(event, index)} @keydown=${(event: KeyboardEvent) => this.turnByKey(event, index)}></button>`;
  }

  private turnTo(index: number, bearing: number): void {
    const own = this.whatif.chosenCarrier();
    if (!own) return;
    const azimuths = [...this.whatif.usual.azimuths(own)];
    azimuths[index] = ((Math.round(bearing) % 360) + 360) % 360;
    this.whatif.change({ azimuths_deg: azimuths }, "azimuths");
  }

  private turn(start: PointerEvent, index: number): void {
    start.stopPropagation();
    start.preventDefault();
    const handle = start.currentTarget as HTMLElement;
    const pin = handle.closest<HTMLElement>(".mast-pin");
    if (!pin || this.turning) return;
    this.turning = true;
    const box = pin.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const move = (event: PointerEvent): void => this.turnTo(index, bearingOnScreen(event.clientX - x, event.clientY - y));
    const end = (): void => {
      this.turning = false;
      this.whatif.settle();
      window.removeEventListener("pointermove", move);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end, { once: true });
  }

  private turnByKey(event: KeyboardEvent, index: number): void {
    const by = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const own = this.whatif.chosenCarrier();
    if (own) this.turnTo(index, (this.whatif.usual.azimuths(own)[index] ?? 0) + by);
  }

  /** Where the mast stood before it was moved. */
  private drawRing(): void {
    const old = this.whatif.isActive ? this.whatif.old : null;
    if (!old) {
      this.ring?.remove();
      this.ring = null;
      return;
    }
    if (!this.ring) {
      const element = document.createElement("i");
      element.className = "mast-old";
      element.dataset["testid"] = "old-place";
      this.ring = new Marker({ element }).setLngLat([old.place.lon, old.place.lat]).addTo(this.map);
    }
    this.ring.setLngLat([old.place.lon, old.place.lat]);
  }
}
