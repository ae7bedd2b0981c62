/** A picture of the map to take away: the map with title, legend, scale, source and dates drawn in. */

import type { Map as MapLibreMap } from "maplibre-gl";
import type { Status } from "../contract";
import { PALETTES, type Palette } from "../map/palette";
import type { Theme } from "../state";
import { metresPerPixel, scaleBar, scaleText, type LegendEntry, type Sheet } from "./sheet";

const TITLE = '600 20px "Be Vietnam Pro", "Inter Variable", sans-serif';
const BODY = '400 12px "Inter Variable", sans-serif';
const STRONG = '600 12px "Inter Variable", sans-serif';
const HEAD_PX = 64;
const LINE_PX = 17;
const EDGE_PX = 16;
const SWATCH_PX = 14;
const LEGEND_WIDTH_PX = 190;

interface Brush {
  on: CanvasRenderingContext2D;
  palette: Palette;
  surface: string;
  faint: string;
}

const TURN = 2 * Math.PI;

/** The four symbols of villages, told apart by shape as on the map. */
function symbol({ on, palette }: Brush, status: Status, x: number, y: number): void {
  const disc = (radius: number): void => {
    on.beginPath();
    on.arc(x, y, radius, 0, TURN);
  };
  on.lineWidth = 2.4;
  if (status === "white") return (disc(5), (on.strokeStyle = palette.white), on.stroke());
  if (status === "served") return (disc(4.5), (on.fillStyle = palette.served), on.fill());
  on.lineWidth = 1.3;
  if (status === "unknown") {
    on.setLineDash([2, 1.5]);
    disc(5.6);
    on.strokeStyle = on.fillStyle = palette.unknown;
    on.stroke();
    on.setLineDash([]);
    on.font = STRONG;
    on.textAlign = "center";
    on.fillText("?", x, y + 4);
    on.textAlign = "left";
    return;
  }
  disc(5);
  on.strokeStyle = palette.patchyEdge;
  on.stroke();
  on.beginPath();
  on.arc(x, y, 5, Math.PI / 2, (3 * Math.PI) / 2);
  on.fillStyle = palette.patchy;
  on.fill();
}

function entry(brush: Brush, item: LegendEntry, x: number, y: number): void {
  const { on, palette } = brush;
  if ("status" in item) symbol(brush, item.status, x + SWATCH_PX / 2, y - 4);
  else {
    on.fillStyle = item.colour;
    on.fillRect(x, y - SWATCH_PX + 3, SWATCH_PX, SWATCH_PX - 2);
    on.strokeStyle = brush.faint;
    on.lineWidth = 0.5;
    on.strokeRect(x, y - SWATCH_PX + 3, SWATCH_PX, SWATCH_PX - 2);
  }
  on.font = BODY;
  on.fillStyle = palette.ink;
  on.fillText(item.label, x + SWATCH_PX + 8, y);
}

function legend(brush: Brush, sheet: Sheet, bottom_px: number): void {
  if (sheet.legend.length === 0) return;
  const { on, palette } = brush;
  on.font = STRONG;
  const width = Math.max(LEGEND_WIDTH_PX, on.measureText(sheet.legendTitle).width + 24);
  const height = (sheet.legend.length + 1) * LINE_PX + 16;
  const top = bottom_px - height - 34;
  on.fillStyle = brush.surface;
  on.globalAlpha = 0.94;
  on.fillRect(EDGE_PX, top, width, height);
  on.globalAlpha = 1;
  on.fillStyle = palette.ink;
  on.fillText(sheet.legendTitle, EDGE_PX + 10, top + 19);
  sheet.legend.forEach((item, index) => entry(brush, item, EDGE_PX + 10, top + 19 + (index + 1) * LINE_PX));
}

