import { beforeAll, describe, expect, it, vi } from "vitest";
import english from "../src/i18n/en.json";
import vietnamese from "../src/i18n/vi.json";
import { setLang, t } from "../src/i18n";

type Tree = { [key: string]: string | Tree };
const isPlural = (tree: Tree): boolean => Object.keys(tree).sort().join() === "one,other";

/** Names of all texts; the forms of a plural count as one text. */
function names(tree: Tree, prefix = ""): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" || isPlural(value) ? [prefix + key] : names(value, `${prefix}${key}.`),
  );
}

function texts(tree: Tree): string[] {
  return Object.values(tree).flatMap((value) => (typeof value === "string" ? [value] : texts(value)));
}

const files = import.meta.glob<string>("../src/**/*.ts", { query: "?raw", import: "default", eager: true });
const sources = Object.entries(files).map(([name, text]) => ({ name, text }));

beforeAll(() => vi.stubGlobal("document", { documentElement: {} }));

describe("catalogues", () => {
  it("have the same texts in both languages", () => {
    expect(names(english).sort()).toEqual(names(vietnamese).sort());
  });

  it("are in the composed form, without an exclamation mark or a plea", () => {
    for (const text of [...texts(vietnamese), ...texts(english)]) {
      expect(text).toBe(text.normalize("NFC"));
      expect(text).not.toMatch(/!|vui lòng|please/i);
    }
  });

  it("hold every text the sources name", () => {
    const known = new Set(names(vietnamese));
    const named = sources.flatMap(({ text }) => [...text.matchAll(/\bt\("([a-z0-9_.]+)"/g)].map((match) => match[1] as string));
    expect(named.length).toBeGreaterThan(80);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it("are the only place with Vietnamese words", () => {
    const own = /[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệịỉĩọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]{1,}[a-z]|[a-z][ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệịỉĩọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/i;
    const withWords = sources.filter(({ text }) => own.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")));
    expect(withWords.map(({ name }) => name)).toEqual([]);
  });
});

describe("t", () => {
  it("fills in parameters", () => {
    setLang("vi");
    expect(t("table.below", { n: "80" })).toBe("Dưới chỉ tiêu · 80");
  });

  it("chooses the plural form by the count", () => {
    setLang("en");
    expect(t("villages.count", { count: 1, n: "1" })).toBe("1 village");
    expect(t("villages.count", { count: 1176, n: "1,176" })).toBe("1,176 villages");
  });

  it("shows the name of a missing text rather than nothing", () => expect(t("no.such.text")).toBe("no.such.text"));
});
