/** The page's side of working without a network: installs the worker and shows when figures are kept ones. */

import { address } from "../api";
import type { App } from "../app";

interface Word {
  offline?: boolean;
  caughtUp?: boolean;
}

function onWord(app: App, { offline, caughtUp }: Word): void {
  if (offline !== undefined && offline !== app.ui.offline) app.setUi({ offline });
  // For tests and for the curious: everything seen so far is there without a network.
  if (caughtUp) document.documentElement.dataset["kept"] = "true";
}

/** Hands the worker what was fetched before it was there. */
async function handOver(app: App): Promise<void> {
  const { active } = await navigator.serviceWorker.ready;
  await app.map?.idle();
  const seen = performance.getEntriesByType("resource").map((entry) => entry.name);
  active?.postMessage({ seen: [...new Set(seen)] });
}

export function workOffline(app: App): void {
  const look = (): void => app.setUi({ offline: !navigator.onLine });
  window.addEventListener("online", look);
  window.addEventListener("offline", look);
  if (!navigator.onLine) look();
  // Not on plain http from another machine, where browsers have no service workers.
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  const worker = navigator.serviceWorker;
  worker.addEventListener("message", (event: MessageEvent<Word>) => onWord(app, event.data ?? {}));
  const first = worker.controller === null;
  worker.controller?.postMessage({ ask: true });
  // A browser that forbids workers shows the page all the same.
  worker.register(address("sw.js"), { scope: address("") }).then(
    () => (first ? void handOver(app) : undefined),
    () => undefined,
  );
}
