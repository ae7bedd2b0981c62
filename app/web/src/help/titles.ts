/** Name of the document: what is shown first, so that tabs, bookmarks and screen readers tell views apart. */

import type { Model } from "../model";
import { communeName, communeOf, ready } from "../model";
import { composed } from "../format";
import { t } from "../i18n";
import type { State } from "../state";

export function titleOf(model: Model, state: State): string {
  const village = state.view === "villages" && state.village !== null ? ready(model.village) : null;
  const commune = communeOf(model, state.view === "villages" ? state.within : state.commune);
  const object = village ? composed(village.name) : commune ? communeName(commune) : "";
  const study = composed(ready(model.study)?.name ?? "");
  return [object, t(`nav.${state.view}`), study, "PhuSong"].filter(Boolean).join(" · ");
}
