/** The whole map style as a pure function of what is to be shown; the map applies only what differs. */

import type { LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import { address } from "../api";
import { ready } from "../model";
import { previewLayers } from "../data/layers";
import { areaLayers, outsideLayers, selectionLayers } from "./areas";
import { contourLayers, contourSources } from "./contours";
import { lineLayers } from "./lines";
import { CODES_MAX_ZOOM, DRAWN, signalLayers } from "../signal/maplayers";
import { labelLayers, pointLayers } from "./points";
import { PALETTES } from "./palette";
import type { Scene } from "./scene";
import { planLayers, planSources } from "../optimiser/layers";
import { whatIfGround, whatIfMarks, whatIfSources } from "../whatif/layers";

/** Vector collections drawn from tiles, with the property that identifies a feature. */
const COLLECTIONS: Record<string, string> = {
  communes: "commune_code",
  villages: "village_id",
  sites: "site_id",
  cells: "cell_id",
  roads: "road_id",
  fibre_routes: "route_id",
  fibre_nodes: "node_id",
  places: "place_id",
};

const MATRIX = "tiles/WebMercatorQuad/{z}/{y}/{x}";

type Sources = Record<string, SourceSpecification>;

function collectionSources({ model }: Scene): Sources {
  const study = ready(model.study);
  // A layer that was replaced has another address, so that no tile of the old one stays on the map.
  const run = ready(model.results)?.run ?? "";
  const sources: Sources = {};
  for (const [id, key] of Object.entries(COLLECTIONS)) {
    if (!study?.layers[id]) continue;
    sources[id] = {
      type: "vector",
      tiles: [`${address(`collections/${id}/${MATRIX}`)}?v=${(study.layers[id]?.sha256 ?? "").slice(0, 12)}${id === "villages" ? run : ""}`],
      promoteId: key,
      maxzoom: 14,
      ...(study.bounds ? { bounds: study.bounds } : {}),
    };
  }
  return sources;
}

function coverageSource(scene: Scene, name: string): SourceSpecification {
  const bounds = ready(scene.model.study)?.bounds;
  return {
    type: "raster",
    tiles: [`${address(`coverages/${name}/${MATRIX}`)}?run=${ready(scene.model.results)?.run ?? ""}`],
    tileSize: 256,
    ...(bounds ? { bounds } : {}),
  };
}

/** Codes of a signal layer: one number a pixel, coloured on the page. */
function codeSource(scene: Scene, name: string): SourceSpecification {
  const bounds = ready(scene.model.study)?.bounds;
  return {
    type: "raster-dem",
    tiles: [`${address(`coverages/${encodeURIComponent(name)}/${MATRIX}`)}?form=codes&run=${ready(scene.model.results)?.run ?? ""}`],
    tileSize: 256,
    maxzoom: CODES_MAX_ZOOM,
    encoding: "custom",
    redFactor: 1,
    greenFactor: 0,
    blueFactor: 0,
    baseShift: 0,
    ...(bounds ? { bounds } : {}),
  };
}

function coverageSources(scene: Scene): Sources {
  const sources: Sources = {};
  if (scene.signal.codes) sources[scene.signal.codes.id] = codeSource(scene, scene.signal.codes.id);
  if (scene.coverage) sources[scene.coverage] = coverageSource(scene, scene.coverage);
  if (ready(scene.model.study)?.coverages.includes("hillshade")) sources["hillshade"] = coverageSource(scene, "hillshade");
  return sources;
}

function drawn(data: GeoJSON.GeoJSON): SourceSpecification {
  return { type: "geojson", data };
}

function drawnSources(scene: Scene): Sources {
  return {
    names: drawn(scene.names),
    rays: drawn(scene.rays),
    [DRAWN]: drawn(scene.signal.drawn),
    ...(scene.state.view === "data" && scene.model.preview ? { preview: drawn(scene.model.preview) } : {}),
    ...(scene.model.whatif ? whatIfSources(scene, scene.model.whatif) : {}),
    ...(scene.model.optimiser ? planSources(scene.model.optimiser) : {}),
    ...(scene.outline ? { mask: drawn(scene.outline.mask), edge: drawn(scene.outline.edge) } : {}),
  };
}

/** Keeps layers whose source exists: a study need not have every layer. */
function withSource(sources: Sources): (layer: LayerSpecification) => boolean {
  return (layer) => !("source" in layer) || typeof layer.source !== "string" || layer.source in sources;
}

export function buildStyle(scene: Scene): StyleSpecification {
  const sources: Sources = { ...collectionSources(scene), ...coverageSources(scene), ...contourSources(scene), ...drawnSources(scene) };
  const background: LayerSpecification = {
    id: "paper",
    type: "background",
    paint: { "background-color": PALETTES[scene.state.theme].paper },
  };
  const layers = [
    background,
    ...areaLayers(scene),
    ...contourLayers(scene),
    ...(scene.model.whatif ? whatIfGround(scene, scene.model.whatif) : []),
    ...outsideLayers(scene),
    ...selectionLayers(scene),
    ...lineLayers(scene),
    ...signalLayers(scene),
    ...pointLayers(scene),
    ...(scene.model.whatif ? whatIfMarks(scene, scene.model.whatif) : []),
    ...labelLayers(scene),
    ...(scene.model.optimiser ? planLayers(scene, scene.model.optimiser) : []),
    ...previewLayers(scene),
  ];
  return { version: 8, sources, layers: layers.filter(withSource(sources)), transition: { duration: 0, delay: 0 } };
}
