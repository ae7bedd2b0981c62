"""Why a village has its status, as the sentence that the map page says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phusong.app.i18n import Language, translate
from phusong.app.i18n.numbers import number

Record = Mapping[str, Any]
LEAST_EXCESS_M = 1.0
"""A ridge that hardly rises above the line of sight is not said to rise above it."""


def village_reason(village: Record, language: Language) -> str:
    """Put the reason of a village's status into words.

    Parameters
    ----------
    village : mapping
        With ``reason`` and, of a village partly covered, ``is_centre_served`` and the ``cluster`` that nobody
        serves where it was looked at (see `clusterreasons.with_clusters`).
    language : {"vi", "en"}
    """
    cluster = village.get("cluster")
    reason = village.get("reason")
    if not cluster or not cluster.get("reason") or not reason or reason["code"] != "cluster":
        return reason_text(reason, language)
    where = "centre" if village.get("is_centre_served", True) else "part"
    homes = cluster.get("households")
    key = f"reasons.cluster_{where}" if homes is not None else f"reasons.cluster_{where}_uncounted"
    head = translate(key, language, households=number(homes, language))
    return f"{head} {reason_text(cluster['reason'], language)}"


def reason_text(reason: Record | None, language: Language) -> str:
    """Put a reason into words: the cause, the mast that came closest, what is missing.

    Parameters
    ----------
    reason : mapping or None
        As `phusong.coverage.reasons.Reason.as_dict` has it.
    language : {"vi", "en"}
    """
    if not reason:
        return ""
    values = _written(reason, language)
    parts = [translate(f"reasons.{reason['code']}", language, **values)]
    if reason["code"] == "terrain":
        parts += [translate(key, language, **values) for key in _ridge(reason)]
        parts.append(translate("reasons.end", language))
    parts += [translate(key, language, **values) for key in _levels(reason)]
    return "".join(parts)


def _ridge(reason: Record) -> list[str]:
    found = []
    if reason.get("obstruction_distance_m") is not None:
        found.append("reasons.ridge_where")
    if (reason.get("obstruction_excess_m") or 0.0) >= LEAST_EXCESS_M:
        found.append("reasons.ridge_over")
    return found


def _levels(reason: Record) -> list[str]:
    """Keys of what is said of the mast that came closest, its level, and the level without the ridge."""
    if reason["code"] in ("no_site", "no_data") or reason.get("cell_id") is None:
        return []
    level_dbm, deficit_db = reason.get("rsrp_dbm"), reason.get("deficit_db")
    if level_dbm is None or deficit_db is None:
        return ["reasons.mast"]
    found = ["reasons.mast_level", "reasons.mast_short" if deficit_db > 0 else "reasons.mast_enough"]
    bare_dbm = reason.get("rsrp_without_terrain_dbm")
    if reason["code"] == "terrain" and bare_dbm is not None:
        served = bare_dbm >= level_dbm + deficit_db
        found.append("reasons.without_served" if served else "reasons.without_weak")
    return found


def _written(reason: Record, language: Language) -> dict[str, str]:
    """Return the numbers of a reason as texts; the level needed is what there is and what it lacks."""
    values = dict(reason)
    for name in ("distance_m", "obstruction_distance_m"):
        metres = values.get(name)
        values[name.removesuffix("_m") + "_km"] = None if metres is None else metres / 1000.0
    level_dbm, deficit_db = values.get("rsrp_dbm"), values.get("deficit_db")
    bare_dbm = values.get("rsrp_without_terrain_dbm")
    is_known = level_dbm is not None and deficit_db is not None
    required_dbm = level_dbm + deficit_db if is_known else None  # type: ignore[operator]
    is_short = required_dbm is not None and bare_dbm is not None
    values["required_dbm"] = required_dbm
    values["still_short_db"] = required_dbm - bare_dbm if is_short else None  # type: ignore[operator]
    return {
        name: value
        if isinstance(value, str)
        else number(value, language, decimals=0 if name == "obstruction_excess_m" else 1)
        for name, value in values.items()
    }
