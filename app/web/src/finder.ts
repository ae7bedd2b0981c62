/** The search: what is asked while it is typed, and where a hit leads. */

import { fetchHits } from "./api";
import type { App } from "./app";
import type { Hit } from "./contract";
import { COMMUNE_ZOOM, VILLAGE_ZOOM } from "./zooms";

const PAUSE_MS = 150;

export class Finder {
  private turn = 0;

  constructor(private readonly app: App) {}

  async search(asked: string): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    this.app.setUi({ asked, hit: 0 });
    if (asked.trim() === "") return this.app.setUi({ hits: null });
    await new Promise((resolve) => window.setTimeout(resolve, PAUSE_MS));
    if (turn !== this.turn) return;
    await this.app.load(fetchHits(asked), (outcome) => {
      if (turn === this.turn) this.app.ui.hits = outcome;
    });
  }

  open(hit: Hit): void {
    const { app } = this;
    app.setUi({ searching: false, hits: null, asked: "" });
    const acts: Record<Hit["type"], () => void> = {
      commune: () => this.openCommune(hit),
      village: () => {
        app.selectVillage(hit.id);
        app.map?.goTo(hit.lon, hit.lat, VILLAGE_ZOOM);
      },
      site: () => (app.whatif.isActive ? this.openSite(hit) : this.openPoint(hit)),
      coordinate: () => this.openPoint(hit),
    };
    acts[hit.type]();
  }

  private openCommune(hit: Hit): void {
    const { app } = this;
    app.store.set({ view: "overview", hidden: [], query: "" });
    if (hit.bbox) app.map?.fit(hit.bbox);
    else app.map?.goTo(hit.lon, hit.lat, COMMUNE_ZOOM);
    app.selectCommune(hit.id);
  }

  private openSite(hit: Hit): void {
    this.app.map?.goTo(hit.lon, hit.lat, VILLAGE_ZOOM);
    this.app.whatif.chooseSite(hit.id);
  }

  private openPoint(hit: Hit): void {
    this.app.store.set({ view: "signal" });
    this.app.map?.goTo(hit.lon, hit.lat, VILLAGE_ZOOM);
    void this.app.readPoint(hit.lon, hit.lat);
  }
}
