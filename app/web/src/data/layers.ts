/** The rows of a file that is looked at, drawn over the map; those with findings in their own colour. */

import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import { PALETTES } from "../map/palette";
import type { Scene } from "../map/scene";

const SOURCE = { source: "preview" } as const;
const KIND: ExpressionSpecification = ["geometry-type"];
const BAD: ExpressionSpecification = ["==", ["get", "severity"], "error"];

export function previewLayers({ state }: Scene): LayerSpecification[] {
  if (state.view !== "data") return [];
  const { accent, white, casing } = PALETTES[state.theme];
  const colour: ExpressionSpecification = ["case", BAD, white, accent];
  const area: ExpressionSpecification = ["==", KIND, "Polygon"];
  return [
    { id: "preview-areas", type: "fill", ...SOURCE, filter: area, paint: { "fill-color": colour, "fill-opacity": 0.22 } },
    { id: "preview-casing", type: "line", ...SOURCE, filter: ["!=", KIND, "Point"], paint: { "line-color": casing, "line-width": 3.5 } },
    { id: "preview-lines", type: "line", ...SOURCE, filter: ["!=", KIND, "Point"], paint: { "line-color": colour, "line-width": 1.6 } },
    {
      id: "preview-points",
      type: "circle",
      ...SOURCE,
      filter: ["==", KIND, "Point"],
      layout: { "circle-sort-key": ["case", BAD, 1, 0] },
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 7, 3, 12, 6], "circle-color": colour, "circle-stroke-color": casing, "circle-stroke-width": 1.5 },
    },
  ];
}