function scale({ on, palette }: Brush, map: MapLibreMap, bottom_px: number): void {
  const { length_m, width_px } = scaleBar(metresPerPixel(map.getCenter().lat, map.getZoom()), 110);
  const y = bottom_px - 12;
  const bar = (colour: string, width: number): void => {
    on.strokeStyle = colour;
    on.lineWidth = width;
    on.beginPath();
    on.moveTo(EDGE_PX, y - 5);
    on.lineTo(EDGE_PX, y);
    on.lineTo(EDGE_PX + width_px, y);
    on.lineTo(EDGE_PX + width_px, y - 5);
    on.stroke();
  };
  bar(palette.casing, 4);
  bar(palette.ink, 1.6);
  on.font = STRONG;
  on.lineWidth = 3;
  on.strokeStyle = palette.halo;
  on.strokeText(scaleText(length_m), EDGE_PX + width_px + 8, y);
  on.fillStyle = palette.ink;
  on.fillText(scaleText(length_m), EDGE_PX + width_px + 8, y);
}

/** Across the whole map, light enough to read what lies below. */
function watermark({ on, palette }: Brush, text: string, box: { top: number; width: number; height: number }): void {
  on.save();
  on.beginPath();
  on.rect(0, box.top, box.width, box.height);
  on.clip();
  on.translate(box.width / 2, box.top + box.height / 2);
  on.rotate(-Math.PI / 7);
  on.font = '600 34px "Be Vietnam Pro", sans-serif';
  on.textAlign = "center";
  on.fillStyle = palette.ink;
  on.globalAlpha = 0.16;
  const step = 190;
  for (let y = -box.height; y <= box.height; y += step) on.fillText(text, ((y / step) % 2) * 120, y);
  on.restore();
}

/** Cuts a text into lines no wider than the picture. */
function wrapped(on: CanvasRenderingContext2D, text: string, width_px: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (line && on.measureText(longer).width > width_px) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line ? [...lines, line] : lines;
}

function brushOn(canvas: HTMLCanvasElement, theme: Theme): Brush | null {
  const on = canvas.getContext("2d");
  const surface = theme === "light" ? "#FFFFFF" : "#172329";
  const faint = theme === "light" ? "#5C6B70" : "#93A3A7";
  return on ? { on, palette: PALETTES[theme], surface, faint } : null;
}

/** The map's pixels as they are now: drawn and read in one go, before the browser clears them. */
export function mapPixels(map: MapLibreMap): HTMLCanvasElement {
  map.redraw();
  const source = map.getCanvas();
  const copy = document.createElement("canvas");
  copy.width = source.width;
  copy.height = source.height;
  copy.getContext("2d")?.drawImage(source, 0, 0);
  return copy;
}

function head({ on, palette, faint }: Brush, sheet: Sheet): void {
  on.font = TITLE;
  on.fillStyle = palette.ink;
  on.fillText(sheet.title, EDGE_PX, 30);
  on.font = BODY;
  on.fillStyle = faint;
  on.fillText(sheet.subtitle, EDGE_PX, 50);
}

/** Draws the whole sheet; its size is the map's with room above and below, at the sharpness of the screen. */
export function composePicture(map: MapLibreMap, sheet: Sheet, theme: Theme): HTMLCanvasElement {
  const pixels = mapPixels(map);
  const { clientWidth: width, clientHeight: height } = map.getContainer();
  const ratio = pixels.width / width;
  const canvas = document.createElement("canvas");
  const brush = brushOn(canvas, theme);
  if (!brush) return canvas;
  const { on } = brush;
  on.font = BODY;
  const lines = [...sheet.lines, ...(sheet.watermark ? [sheet.watermark] : [])].flatMap((line) => wrapped(on, line, width - 2 * EDGE_PX));
  const whole = HEAD_PX + height + lines.length * LINE_PX + 22;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(whole * ratio);
  on.scale(ratio, ratio);
  on.fillStyle = brush.surface;
  on.fillRect(0, 0, width, whole);
  on.drawImage(pixels, 0, HEAD_PX, width, height);
  head(brush, sheet);
  if (sheet.watermark) watermark(brush, sheet.watermark, { top: HEAD_PX, width, height });
  legend(brush, sheet, HEAD_PX + height);
  scale(brush, map, HEAD_PX + height);
  on.font = BODY;
  on.fillStyle = brush.faint;
  lines.forEach((line, index) => on.fillText(line, EDGE_PX, HEAD_PX + height + 20 + index * LINE_PX));
  return canvas;
}
