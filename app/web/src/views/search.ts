/** Search box: communes, villages, sites, coordinates; arrows and Enter choose. */

import { html, nothing, type TemplateResult } from "lit-html";
import type { App } from "../app";
import type { Hit } from "../contract";
import { composed } from "../format";
import { t } from "../i18n";
import { ready } from "../model";
import { icon } from "./icons";

function onKey(app: App, event: KeyboardEvent): void {
  const hits = ready(app.ui.hits) ?? [];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step !== undefined && hits.length) {
    event.preventDefault();
    app.setUi({ hit: (app.ui.hit + step + hits.length) % hits.length });
  }
  const hit = hits[app.ui.hit];
  if (event.key === "Enter" && hit) app.finder.open(hit);
  if (event.key === "Escape") {
    app.setUi({ searching: false, hits: null });
    (event.target as HTMLElement).blur();
  }
  event.stopPropagation();
}

function option(app: App, hit: Hit, index: number): TemplateResult {
  const chosen = index === app.ui.hit;
  return html`<li id="hit-${index}" role="option" aria-selected=${chosen} class="hit ${chosen ? "is-chosen" : ""}"
    data-testid="search-hit" data-id=${hit.id} @pointerdown=${(event: Event) => event.preventDefault()} @click=${() => app.finder.open(hit)}>
    <b>${composed(hit.name)}</b><span>${t(`search.type.${hit.type}`)}${hit.context ? ` · ${composed(hit.context)}` : ""}${hit.former ? ` · ${t("search.former", { name: composed(hit.former) })}` : ""}</span></li>`;
}

function hitList(app: App): TemplateResult | typeof nothing {
  const { hits, asked, searching } = app.ui;
  if (!searching || !hits || hits.is === "waiting") return nothing;
  if (hits.is === "failed") return html`<p class="hits note">${t("search.failed", { detail: hits.detail })}</p>`;
  if (hits.value.length === 0) return html`<p class="hits note">${t("search.none", { q: asked })}</p>`;
  return html`<ul class="hits" id="hits" role="listbox" aria-label=${t("search.results")}>
    ${hits.value.map((hit, index) => option(app, hit, index))}</ul>`;
}

export function searchBox(app: App): TemplateResult {
  const open = app.ui.searching && (ready(app.ui.hits)?.length ?? 0) > 0;
  return html`<div class="search ${app.ui.searching ? "is-open" : ""}" role="search">
    ${icon("search", 16)}
    <input id="search" data-testid="search" type="search" role="combobox" autocomplete="off" spellcheck="false"
      aria-label=${t("top.search")} placeholder=${t("top.search")} aria-expanded=${open} aria-controls="hits"
      aria-activedescendant=${open ? `hit-${app.ui.hit}` : ""} .value=${app.ui.asked}
      @focus=${() => app.setUi({ searching: true })} @blur=${() => app.setUi({ searching: false })}
      @input=${(event: Event) => void app.finder.search((event.target as HTMLInputElement).value)}
      @keydown=${(event: KeyboardEvent) => onKey(app, event)} />
    <kbd aria-hidden="true">/</kbd>
    ${hitList(app)}
  </div>`;
}
