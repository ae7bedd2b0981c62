import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { bearing, coordinates, date, dbm, distance, number, percent, plain, points, square } from "../src/format";
import { setLang } from "../src/i18n";

const NBSP = "\u00a0";

beforeAll(() => vi.stubGlobal("document", { documentElement: {} }));
afterEach(() => setLang("vi"));

describe("numbers in Vietnamese", () => {
  it("uses a decimal comma, dots for thousands and a non-breaking unit", () => {
    expect(number(4324783)).toBe("4.324.783");
    expect(percent(0.7562)).toBe(`75,6${NBSP}%`);
    expect(distance(4790)).toBe(`4,8${NBSP}km`);
    expect(square(11091.77)).toBe(`11.092${NBSP}km²`);
  });

  it("writes a true minus, and no minus before zero", () => {
    expect(dbm(-142.4)).toBe(`\u2212142${NBSP}dBm`);
    expect(number(-0.2)).toBe("0");
    expect(number(-0.04, 1)).toBe("0,0");
  });

  it("shows zero as 0 and missing as a dash", () => {
    expect(number(0)).toBe("0");
    expect(number(null)).toBe("–");
    expect(number(Number.NaN)).toBe("–");
    expect(percent(undefined)).toBe("–");
    expect(dbm(null)).toBe("–");
  });

  it("drops decimals of distances from 100 km on", () => {
    expect(distance(99_940)).toBe(`99,9${NBSP}km`);
    expect(distance(100_000)).toBe(`100${NBSP}km`);
  });
});

describe("differences of shares", () => {
  it("are percentage points, never per cent", () => expect(points(0.313)).toBe("31,3 điểm"));
  it("say so when they round to nothing", () => expect(points(0.0004)).toBe(`<${NBSP}0,1 điểm`));
});

describe("English", () => {
  it("uses a decimal point and commas", () => {
    setLang("en");
    expect(percent(0.756)).toBe(`75.6${NBSP}%`);
    expect(number(1176)).toBe("1,176");
    expect(points(0.01)).toBe("1.0 point");
    expect(coordinates(20.34949, 104.9695)).toBe(`20.3495°${NBSP}N, 104.9695°${NBSP}E`);
  });
});

describe("places and directions", () => {
  it("names coordinates by B and Đ", () => expect(coordinates(20.3495, 104.9695)).toBe(`20,3495°${NBSP}B, 104,9695°${NBSP}Đ`));

  it.each([
    [0, "B", 0],
    [22.4, "B", 22],
    [22.6, "ĐB", 23],
    [133, "ĐN", 133],
    [297, "TB", 297],
    [359.7, "B", 0],
    [-45, "TB", 315],
  ])("%d degrees is %s", (degrees, wind, whole) => expect(bearing(degrees)).toBe(`${wind}${NBSP}${whole}°`));
});

describe("dates", () => {
  it("are day, month, year", () => expect(date("2026-09-30")).toBe("30/09/2026"));
  it("are a dash when unknown", () => expect(date(null)).toBe("–"));
});

describe("plain text for filters", () => {
  it("forgets accents, đ and case, in either normal form", () => {
    expect(plain("Xã Đồng Tiến")).toBe("xa dong tien");
    expect(plain("Cẩm Thuỷ".normalize("NFD"))).toBe("cam thuy");
  });
});
