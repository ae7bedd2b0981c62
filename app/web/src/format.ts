/** Numbers as people read them: decimal comma, dot for thousands, true minus, non-breaking unit. */

import { locale, t } from "./i18n";

export const NBSP = "\u00a0";
export const MISSING = "–";
const MINUS = "\u2212";

type Maybe = number | null | undefined;

function missing(value: Maybe): value is null | undefined {
  return value === null || value === undefined || !Number.isFinite(value);
}

// Making a format takes longer than drawing what is formatted; a page needs a handful of them.
const numberFormats = new Map<string, Intl.NumberFormat>();

function numberFormat(language: string, decimals: number): Intl.NumberFormat {
  const key = `${language} ${decimals}`;
  const kept = numberFormats.get(key) ?? new Intl.NumberFormat(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  numberFormats.set(key, kept);
  return kept;
}

const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "2-digit", year: "numeric" });

/** A number with exactly `decimals` decimals; missing is an en dash, never zero. */
export function number(value: Maybe, decimals = 0): string {
  if (missing(value)) return MISSING;
  const text = numberFormat(locale(), decimals).format(value);
  // Rounding may leave "-0"; nothing below zero reads better than a negative zero.
  return /[1-9]/.test(text) ? text.replace(/^-/, MINUS) : text.replace(/^-/, "");
}

export function withUnit(text: string, unit: string): string {
  return text === MISSING ? text : `${text}${NBSP}${unit}`;
}

/** A share 0..1 as per cent. */
export function percent(share: Maybe, decimals = 1): string {
  return withUnit(number(missing(share) ? null : share * 100, decimals), "%");
}

/** A difference of shares (0..1) in percentage points, without sign; what rounds to nothing says so. */
export function points(difference: number): string {
  const rounded = Math.abs(Math.round(difference * 1000) / 10);
  const text = rounded === 0 ? `<${NBSP}${number(0.1, 1)}` : number(rounded, 1);
  return t("unit.points", { count: rounded, n: text });
}

export const dbm = (value: Maybe): string => withUnit(number(value), "dBm");
export const db = (value: Maybe): string => withUnit(number(value), "dB");
export const metres = (value: Maybe): string => withUnit(number(value), "m");
export const square = (value: Maybe): string => withUnit(number(value, squareDecimals(value)), "km²");

function squareDecimals(value: Maybe): number {
  return missing(value) || value >= 100 ? 0 : 1;
}

/** A distance: kilometres with one decimal under 100 km. */
export function distance(value_m: Maybe): string {
  if (missing(value_m)) return MISSING;
  const km = value_m / 1000;
  return withUnit(number(km, km < 100 ? 1 : 0), "km");
}

/** Day, month, year of an ISO time, in the reader's own day. */
export function date(iso: string | null | undefined): string {
  if (!iso) return MISSING;
  const plain = /^\d{4}-\d{2}-\d{2}$/.test(iso) ? `${iso}T00:00:00` : iso;
  const time = new Date(plain);
  if (Number.isNaN(time.getTime())) return MISSING;
  return dayFormat.format(time);
}

export function coordinates(lat: number, lon: number): string {
  const north = `${number(Math.abs(lat), 4)}°${NBSP}${t(lat < 0 ? "compass.4" : "compass.0")}`;
  const east = `${number(Math.abs(lon), 4)}°${NBSP}${t(lon < 0 ? "compass.6" : "compass.2")}`;
  return `${north}, ${east}`;
}

/** Letters of the nearest of eight winds, and whole degrees from true north. */
export function bearing(degrees: number): string {
  const turn = ((degrees % 360) + 360) % 360;
  const wind = Math.round(turn / 45) % 8;
  return `${t(`compass.${wind}`)}${NBSP}${number(Math.round(turn) % 360)}°`;
}

/** Text in the composed form: combining marks drawn on a canvas would drift off their letters. */
export const composed = (text: string): string => text.normalize("NFC");

/** Lower case without accents and đ, for filters that forgive typing. */
export function plain(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/[đĐ]/g, "d")
    .toLowerCase()
    .trim();
}

export const collator = new Intl.Collator("vi");
