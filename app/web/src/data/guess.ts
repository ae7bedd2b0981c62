/** Guesses from the names of files which layer they are meant to be. */

import { plain } from "../format";

/** In this order: "ranh gioi xa" names communes although "xa" stands in many names. */
const WORDS: readonly [layer: string, pattern: RegExp][] = [
  ["antennas", /\.(msi|pln|ant)$/],
  ["population", /dan so|danso|population|worldpop|ghsl|people/],
  ["clutter", /clutter|lop phu|landcover|canopy/],
  ["terrain", /\.hgt$|dem|dsm|terrain|dia hinh|srtm|copernicus|\.(tif|tiff)$/],
  ["fibre", /fibre|fiber|cap quang|capquang|ofds/],
  ["roads", /road|duong|giao thong|\.osm/],
  ["cells", /cell|sector/],
  ["sites", /site|tram|bts|cot/],
  ["villages", /village|thon|ban|settlement/],
  ["communes", /commune|ranh|xa phuong|xa_phuong|ward|boundar|communes|\bxa\b/],
  ["places", /place|dia diem|poi/],
];

export function guessLayer(names: readonly string[]): string | null {
  const text = plain(names.join(" "));
  return WORDS.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
}
