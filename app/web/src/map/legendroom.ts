/** Room for the legend: a view in which the province does not lie under it. */

import { MercatorCoordinate, type CameraOptions, type LngLatLike } from "maplibre-gl";

export interface Padding {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** The legend in pixels of the map; it stands in the left bottom corner. */
export interface Corner {
  right: number;
  top: number;
  mapWidth: number;
  mapHeight: number;
}

const TILE_PX = 512;
const GAP_PX = 12;

export function cornerOf(map: DOMRect, legend: DOMRect): Corner {
  return { right: legend.right - map.left, top: legend.top - map.top, mapWidth: map.width, mapHeight: map.height };
}

/** Tells whether any of some places lies under the legend in a view. */
export function isUnder(corner: Corner, camera: Pick<CameraOptions, "center" | "zoom">, places: readonly GeoJSON.Position[]): boolean {
  const centre = MercatorCoordinate.fromLngLat(camera.center as LngLatLike);
  const world = TILE_PX * 2 ** (camera.zoom ?? 0);
  return places.some(([lon, lat]) => {
    const place = MercatorCoordinate.fromLngLat([lon as number, lat as number]);
    const x = (place.x - centre.x) * world + corner.mapWidth / 2;
    const y = (place.y - centre.y) * world + corner.mapHeight / 2;
    return x < corner.right && y > corner.top;
  });
}

/** Padding for a view: what is given where the province stays clear of the legend, else the one that shows it larger. */
export function paddingBeside(
  corner: Corner,
  padding: Padding,
  cameraFor: (padding: Padding) => Pick<CameraOptions, "center" | "zoom"> | undefined,
  places: readonly GeoJSON.Position[],
): Padding {
  const plain = cameraFor(padding);
  if (!plain || !isUnder(corner, plain, places)) return padding;
  const beside = { ...padding, left: corner.right + GAP_PX };
  const above = { ...padding, bottom: corner.mapHeight - corner.top + GAP_PX };
  const zooms = [beside, above].map((one) => cameraFor(one)?.zoom ?? -Infinity) as [number, number];
  return zooms[0] >= zooms[1] ? beside : above;
}
