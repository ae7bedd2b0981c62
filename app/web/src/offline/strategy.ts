/** How each request is answered: files of the page from the store, figures and tiles from the server as long as it is there. */

export type Strategy = "page" | "asset" | "figure" | "tile" | "pass";

const FIGURES = /^(study|results|settings|point|profile|footprint|search|layers|scenarios|collections|coverages)(\/|$)/;
const TILES = /\/tiles\/WebMercatorQuad\//;

/**
 * Strategy for a request.
 *
 * @param method HTTP method; only GET is ever kept.
 * @param url absolute address asked for.
 * @param scope absolute address of the page, with a slash at its end.
 * @param isPage true when a whole page is asked for rather than a part of it.
 */
export function strategyFor(method: string, url: string, scope: string, isPage: boolean): Strategy {
  if (method !== "GET" || !url.startsWith(scope)) return "pass";
  const path = url.slice(scope.length).split(/[?#]/)[0] ?? "";
  if (isPage) return path === "" || path === "index.html" ? "page" : "pass";
  if (path.startsWith("assets/") || path === "mark.svg" || path === "manifest.webmanifest" || path.startsWith("icons/")) return "asset";
  if (TILES.test(path)) return "tile";
  return FIGURES.test(path) ? "figure" : "pass";
}

/** Keys to drop so that at most `most` remain, the oldest first. */
export function surplus<T>(keys: readonly T[], most: number): T[] {
  return keys.slice(0, Math.max(0, keys.length - most));
}

/** Names of stores that belong to other versions of the page. */
export function outdated(names: readonly string[], version: string): string[] {
  return names.filter((name) => name.startsWith("phusong-page-") && name !== `phusong-page-${version}`);
}
