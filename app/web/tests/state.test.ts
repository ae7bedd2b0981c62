import { describe, expect, it } from "vitest";
import { DEFAULTS, fromQuery, toQuery, type State } from "../src/state";

describe("state in the address", () => {
  it("leaves out what equals the default", () => expect(toQuery(DEFAULTS)).toBe(""));

  it("comes back as it went", () => {
    const state: State = {
      ...DEFAULTS,
      view: "villages",
      tech: "4G+5G",
      operator: "Viettel & bạn",
      metric: "area",
      hidden: [0, 3],
      query: "Cẩm Tú",
      descending: false,
      commune: "00123",
      village: "00123-004",
      statuses: ["unknown"],
      layers: [],
      lang: "en",
      theme: "dark",
      at: "105.1,19.8,9.50",
    };
    expect(fromQuery(toQuery(state))).toEqual(state);
  });

  it("falls back where the address holds nonsense", () => {
    const state = fromQuery("view=attic&metric=mood&lang=xx&statuses=white,green&hidden=1,x,2.5&sort=");
    expect(state.view).toBe("overview");
    expect(state.metric).toBe("population");
    expect(state.lang).toBe("vi");
    expect(state.statuses).toEqual(["white"]);
    expect(state.hidden).toEqual([1]);
    expect(state.sort).toBe("uncovered");
  });

  it("keeps the reader's own theme unless the address names one", () => {
    const dark = { ...DEFAULTS, theme: "dark" as const };
    expect(fromQuery("", dark).theme).toBe("dark");
    expect(fromQuery("theme=light", dark).theme).toBe("light");
  });
});
