/// <reference lib="webworker" />
/** Service worker: the page opens without a network and shows the figures and tiles last seen. */

import { outdated, strategyFor, surplus } from "./strategy";

declare const self: ServiceWorkerGlobalScope;
/** Put in by the build: names of the page's files, and a hash of them all. */
declare const PAGE_FILES: readonly string[];
declare const PAGE_VERSION: string;

const PAGE = `phusong-page-${PAGE_VERSION}`;
const DATA = "phusong-data";
const TILES = "phusong-tiles";
const MOST_TILES = 4000;
const MOST_FIGURES = 600;
/** After this the kept answer is given, while the server may still be asked: networks in the field hang. */
const PATIENCE_MS = 8000;

let isCutOff = false;

async function tell(cutOff: boolean): Promise<void> {
  if (cutOff === isCutOff) return;
  isCutOff = cutOff;
  for (const client of await self.clients.matchAll()) client.postMessage({ offline: cutOff });
}

async function keep(store: string, request: Request, answer: Response, most: number): Promise<void> {
  const cache = await caches.open(store);
  await cache.put(request, answer);
  // Counting is slow with thousands of entries; now and then is enough.
  if (Math.random() > 0.02) return;
  for (const old of surplus(await cache.keys(), most)) await cache.delete(old);
}

async function fromServer(request: Request): Promise<Response> {
  const stop = AbortSignal.timeout(PATIENCE_MS);
  const answer = await fetch(request, { signal: stop });
  await tell(false);
  return answer;
}

async function networkFirst(event: FetchEvent, store: string, most: number): Promise<Response> {
  const { request } = event;
  try {
    const answer = await fetchPatiently(request);
    if (answer.ok) event.waitUntil(keep(store, request, answer.clone(), most));
    return answer;
  } catch (error) {
    const kept = await (await caches.open(store)).match(request, { ignoreVary: true });
    event.waitUntil(tell(true));
    if (kept) return kept;
    throw error;
  }
}

/** Computations answer late though the network is well: only what is kept already is given up on. */
async function fetchPatiently(request: Request): Promise<Response> {
  const known = await caches.match(request, { ignoreVary: true });
  if (known) return fromServer(request);
  const answer = await fetch(request);
  await tell(false);
  return answer;
}

async function cacheFirst(request: Request): Promise<Response> {
  const kept = await (await caches.open(PAGE)).match(request, { ignoreVary: true });
  return kept ?? fetch(request);
}

/** The newest page while the server is there: its name carries no hash. */
async function entryPage(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    await tell(false);
    return answer;
  } catch (error) {
    const kept = await (await caches.open(PAGE)).match(self.registration.scope, { ignoreVary: true });
    if (!kept) throw error;
    isCutOff = true;
    return kept;
  }
}

self.addEventListener("install", (event) => {
  const addresses = PAGE_FILES.map((file) => new URL(file, self.registration.scope).href);
  event.waitUntil(
    caches
      .open(PAGE)
      .then((cache) => cache.addAll([self.registration.scope, ...addresses]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(outdated(names, PAGE_VERSION).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const strategy = strategyFor(request.method, request.url, self.registration.scope, request.mode === "navigate");
  if (strategy === "page") event.respondWith(entryPage(request));
  else if (strategy === "asset") event.respondWith(cacheFirst(request));
  else if (strategy === "figure") event.respondWith(networkFirst(event, DATA, MOST_FIGURES));
  else if (strategy === "tile") event.respondWith(networkFirst(event, TILES, MOST_TILES));
});

/** What the page fetched before the worker was there is fetched once more and kept. */
async function catchUp(addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    const strategy = strategyFor("GET", address, self.registration.scope, false);
    if (strategy !== "figure" && strategy !== "tile") continue;
    const store = strategy === "tile" ? TILES : DATA;
    const answer = await fetch(address).catch(() => null);
    if (answer?.ok) await keep(store, new Request(address), answer, strategy === "tile" ? MOST_TILES : MOST_FIGURES);
  }
}

self.addEventListener("message", (event) => {
  const { seen, ask } = (event.data ?? {}) as { seen?: string[]; ask?: boolean };
  if (seen) event.waitUntil(catchUp(seen).then(() => event.source?.postMessage({ caughtUp: true })));
  if (ask) event.source?.postMessage({ offline: isCutOff });
});
