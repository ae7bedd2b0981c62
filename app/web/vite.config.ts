import { defineConfig } from "vitest/config";
import { serviceWorker } from "./serviceworker.ts";

const API = "http://127.0.0.1:8000";
const served = ["results", "study", "collections", "coverages", "profile", "point", "search", "exports", "health", "api"];

export default defineConfig({
  // Relative addresses, so that the page also works behind a path prefix.
  base: "./",
  build: {
    outDir: "../phusong/app/static",
    emptyOutDir: true,
    target: "es2022",
    // MapLibre alone is over Vite's default; the whole page stays under 1.5 MB compressed.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: { index: "index.html", sw: "src/offline/worker.ts" },
      // The worker's address stays the same for good, and it must lie beside the page to have it in its scope.
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  plugins: [serviceWorker()],
  server: { proxy: Object.fromEntries(served.map((path) => [`/${path}`, API])) },
  test: { include: ["tests/**/*.test.ts"] },
});
