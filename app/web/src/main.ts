/** Starts the page: reads the address, draws the frame, opens the map, fetches the figures. */

import { html, nothing, render, type TemplateResult } from "lit-html";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/controls.css";
import "./styles/frame.css";
import "./styles/kpi.css";
import "./styles/panels.css";
import "./styles/table.css";
import "./styles/village.css";
import "./styles/profile.css";
import "./styles/stage.css";
import "./styles/legend.css";
import "./styles/menus.css";
import "./styles/lists.css";
import "./styles/paper.css";
import "./styles/help.css";
import "./styles/data.css";
import "./styles/narrow.css";
import "./styles/phone.css";
import "./styles/whatif.css";
import "./styles/optimiser.css";
import { App } from "./app";
import { setLang, t } from "./i18n";
import { dataPanel } from "./data/panel";
import { uploadPanel } from "./data/upload";
import { listenToKeys } from "./keys";
import { signalPanel } from "./signal/panel";
import { pathDock } from "./signal/path-dock";
import { signalScene } from "./signal/scene";
import { siteCard } from "./signal/site-card";
import "./signal/signal.css";
import { titleOf } from "./help/titles";
import { offerTour, tour } from "./help/tour";
import { isNarrowed } from "./lists/filters";
import { followRows } from "./lists/rows";
import { MapView } from "./map/view";
import { ready, villageRows } from "./model";
import { DEFAULTS, fromQuery, Store, type Theme } from "./state";
import { workOffline } from "./offline/register";
import { listenToPrint } from "./paper/print";
import { communePanel, noteRowsInSight } from "./views/communes";
import { dialogs, showDialog } from "./views/dialogs";
import { banner, rail, topBar } from "./views/frame";
import { kpiStrip } from "./views/kpi";
import { profileDock } from "./views/profile";
import { sheetHandle } from "./views/sheet";
import { stage } from "./views/stage";
import { icon } from "./views/icons";
import { villageCard } from "./views/village-card";
import { villagePanel } from "./views/villages";
import { optimiserLeft, optimiserRight } from "./optimiser/panel";
import { Masts } from "./whatif/masts";
import { whatIfPanel } from "./whatif/panel";

type Content = TemplateResult | typeof nothing;

