/** Why a village has no signal, as one sentence from the reason's code and numbers. */

import type { Reason, Status } from "../contract";
import { db, dbm, distance, metres, number } from "../format";
import { t } from "../i18n";

/** A stretch of the sentence; the cause stands out. */
export interface Stretch {
  text: string;
  strong: boolean;
}

export interface Subject {
  status: Status;
  reason: Reason | null;
  best_rsrp_dbm: number | null;
  households_left_out: number | null;
}

const given = (value: number | null | undefined): value is number => value !== null && value !== undefined;
const plain = (text: string): Stretch => ({ text, strong: false });
const strong = (text: string): Stretch => ({ text, strong: true });

/** The level that would do: what was received plus what it lacked, which holds the margin of the location probability. */
function requiredLevel(reason: Reason, threshold_dbm: number | null): number | null {
  return given(reason.rsrp_dbm) && given(reason.deficit_db) ? reason.rsrp_dbm + reason.deficit_db : threshold_dbm;
}

function withoutTerrain(reason: Reason, threshold_dbm: number | null): string {
  const level = reason.rsrp_without_terrain_dbm;
  if (!given(level) || !reason.operator) return "";
  const required = requiredLevel(reason, threshold_dbm);
  const isServed = required !== null && level >= required;
  return t(isServed ? "reason.without_served" : "reason.without_weak", { operator: reason.operator, rsrp: dbm(level), threshold: dbm(required) });
}

function terrain({ reason }: Subject & { reason: Reason }, threshold_dbm: number | null): Stretch[] {
  const where = given(reason.obstruction_distance_m)
    ? t("reason.terrain_where", { distance: distance(reason.obstruction_distance_m) })
    : t("reason.terrain_plain");
  const loss = given(reason.obstruction_db) ? db(-Math.abs(reason.obstruction_db)) : "";
  const over = given(reason.obstruction_excess_m) && reason.obstruction_excess_m >= 1 ? t("reason.terrain_over", { excess: metres(reason.obstruction_excess_m) }) : "";
  return [plain(t("reason.terrain")), strong(loss), plain(where), plain(over), plain(withoutTerrain(reason, threshold_dbm))];
}

function tooFar({ reason }: Subject & { reason: Reason }): Stretch[] {
  const level = given(reason.rsrp_dbm) && reason.operator ? t("reason.too_far_level", { operator: reason.operator, rsrp: dbm(reason.rsrp_dbm) }) : "";
  return [plain(t("reason.too_far")), strong(t("reason.too_far_value", { distance: distance(reason.distance_m) })), plain(level + t("reason.end"))];
}

function weak({ reason }: Subject & { reason: Reason }): Stretch[] {
  const cause = given(reason.deficit_db) ? t("reason.weak_value", { deficit: db(Math.abs(reason.deficit_db)) }) : t("reason.weak_bare");
  const level = given(reason.rsrp_dbm) && reason.operator ? t("reason.weak_level", { operator: reason.operator, rsrp: dbm(reason.rsrp_dbm) }) : "";
  return [plain(t("reason.weak")), strong(cause), plain(level + t("reason.end"))];
}

function interference({ reason }: Subject & { reason: Reason }): Stretch[] {
  const cause = given(reason.rsrp_dbm) ? t("reason.interference_value", { rsrp: dbm(reason.rsrp_dbm) }) : t("reason.interference_bare");
  return [plain(t("reason.interference")), strong(cause), plain(t("reason.end"))];
}

function cluster({ reason, households_left_out }: Subject & { reason: Reason }): Stretch[] {
  const cause = given(households_left_out) ? t("reason.cluster_value", { n: number(households_left_out) }) : t("reason.cluster_bare");
  const deficit = given(reason.deficit_db) && reason.deficit_db > 0 ? t("reason.cluster_deficit", { deficit: db(reason.deficit_db) }) : "";
  return [plain(t("reason.cluster")), strong(cause), plain(deficit + t("reason.end"))];
}

const SENTENCES: Record<string, (subject: Subject & { reason: Reason }, threshold_dbm: number | null) => Stretch[]> = {
  terrain,
  too_far: tooFar,
  weak,
  interference,
  cluster,
  no_site: () => [strong(t("reason.no_site"))],
  no_data: () => [strong(t("reason.no_data"))],
};

function withoutReason({ status, best_rsrp_dbm }: Subject, threshold_dbm: number | null): Stretch[] {
  if (status === "unknown") return [strong(t("reason.no_data"))];
  if (status !== "served") return [plain(t("reason.other"))];
  if (!given(best_rsrp_dbm)) return [plain(t("reason.served_bare"))];
  return [plain(t("reason.served", { rsrp: dbm(best_rsrp_dbm), threshold: dbm(threshold_dbm) }))];
}

/** The sentence in stretches; joined they are the whole sentence. */
export function reasonStretches(subject: Subject, threshold_dbm: number | null): Stretch[] {
  const { reason } = subject;
  const sentence = reason ? SENTENCES[reason.code] : undefined;
  const stretches = reason && sentence ? sentence({ ...subject, reason }, threshold_dbm) : withoutReason(subject, threshold_dbm);
  return stretches.filter((stretch) => stretch.text !== "");
}
