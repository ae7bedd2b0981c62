/** Catalogues of text. No text shown to people stands anywhere else. */

import en from "./i18n/en.json";
import vi from "./i18n/vi.json";

export type Lang = "vi" | "en";
export type Parameters = Record<string, string | number>;

interface Catalogue {
  [key: string]: string | Catalogue;
}

const CATALOGUES: Record<Lang, Catalogue> = { vi, en };
let current: Lang = "vi";

export function lang(): Lang {
  return current;
}

export function setLang(next: Lang): void {
  current = next;
  document.documentElement.lang = next;
}

/** Locale for Intl; Vietnamese numbers and order, or English ones. */
export function locale(): string {
  return current === "vi" ? "vi-VN" : "en-GB";
}

function find(catalogue: Catalogue, key: string): string | Catalogue | undefined {
  let node: string | Catalogue | undefined = catalogue;
  for (const part of key.split(".")) {
    if (node === undefined || typeof node === "string") return undefined;
    node = node[part];
  }
  return node;
}

/** True when the chosen language has a text of that name. */
export function has(key: string): boolean {
  return find(CATALOGUES[current], key) !== undefined;
}

/**
 * The text named `key`, with `{name}` replaced by the parameter of that name. An entry with `one` and `other`
 * takes its form from the parameter `n`.
 */
export function t(key: string, parameters: Parameters = {}): string {
  const node = find(CATALOGUES[current], key);
  const entry = typeof node === "object" ? node[formOf(parameters)] : node;
  if (typeof entry !== "string") return key;
  return entry.replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole));
}

const pluralRules = new Map<string, Intl.PluralRules>();

function formOf(parameters: Parameters): string {
  const count = Number(parameters["count"] ?? parameters["n"]);
  const rules = pluralRules.get(locale()) ?? new Intl.PluralRules(locale());
  pluralRules.set(locale(), rules);
  return rules.select(count) === "one" ? "one" : "other";
}