function preferredTheme(): Theme {
  const kept = localStorage.getItem("phusong-theme");
  if (kept === "light" || kept === "dark") return kept;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function region(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}

/** Draws into a region; a region with nothing in it takes no room. */
function fill(id: string, content: Content): void {
  const element = region(id);
  render(content, element);
  element.hidden = content === nothing;
}

/** On medium screens the list narrows to an edge while a card is open, and opens over the map. */
function villageLeft(app: App): Content {
  const chosen = app.state.village !== null;
  if (app.phone && chosen) return nothing;
  const narrow = app.medium && chosen && !app.ui.leftOpen;
  region("left").classList.toggle("is-edge", narrow);
  region("left").classList.toggle("is-over", app.medium && chosen && app.ui.leftOpen);
  if (!narrow) return villagePanel(app);
  return html`<button class="edge-button" aria-label=${t("villages.open_list")} title=${t("villages.open_list")} @click=${() => app.setUi({ leftOpen: true })}>${icon("villages", 22)}</button>`;
}

function leftPanel(app: App): Content {
  const views: Record<string, () => Content> = { overview: () => nothing, villages: () => villageLeft(app), signal: () => signalPanel(app), optimise: () => optimiserLeft(app), data: () => (app.phone && (app.data.upload || app.data.sending) ? nothing : dataPanel(app)) };
  return views[app.state.view]?.() ?? nothing;
}

function rightPanel(app: App): Content {
  const views: Record<string, () => Content> = { overview: () => communePanel(app), villages: () => villageCard(app), signal: () => siteCard(app), whatif: () => whatIfPanel(app), optimise: () => optimiserRight(app), data: () => uploadPanel(app) };
  return views[app.state.view]?.() ?? nothing;
}

function inSheet(app: App, content: Content): Content {
  return content === nothing || !app.phone ? content : html`${sheetHandle(app)}${content}`;
}

function drawFrame(app: App): void {
  const { dataset } = document.documentElement;
  dataset["view"] = app.state.view;
  dataset["stop"] = app.ui.stop;
  dataset["chosen"] = String(app.state.view === "villages" && app.state.village !== null);
  document.title = titleOf(app.model, app.state);
  fill("top", topBar(app));
  fill("banner", banner(app));
  fill("rail", rail(app));
  region("banner").setAttribute("aria-label", t("banner.title_short"));
  region("rail").setAttribute("aria-label", t("nav.label"));
  fill("kpi", app.state.view === "overview" ? kpiStrip(app) : nothing);
  fill("left", inSheet(app, leftPanel(app)));
  fill("right", inSheet(app, rightPanel(app)));
  fill("dock", app.phone && app.state.view === "villages" ? nothing : (pathDock(app) ?? profileDock(app)));
  render(stage(app), region("overlay"));
  render(dialogs(app), region("dialogs"));
  render(tour(app), region("guide"));
  showDialog();
  noteRowsInSight(app);
  followRows(app);
  region("said").textContent = app.ui.said;
  dataset["waiting"] = String(app.model.study.is === "waiting" || app.model.results.is === "waiting");
}

/** Changes whenever a layer is replaced. */
function layerHashes(app: App): string {
  const layers = Object.values(ready(app.model.study)?.layers ?? {});
  return layers.map((layer) => (layer.sha256 ?? "").slice(0, 8)).join();
}

function previewKey(app: App): string {
  const preview = ready(app.data.preview);
  return preview ? `${preview.id} ${preview.files.length} ${JSON.stringify(app.data.reading)}` : "";
}

function narrowed(app: App): string[] | null {
  const { state, model } = app;
  if (state.view !== "villages" || !isNarrowed(state)) return null;
  return villageRows(model, state).map((village) => village.village_id);
}

function openMap(app: App): void {
  try {
    app.map = new MapView(
      region("map"),
      {
        commune: (code) => (app.state.view === "villages" ? app.store.set({ within: app.state.within === code ? null : code }) : app.selectCommune(code)),
        village: (id) => app.selectVillage(id),
        place: (lon, lat) => void app.readPoint(lon, lat),
        site: (id) => app.signal.openSite(id),
        hoverVillage: (id) => app.setUi({ hoverVillage: id }),
        hover: (code, x, y) => app.setUi({ hover: code === null ? null : { code, x, y } }),
        moved: (at) => app.store.set({ at }),
        pressed: (lon, lat, site) => app.optimiser.pressed(lon, lat) || app.whatif.pressed({ lon, lat }, site),
        held: (lon, lat) => app.whatif.heldAt({ lon, lat }),
        resized: () => app.revealVillage(),
        rendered: () => (app.model.pointAt || app.whatif.spot || app.state.commune ? app.update() : undefined),
      },
      app.state.at,
    );
  } catch (error) {
    app.mapProblem = error instanceof Error ? error.message : String(error);
  }
}

let masts: Masts | null = null;

function drawMasts(app: App): void {
  if (!app.map) return;
  masts ??= new Masts(app.map.map, app.whatif);
  masts.draw();
  app.map.map.getCanvas().classList.toggle("is-placing", app.whatif.isArmed);
}

function start(): void {
  const state = fromQuery(location.search, { ...DEFAULTS, theme: preferredTheme() });
  setLang(state.lang);
  document.documentElement.dataset["theme"] = state.theme;
  let shown = "";
  const app: App = new App(new Store(state), () => {
    app.model.whatif = app.whatif.drawn() ?? app.optimiser.drawnChange();
    app.model.optimiser = app.optimiser.drawn();
    drawFrame(app);
    drawMasts(app);
    // The map is asked only when something it draws has changed; hovering and scrolling do not count.
    // The threshold recolours the map by itself, because it must follow the hand.
    const { at: _at, above: _above, ...drawn } = app.state;
    const key = JSON.stringify([drawn, ready(app.model.results)?.run, app.model.study.is, app.model.village?.is, app.model.profile?.is, ready(app.model.profile)?.cell_id, app.model.whatif, app.optimiser.mark, narrowed(app), layerHashes(app), previewKey(app), app.signal.revision]);
    if (key === shown) return;
    shown = key;
    app.map?.show(app.model, app.state, narrowed(app), signalScene(app));
  });
  listenToKeys(app);
  listenToPrint(app);
  workOffline(app);
  offerTour(app, location.search);
  drawFrame(app);
  openMap(app);
  void app.start();
  Object.assign(window, { __phusong: { idle: () => app.map?.idle() ?? Promise.resolve(), map: app.map?.map } });
}

start();
