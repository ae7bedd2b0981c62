/** Line icons on a 20 px grid, and the symbols of the village states. */

import { svg, type SVGTemplateResult, type TemplateResult, html } from "lit-html";
import type { Status } from "../contract";

const PATHS = {
  overview: "M3 9.2 10 3l7 6.2M5 8v9h10V8M8 17v-4.5a2 2 0 0 1 4 0V17",
  villages: "M1.5 10.5 6.5 6l3 2.7M3 9.5V16h5.5v-6M8.5 9.5 13 5l5.5 5.2M16.8 8.8V16H10",
  signal: "M10 8.2V17M6.8 11.2a4.5 4.5 0 0 1 0-6.4M13.2 4.8a4.5 4.5 0 0 1 0 6.4M4.2 13.6a8 8 0 0 1 0-11.2M15.8 2.4a8 8 0 0 1 0 11.2M10 7.9h.01",
  whatif: "M3.500 17 7.500 5l4 12M4.800 13h5.400M6 9.500h3M5.500 5.500a2.800 2.800 0 0 1 0-3.500M9.500 2a2.800 2.800 0 0 1 0 3.500M15 6.500v6M12 9.500h6",
  optimise: "M3 3v14h14M5 14c3-1 3-7 6-8s3.500 2 6-3M10 6.500h.01",
  targets: "M10 2.800a7.200 7.200 0 1 0 7.200 7.200M10 6.400a3.600 3.600 0 1 0 3.600 3.600M10 10l6.500-6.500",
  reports: "M5 2.500h7l3.500 3.500v11.500H5zM12 2.500V6h3.500M7.500 10h5.500M7.500 13h5.500",
  data: "M4 4.800C4 3.500 6.700 2.500 10 2.500s6 1 6 2.300-2.700 2.300-6 2.300-6-1-6-2.300zM4 4.800v10.400c0 1.300 2.700 2.300 6 2.300s6-1 6-2.300V4.800M4 10c0 1.300 2.700 2.300 6 2.300s6-1 6-2.300",
  help: "M4.500 10h.01M10 10h.01M15.500 10h.01",
  search: "M8.800 3.200a5.600 5.600 0 1 0 0 11.200 5.600 5.600 0 0 0 0-11.200zM13 13l4 4",
  share: "M8.300 11.700a3 3 0 0 0 4.300 0l3-3a3 3 0 0 0-4.300-4.300l-1 1M11.700 8.300a3 3 0 0 0-4.300 0l-3 3a3 3 0 0 0 4.300 4.300l1-1",
  download: "M10 3v9.500M6.300 9 10 12.700 13.700 9M3.500 16.500h13",
  theme: "M10 3a7 7 0 1 0 0 14z",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  layers: "M10 3.500 17 7l-7 3.500L3 7zM3.500 10.800 10 14l6.500-3.200M3.500 13.800 10 17l6.500-3.200",
  extent: "M3.500 7.500v-4h4M12.500 3.500h4v4M16.500 12.500v4h-4M7.500 16.500h-4v-4",
  profile: "M2 16l5-8.5 3.5 5 2-3L18 16z",
  measure: "M13.500 2.500l4 4-11 11-4-4zM5.500 10.500l1.500 1.500M8 8l2 2M10.500 5.500L12 7",
  close: "M5 5l10 10M15 5 5 15",
  check: "M4.500 10.500l3.700 3.700 7.300-8",
  back: "M12 4.500 6.500 10l5.500 5.500",
  undo: "M4 8h8a4 4 0 0 1 0 8H8M7 4.800 3.800 8 7 11.200",
  redo: "M16 8H8a4 4 0 0 0 0 8h4M13 4.800 16.200 8 13 11.200",
  reset: "M4 8h8a4 4 0 0 1 0 8H8M7 4.800 3.800 8 7 11.200",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName, size = 20): TemplateResult {
  const dotted = name === "help" ? 2.6 : 1.6;
  const half = name === "theme" ? svg`<path d="M10 3a7 7 0 0 1 0 14" /><path d=${PATHS.theme} fill="currentColor" />` : svg`<path d=${PATHS[name]} />`;
  return html`<svg class="icon" width=${size} height=${size} viewBox="0 0 20 20" fill="none" stroke="currentColor"
    stroke-width=${dotted} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${half}</svg>`;
}

/** A filled triangle: sort order, a missed target. */
export const triangle = (up = false): TemplateResult =>
  html`<svg class="icon" width="9" height="8" viewBox="0 0 9 8" aria-hidden="true"><path fill="currentColor" d=${up ? "M4.5 0 9 8H0z" : "M0 0h9L4.500 8z"} /></svg>`;

/** Arrow towards a true bearing. */
export const bearingArrow = (degrees: number): TemplateResult =>
  html`<svg class="icon" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path fill="currentColor" transform="rotate(${degrees} 6 6)" d="M6 0 10 11.500 6 8.800 2 11.500z" /></svg>`;

export const mark = (size = 28): TemplateResult =>
  html`<svg width=${size} height=${size} viewBox="0 0 28 28" fill="none" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    <g class="mark-waves" stroke-width="2.400"><path d="M4 9.500a13.500 13.500 0 0 1 20 0" /><path d="M8.300 13a8 8 0 0 1 11.400 0" /></g>
    <circle class="mark-dot" cx="14" cy="16.500" r="2.200" /><path stroke="currentColor" stroke-width="2.400" d="M2.500 26 8 19.500l3.300-.2L14 17l2.700 2.300 3.300.2L25.500 26" /></svg>`;

const SYMBOLS: Record<Status, SVGTemplateResult> = {
  white: svg`<circle cx="7" cy="7" r="4.800" fill="none" stroke="var(--white)" stroke-width="2.400" />`,
  patchy: svg`<circle cx="7" cy="7" r="5" fill="var(--surface)" stroke="var(--patchy-edge)" stroke-width="1.300" /><path d="M7 2a5 5 0 0 0 0 10z" fill="var(--patchy)" />`,
  served: svg`<circle cx="7" cy="7" r="4.500" fill="var(--served)" />`,
  unknown: svg`<circle cx="7" cy="7" r="5.600" fill="none" stroke="var(--unknown)" stroke-width="1.200" stroke-dasharray="2 1.500" /><path d="M5.600 5.700c.1-1.700 2.900-1.700 2.900.1 0 1.100-1.400 1.100-1.400 2.200M7.100 9.800v.01" fill="none" stroke="var(--unknown)" stroke-width="1.200" stroke-linecap="round" />`,
};

export const statusSymbol = (status: Status, size = 14): TemplateResult =>
  html`<svg class="icon" width=${size} height=${size} viewBox="0 0 14 14" aria-hidden="true">${SYMBOLS[status]}</svg>`;
