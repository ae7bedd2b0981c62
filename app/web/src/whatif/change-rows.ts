/** What the colours of a plan's map mean, in words: of the plan, or of the last move of a mast. */

import type { App } from "../app";
import { t } from "../i18n";

export type ChangeRow = [kind: "standing" | "new" | "kept" | "lost", word: string];

export function changeRows({ whatif }: App): ChangeRow[] {
  const isMoved = whatif.shown?.map?.against != null;
  const kept: ChangeRow[] = isMoved ? [["kept", t("whatif.legend.kept")]] : [];
  return [
    ["standing", t("whatif.legend.standing", { tech: whatif.drawn()?.standing.technology ?? "" })],
    ["new", t(isMoved ? "whatif.legend.new_moved" : "whatif.legend.new")],
    ...kept,
    ["lost", t(isMoved ? "whatif.legend.lost_moved" : "whatif.legend.lost")],
  ];
}
