/** Usual values of a new mast, by technology, operator and band. */

import { Problem } from "../api";
import { ready, WAITING, type Loadable } from "../model";
import type { BandOption, Options } from "./contract";
import { assumedCost } from "./cost";
import type { Addition, Place } from "./plan";
import { fetchOptions } from "./requests";

const HEIGHT_M = 36;

export class Usual {
  options: Loadable<Options> | null = null;

  async load(): Promise<void> {
    this.options = WAITING;
    try {
      this.options = { is: "ready", value: await fetchOptions() };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.options = { is: "failed", detail: error.message, status: error.status };
    }
  }

  bands(tech: string | null): BandOption[] {
    return (ready(this.options)?.bands ?? []).filter((one) => one.technology === tech);
  }

  /** The band an operator is on air or holds a block in, else one that anybody is on air in. */
  band(tech: string, who: string | null): BandOption | null {
    const bands = this.bands(tech);
    const own = bands.find((one) => who !== null && (one.on_air.includes(who) || one.holders.includes(who)));
    return own ?? bands.find((one) => one.on_air.length > 0) ?? bands[0] ?? null;
  }

  /** What is assumed of a carrier where the plan says nothing. */
  of(own: Addition): BandOption | null {
    return this.bands(own.technology ?? "4G").find((one) => one.band === own.band || one.numbers.includes(own.band)) ?? null;
  }

  /** Directions of a carrier, the usual ones where the plan says nothing. */
  azimuths(own: Addition): readonly number[] {
    return own.azimuths_deg ?? this.of(own)?.azimuths_deg ?? [];
  }

  /** A mast of the technology and operator that the page shows. */
  mast(site: string, { lon, lat }: Place, wanted: { technology: string; operator: string }): Addition {
    const options = ready(this.options);
    const tech = wanted.technology === "5G" ? "5G" : "4G";
    const known = wanted.operator === "all" ? (options?.operators[0] ?? null) : wanted.operator;
    const band = this.band(tech, known);
    const height_m = band?.height_m ?? HEIGHT_M;
    return {
      site_id: site, lon_deg: lon, lat_deg: lat, height_m, band: band?.band ?? "1800",
      azimuths_deg: band ? [...band.azimuths_deg] : null, power_dbm: band?.power_dbm ?? null, downtilt_deg: band?.downtilt_deg ?? null,
      operator: known, technology: tech, cost_mvnd: options ? assumedCost(options, height_m) : null, source: "hand",
    };
  }
}
