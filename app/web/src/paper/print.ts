/** The printed sheet: A4 across, light, with everything that must go with a map. */

import { html, nothing, render, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { t } from "../i18n";
import { mark, statusSymbol } from "../views/icons";
import { composePicture, mapPixels } from "./picture";
import { metresPerPixel, scaleBar, scaleText, sheetOf, type LegendEntry, type Sheet } from "./sheet";

function entry(item: LegendEntry): TemplateResult {
  const sign = "status" in item ? statusSymbol(item.status) : html`<i class="paper-swatch" style="background:${item.colour}"></i>`;
  return html`<li>${sign} ${item.label}</li>`;
}

function scale(app: App, width_px: number): TemplateResult | typeof nothing {
  const map = app.map?.map;
  if (!map) return nothing;
  const bar = scaleBar(metresPerPixel(map.getCenter().lat, map.getZoom()), 110);
  return html`<p class="paper-scale" style="width:${(100 * bar.width_px) / width_px}%"><span>${scaleText(bar.length_m)}</span></p>`;
}

function page(app: App, sheet: Sheet, picture: string): TemplateResult {
  const width_px = app.map?.map.getContainer().clientWidth ?? 1;
  return html`<header><h1>${mark(28)} ${sheet.title}</h1><p>${sheet.subtitle}</p></header>
    <figure><img src=${picture} alt=${t("map.label")} />${scale(app, width_px)}${sheet.watermark ? html`<b class="paper-mark">${sheet.watermark}</b>` : nothing}</figure>
    <aside>${sheet.legend.length ? html`<h2>${sheet.legendTitle}</h2><ul>${sheet.legend.map(entry)}</ul>` : nothing}</aside>
    <footer>${sheet.lines.map((line) => html`<p>${line}</p>`)}${sheet.watermark ? html`<p><b>${sheet.watermark}</b></p>` : nothing}</footer>`;
}

/** Puts the sheet into the document; it shows only on paper. */
export function layOut(app: App): void {
  const region = document.getElementById("paper");
  if (!region || !app.map) return;
  render(page(app, sheetOf(app), mapPixels(app.map.map).toDataURL("image/png")), region);
}

/** Prints in the light theme whatever the screen shows, and returns to it. */
export async function print(app: App): Promise<void> {
  const { theme } = app.state;
  app.setUi({ menu: null });
  if (theme !== "light") {
    app.store.set({ theme: "light" });
    await app.map?.idle();
  }
  layOut(app);
  await document.querySelector<HTMLImageElement>("#paper img")?.decode();
  window.print();
  if (theme !== "light") app.store.set({ theme });
}

const plainName = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").replace(/[^\w.-]+/g, "-");

/** Saves the map as a picture with its legend, scale, source and dates. */
export async function savePicture(app: App): Promise<void> {
  const map = app.map?.map;
  if (!map) return;
  app.setUi({ menu: null });
  await app.map?.idle();
  const sheet = sheetOf(app);
  const canvas = composePicture(map, sheet, app.state.theme);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${plainName(sheet.title)}.png`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  app.say(t("paper.saved"));
}

/** The browser's own print command gets the sheet too. */
export function listenToPrint(app: App): void {
  window.addEventListener("beforeprint", () => layOut(app));
}
