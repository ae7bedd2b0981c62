/** What is open on the page: held in memory, where the address holds what is looked at. */

import type { Hit } from "./contract";
import type { Loadable } from "./model";
import type { Stop } from "./state";

/** What is open on the page but not worth a place in its address. */
export interface Ui {
  menu: "export" | "table" | "more" | "layers" | "scenarios" | null;
  dialog: "method" | "help" | null;
  searching: boolean;
  asked: string;
  hits: Loadable<Hit[]> | null;
  hit: number;
  stop: Stop;
  leftOpen: boolean;
  said: string;
  copied: boolean;
  hover: { code: string; x: number; y: number } | null;
  /** Sample of the profile under the pointer. */
  sample: number | null;
  firstRow: number;
  lastRow: number;
  /** Row of a table or list that the Tab key comes to, and whether the focus has yet to go there. */
  focusRow: string | null;
  moveFocus: boolean;
  /** Row from which a stretch is chosen with shift. */
  anchor: string | null;
  /** Row last brought into sight because it was chosen. */
  shownRow: string | null;
  /** Village under the pointer on the map. */
  hoverVillage: string | null;
  /** Step of the guided visit; -1 offers it, null is none. */
  tour: number | null;
  offline: boolean;
}

export const UI: Readonly<Ui> = {
  menu: null,
  dialog: null,
  searching: false,
  asked: "",
  hits: null,
  hit: 0,
  stop: "half",
  leftOpen: false,
  said: "",
  copied: false,
  hover: null,
  sample: null,
  firstRow: 1,
  lastRow: 0,
  focusRow: null,
  moveFocus: false,
  anchor: null,
  shownRow: null,
  hoverVillage: null,
  tour: null,
  offline: false,
};
