/** Build step: tells the service worker which files make up the page, and their common hash. */

import type { Plugin, Rollup } from "vite";

const WORKER = "sw.js";
/** Beside what the bundler writes: files of public/. */
const PUBLIC = ["mark.svg", "manifest.webmanifest", "icons/192.png", "icons/512.png", "icons/maskable-512.png"];
/** Fonts of scripts that Vietnamese and English text does not use are fetched only when needed. */
const NEEDED = /\.(js|mjs|css|svg)$|(latin|vietnamese)[^/]*\.woff2$/;

type Output = Rollup.OutputBundle[string];

function contentOf(file: Output | undefined): string {
  if (!file) return "";
  return file.type === "chunk" ? file.code : String(file.source);
}

async function hashOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...digest.slice(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function serviceWorker(): Plugin {
  return {
    name: "phusong-service-worker",
    apply: "build",
    async generateBundle(_options, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== "chunk") throw new Error(`${WORKER} is not in the bundle`);
      if (worker.imports.length > 0) throw new Error(`${WORKER} must stand alone, but imports ${worker.imports.join(", ")}`);
      const files = [...Object.keys(bundle).filter((name) => name.startsWith("assets/") && NEEDED.test(name)), ...PUBLIC].sort();
      const parts = files.map((name) => `${name} ${contentOf(bundle[name])}`);
      const version = await hashOf(parts.join("\n"));
      worker.code = `const PAGE_FILES=${JSON.stringify(files)},PAGE_VERSION=${JSON.stringify(version)};\n${worker.code}`;
    },
  };
}
