/** Symbols drawn on a canvas, so that shape and halo are ours and no image file is fetched. */

import type { Map as MapLibreMap } from "maplibre-gl";
import type { Theme } from "../state";
import { PALETTES, type Palette } from "./palette";

/** Canvas pixels per symbol pixel. */
const SCALE = 3;
/** Pixels are read back at once: drawn by the graphics card, each would have to be fetched from there. */
const READ_BACK: CanvasRenderingContext2DSettings = { willReadFrequently: true };

type Draw = (context: CanvasRenderingContext2D, palette: Palette, size: number) => void;

function circle(context: CanvasRenderingContext2D, size: number, radius: number): void {
  context.beginPath();
  context.arc(size / 2, size / 2, radius, 0, 2 * Math.PI);
}

/** The halo every symbol wears, so that it reads on either end of a ramp. */
function halo(context: CanvasRenderingContext2D, palette: Palette, size: number, radius: number): void {
  circle(context, size, radius);
  context.fillStyle = palette.casing;
  context.fill();
}

/** The ring is empty in the colour of its halo: a dark ground inside would read as a dot. */
const white: Draw = (context, palette, size) => {
  halo(context, palette, size, 6.2);
  circle(context, size, 6.2);
  context.lineWidth = 6;
  context.strokeStyle = palette.casing;
  context.stroke();
  context.lineWidth = 2.8;
  context.strokeStyle = palette.white;
  context.stroke();
};

const patchy: Draw = (context, palette, size) => {
  halo(context, palette, size, 8);
  context.beginPath();
  context.arc(size / 2, size / 2, 5.6, Math.PI / 2, (3 * Math.PI) / 2);
  context.fillStyle = palette.patchy;
  context.fill();
  circle(context, size, 5.6);
  context.lineWidth = 1.5;
  context.strokeStyle = palette.patchyEdge;
  context.stroke();
};

const served: Draw = (context, palette, size) => {
  halo(context, palette, size, 5.2);
  circle(context, size, 3.5);
  context.fillStyle = palette.served;
  context.fill();
};

const unknown: Draw = (context, palette, size) => {
  halo(context, palette, size, 8);
  circle(context, size, 6);
  context.lineWidth = 1.4;
  context.setLineDash([2.4, 1.8]);
  context.strokeStyle = palette.unknown;
  context.stroke();
  context.setLineDash([]);
  context.lineCap = "round";
  const [x, y] = [size / 2, size / 2];
  context.stroke(new Path2D(`M${x - 1.8} ${y - 1.6}c.1-2.2 3.7-2.200 3.7.1 0 1.400-1.900 1.400-1.900 2.800M${x} ${y + 3.300}v.01`));
};

const mast: Draw = (context, palette, size) => {
  const triangle = new Path2D(`M${size / 2} 4 ${size - 4} ${size - 5} 4 ${size - 5}z`);
  context.lineJoin = "round";
  context.lineWidth = 3.500;
  context.strokeStyle = palette.casing;
  context.stroke(triangle);
  context.fillStyle = palette.ink;
  context.fill(triangle);
};

/** Openings that sectors are drawn with, degrees; a beam takes the widest that is not wider than it. */
export const OPENINGS_DEG = [30, 60, 90, 120] as const;

/** A sector whose apex is the middle of the image, so that it turns about the mast; the tick is its azimuth. */
const wedge = (opening_deg: number): Draw => (context, palette, size) => {
  const [half, radius] = [(opening_deg * Math.PI) / 360, size / 2 - 4];
  context.beginPath();
  context.moveTo(size / 2, size / 2);
  context.arc(size / 2, size / 2, radius, -Math.PI / 2 - half, -Math.PI / 2 + half);
  context.closePath();
  context.fillStyle = palette.wedge;
  context.fill();
  context.lineWidth = 1;
  context.strokeStyle = palette.ink;
  context.stroke();
  context.stroke(new Path2D(`M${size / 2} ${size / 2 - radius}v-3`));
};

const omni: Draw = (context, palette, size) => {
  circle(context, size, size / 2 - 1.500);
  context.fillStyle = palette.wedge;
  context.fill();
  context.lineWidth = 1;
  context.strokeStyle = palette.ink;
  context.stroke();
};

const obstruction: Draw = (context, palette, size) => {
  halo(context, palette, size, 11);
  circle(context, size, 9);
  context.fillStyle = palette.bad;
  context.fill();
  context.fillStyle = palette.casing;
  const x = size / 2;
  context.fill(new Path2D(`M${x - 6} ${x + 4}l4-7 2.200 3.200 1.300-1.700 4.500 5.500z`));
};

const hatch: Draw = (context, palette, size) => {
  context.strokeStyle = palette.missing;
  context.lineWidth = 1.500;
  context.beginPath();
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift, size);
    context.lineTo(shift + size, 0);
  }
  context.stroke();
};

const SYMBOLS: Record<string, [size: number, draw: Draw]> = {
  white: [20, white],
  patchy: [20, patchy],
  served: [12, served],
  unknown: [20, unknown],
  mast: [20, mast],
  ...Object.fromEntries(OPENINGS_DEG.map((opening): [string, [number, Draw]] => [`wedge-${opening}`, [48, wedge(opening)]])),
  omni: [48, omni],
  obstruction: [26, obstruction],
  hatch: [8, hatch],
};

/** A pill that stretches around the text it carries. */
const PILL = { width: 24, height: 18, radius: 8 } as const;

function addPill(map: MapLibreMap, theme: Theme): void {
  const id = symbolName("pill", theme);
  if (map.hasImage(id)) return;
  const canvas = document.createElement("canvas");
  canvas.width = PILL.width * SCALE;
  canvas.height = PILL.height * SCALE;
  const context = canvas.getContext("2d", READ_BACK);
  if (!context) return;
  context.scale(SCALE, SCALE);
  context.beginPath();
  context.roundRect(1, 1, PILL.width - 2, PILL.height - 2, PILL.radius);
  context.fillStyle = PALETTES[theme].casing;
  context.fill();
  context.lineWidth = 1;
  context.strokeStyle = PALETTES[theme].boundary;
  context.stroke();
  const edge = (PILL.radius + 1) * SCALE;
  map.addImage(id, context.getImageData(0, 0, canvas.width, canvas.height), {
    pixelRatio: SCALE,
    stretchX: [[edge, canvas.width - edge]],
    stretchY: [[edge - SCALE, canvas.height - edge + SCALE]],
    content: [6 * SCALE, 2 * SCALE, canvas.width - 6 * SCALE, canvas.height - 2 * SCALE],
  });
}

/** Name of a symbol's image; each theme has its own set. */
export const symbolName = (name: string, theme: Theme): string => `${name}-${theme}`;

function drawn(name: string, theme: Theme): ImageData | null {
  const entry = SYMBOLS[name];
  if (!entry) return null;
  const [size, draw] = entry;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * SCALE;
  const context = canvas.getContext("2d", READ_BACK);
  if (!context) return null;
  context.scale(SCALE, SCALE);
  draw(context, PALETTES[theme], size);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Adds every symbol of both themes that the map does not have yet. */
export function addSymbols(map: MapLibreMap): void {
  for (const theme of ["light", "dark"] as const) {
    for (const name of Object.keys(SYMBOLS)) {
      const id = symbolName(name, theme);
      const image = map.hasImage(id) ? null : drawn(name, theme);
      if (image) map.addImage(id, image, { pixelRatio: SCALE });
    }
    addPill(map, theme);
  }
}
