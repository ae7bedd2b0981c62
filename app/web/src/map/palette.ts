/** Colours of the map by theme; the same tokens as the style sheet. */

import type { Theme } from "../state";

export interface Palette {
  paper: string;
  land: string;
  ink: string;
  label: string;
  halo: string;
  edge: string;
  boundary: string;
  boundaryOnFill: string;
  casing: string;
  accent: string;
  missing: string;
  road: string;
  fibre: string;
  wedge: string;
  white: string;
  patchy: string;
  patchyEdge: string;
  served: string;
  unknown: string;
  bad: string;
}

export const PALETTES: Record<Theme, Palette> = {
  light: {
    paper: "#F4F3EF",
    land: "#FBFAF6",
    ink: "#13262C",
    label: "#1B2E34",
    halo: "rgba(255,255,255,.88)",
    edge: "#3F5157",
    boundary: "#8B979B",
    boundaryOnFill: "#FFFFFF",
    casing: "#FFFFFF",
    accent: "#2846A8",
    missing: "rgba(92,107,112,.55)",
    road: "#A9A293",
    fibre: "#8A3B8F",
    wedge: "rgba(255,255,255,.4)",
    white: "#B3261E",
    patchy: "#E08A00",
    patchyEdge: "#9A5B00",
    served: "#1B7467",
    unknown: "#6B767A",
    bad: "#B3261E",
  },
  dark: {
    paper: "#0F181C",
    land: "#1B292F",
    ink: "#EAF0F0",
    label: "#EAF0F0",
    halo: "rgba(11,19,23,.88)",
    edge: "#B9C6C9",
    boundary: "#6E7F85",
    boundaryOnFill: "#26363D",
    casing: "#0B1317",
    accent: "#9DB4FF",
    missing: "rgba(147,163,167,.55)",
    road: "#5F6B66",
    fibre: "#C98BD0",
    wedge: "rgba(255,255,255,.3)",
    white: "#FF8A7A",
    patchy: "#F5B043",
    patchyEdge: "#F5B043",
    served: "#5CC7B4",
    unknown: "#93A3A7",
    bad: "#FF8A7A",
  },
};
