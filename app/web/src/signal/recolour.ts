/** Colours of the codes in a tile, as the expression of a colour-relief layer: changing it asks for no tile. */

import type { ExpressionSpecification } from "maplibre-gl";
import type { CodeClass, CodeLayer } from "./contract";

export const CLEAR = "rgba(0,0,0,0)";
const CODES = 256;

/** Code from which a margin layer is drawn, when the threshold lies `above_db` over the method's. */
export function firstCode(layer: CodeLayer, above_db: number): number {
  if (layer.zero_code === undefined) return 1;
  return Math.min(255, Math.max(1, layer.zero_code + Math.round(above_db * (layer.codes_per_db ?? 2))));
}

/** Classes as they are drawn: below the method's own threshold the first colour goes on. */
export function colourOf(code: number, layer: CodeLayer): string {
  const own = classAt(code, layer.classes);
  if (own) return own.tones?.[(code - own.code) % own.tones.length] ?? own.colour;
  const [first] = layer.classes;
  return layer.kind === "margin" && first && code > 0 && code < first.code ? first.colour : CLEAR;
}

export function classAt(code: number, classes: readonly CodeClass[]): CodeClass | undefined {
  return classes.find((one) => code >= one.code && code <= one.last_code);
}

function isOff(code: number, layer: CodeLayer, off: readonly number[]): boolean {
  const index = layer.classes.findIndex((one) => code >= one.code && code <= one.last_code);
  return off.includes(Math.max(index, layer.kind === "margin" ? 0 : index));
}

/** Colour of each of the 256 codes. */
export function codeColours(layer: CodeLayer, above_db: number, off: readonly number[]): string[] {
  const first = firstCode(layer, above_db);
  return Array.from({ length: CODES }, (_, code) => (code < first || isOff(code, layer, off) ? CLEAR : colourOf(code, layer)));
}

/**
 * Only whole codes occur in a tile, so a run of codes of one colour needs a stop at each of its ends and nothing
 * is ever drawn between two runs.
 */
export function reliefColour(colours: readonly string[]): ExpressionSpecification {
  const stops: (number | string)[] = [];
  colours.forEach((colour, code) => {
    if (colour !== colours[code - 1] || colour !== colours[code + 1]) stops.push(code, colour);
  });
  return ["interpolate", ["linear"], ["elevation"], ...stops] as unknown as ExpressionSpecification;
}
