/** The frame around every view: top bar, banner, rail. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import { composed, date, percent } from "../format";
import { has, t } from "../i18n";
import { explain } from "../help/terms";
import { ready, target, technology } from "../model";
import { VIEWS, type View } from "../state";
import { icon, mark, type IconName } from "./icons";
import { exportMenu, languageSwitch, moreMenu } from "./menus";
import { searchBox } from "./search";
import { scenarioSwitch } from "../whatif/switcher";

function dataAsOf(app: App): string {
  const study = ready(app.model.study);
  return study?.data_as_of ? t("top.data_as_of", { date: date(study.data_as_of) }) : "";
}

function phoneTitle(app: App): [title: string, sub: string] {
  const name = composed(ready(app.model.study)?.name ?? "");
  const tech = technology(app.model, app.state);
  if (app.state.view === "villages") return [t("villages.title"), name];
  if (app.state.view === "whatif") return [t("nav.whatif"), name];
  if (app.state.view === "optimise") return [t("optimise.title"), name];
  const goal = target(app.model, app.state);
  const sub = [dataAsOf(app), goal ? t("top.target", { n: percent(goal.percent / 100, 0) }) : ""].filter(Boolean).join(" · ");
  return [tech ? `${name} · ${tech}` : name, sub];
}

function phoneBar(app: App): TemplateResult {
  const [title, sub] = phoneTitle(app);
  const find = (): void => {
    app.setUi({ searching: true, menu: null });
    queueMicrotask(() => document.getElementById("search")?.focus());
  };
  return html`<span class="brand">${mark()}</span>
    <span class="study"><h1 class="display">${title}</h1><span>${app.ui.offline ? offlineTag(app) : sub}</span></span>
    ${app.ui.searching ? searchBox(app) : nothing}
    <button class="icon-button" data-testid="search-open" aria-label=${t("top.search_short")} @click=${find}>${icon("search", 22)}</button>
    <button class="icon-button" data-testid="more" aria-label=${t("top.menu")} aria-expanded=${app.ui.menu === "more"}
      @click=${() => app.setUi({ menu: app.ui.menu === "more" ? null : "more" })}>${icon("help", 22)}</button>
    ${app.ui.menu === "more" ? moreMenu(app) : nothing}`;
}

/** Said beside the study's name while the server cannot be reached. */
function offlineTag(app: App): TemplateResult | typeof nothing {
  if (!app.ui.offline) return nothing;
  const study = ready(app.model.study);
  const as_of = study?.data_as_of ?? study?.computed_on;
  return html`<span class="tag warn offline-tag" role="status" data-testid="offline" title=${t("offline.title")}>${as_of ? t("offline.tag", { date: date(as_of) }) : t("offline.tag_bare")}</span>`;
}

export function topBar(app: App): TemplateResult {
  if (app.phone) return phoneBar(app);
  const exporting = app.ui.menu === "export";
  return html`<span class="brand">${mark()}<b class="display">PhuSong</b></span>
    <span class="study" data-testid="study"><h1>${composed(ready(app.model.study)?.name ?? "")}</h1><span>${dataAsOf(app)}</span></span>
    ${offlineTag(app)}${searchBox(app)}
    <span class="top-tools">
      ${scenarioSwitch(app)}
      <button class="quiet" data-testid="share" @click=${() => void app.share()}>${icon(app.ui.copied ? "check" : "share", 18)} ${t(app.ui.copied ? "top.shared" : "top.share")}</button>
      <span class="anchor"><button class="quiet" data-testid="export" aria-haspopup="menu" aria-expanded=${exporting}
        @click=${() => app.setUi({ menu: exporting ? null : "export" })}>${icon("download", 18)} ${t("top.export")}</button>
        ${exporting ? exportMenu(app, ["communes", "villages"]) : nothing}</span>
      ${languageSwitch(app)}
      <button class="icon-button" data-testid="theme" aria-label=${t("top.theme")} title=${t("top.theme")} @click=${() => app.toggleTheme()}>${icon("theme", 18)}</button>
    </span>`;
}

function layerNames(names: readonly string[]): string {
  const known = names.map((name) => (has(`layer.${name}`) ? t(`layer.${name}`) : name));
  return [...new Set(known)].join(", ");
}

/** Says which layers are made up; it cannot be closed. */
export function banner(app: App): TemplateResult | typeof nothing {
  const study = ready(app.model.study);
  if (!study?.is_synthetic) return nothing;
  const made = study.synthetic_layers;
  const real = Object.keys(study.layers).filter((name) => !made.includes(name));
  if (app.phone) {
    return html`<div class="banner" role="note" data-testid="banner"><i class="hatched"></i><span><b>${t("banner.title_short")}</b> · ${t("banner.short")}</span></div>`;
  }
  return html`<div class="banner" role="note" data-testid="banner"><i class="hatched"></i><span><b>${t("banner.title")}</b>${explain("synthetic", "banner")}
    ${real.length ? `${t("banner.real", { real: layerNames(real) })} ` : ""}${made.length ? `${t("banner.layers", { made: layerNames(made) })} ` : ""}${t("banner.warning")}</span></div>`;
}

const MAIN = ["overview", "villages", "signal", "whatif", "optimise"] as const;
const MORE = ["targets", "reports", "data"] as const;

function entry(app: App, name: IconName): TemplateResult {
  const built = (VIEWS as readonly string[]).includes(name);
  const word = t(`nav.${name}`);
  if (!built) {
    return html`<button class="rail-entry is-later" aria-disabled="true" data-tip=${t("nav.later")} aria-label="${word}: ${t("nav.later")}" data-testid="view-${name}">
      ${icon(name, 22)}<span>${word}</span></button>`;
  }
  const chosen = app.state.view === name;
  return html`<button class="rail-entry ${chosen ? "is-chosen" : ""}" aria-current=${chosen ? "page" : nothing} data-testid="view-${name}"
    @click=${() => app.go(name as View)}>${icon(name, 22)}<span>${word}</span></button>`;
}

export function rail(app: App): TemplateResult {
  return html`${MAIN.map((name) => entry(app, name))}
    <hr class="rail-rule" />
    <div class="rail-more">${MORE.map((name) => entry(app, name))}</div>
    <button class="rail-entry rail-help" data-testid="help" @click=${() => app.setUi({ dialog: "help" })}>${icon("help", 22)}<span>${t("nav.help")}</span></button>`;
}
