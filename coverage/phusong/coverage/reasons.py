"""Why a village has no signal, told by the path that came closest to serving it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

REASONS = ("terrain", "too_far", "weak", "interference", "no_site", "no_data", "cluster")


@dataclass(frozen=True, slots=True)
class PathEvidence:
    """What is known about the path from a cell to a village.

    Attributes
    ----------
    cell_id, operator : str
    distance_m : float
    radius_m : float
        Largest distance computed for the carrier.
    required_dbm : float
        Level needed (`service.required_rsrp_dbm`).
    rsrp_dbm : float or None
        Level there is; None or NaN where none was computed.
    free_space_rsrp_dbm : float
        Level over the same distance in free space, antenna pattern included.
    obstruction_db : float
        Loss through obstacles in the terrain: diffraction loss, 0 with a clear path.
    obstruction_distance_m, obstruction_excess_m : float or None
        Where the worst obstacle stands, from the village, and how far it rises above the line of sight.
    sinr_db : float or None
        Of the best server.
    """

    cell_id: str
    operator: str
    distance_m: float
    radius_m: float
    required_dbm: float
    rsrp_dbm: float | None
    free_space_rsrp_dbm: float
    obstruction_db: float = 0.0
    obstruction_distance_m: float | None = None
    obstruction_excess_m: float | None = None
    sinr_db: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a village has no (full) signal.

    Attributes
    ----------
    code : str
        ``terrain``: without the obstacles the level would suffice, or they make up most of what is missing;
        ``too_far``: out of reach, or free space alone takes too much; ``weak``: below the level needed for
        other losses; ``interference``: strong enough, drowned by other cells; ``no_site``: nobody on air;
        ``no_data``: nothing can be said; ``cluster``: the centre is served, hamlets are not.
    cell_id, operator : str or None
        The cell that came closest to serving.
    deficit_db : float or None
        How far the level lies below the one needed.
    obstruction_db, obstruction_distance_m, obstruction_excess_m : float or None
    rsrp_dbm, rsrp_without_terrain_dbm : float or None
    distance_m : float or None
    """

    code: str
    cell_id: str | None = None
    operator: str | None = None
    deficit_db: float | None = None
    obstruction_db: float | None = None
    obstruction_distance_m: float | None = None
    obstruction_excess_m: float | None = None
    rsrp_dbm: float | None = None
    rsrp_without_terrain_dbm: float | None = None
    distance_m: float | None = None

    def as_dict(self) -> dict[str, str | float | None]:
        """Return the reason as plain values, for JSON."""
        return asdict(self)


def reason(
    status: str, evidence: PathEvidence | None = None, *, min_sinr_db: float | None = None
) -> Reason | None:
    """Say why a village has its status.

    Parameters
    ----------
    status : str
        As in `villages.STATUSES`.
    evidence : PathEvidence or None
        The path that came closest to serving the village's centre (for a patchy village: its largest
        unserved cluster); None where no site is on air.
    min_sinr_db : float or None
        Least SINR; None where interference does not count.

    Returns
    -------
    Reason or None
        None for a served village.

    Examples
    --------
    A ridge takes 25 dB of the 15 dB that are missing:

    >>> path = PathEvidence(
    ...     "a-1", "Viettel", distance_m=3e3, radius_m=12e3, required_dbm=-103.0, rsrp_dbm=-118.0,
    ...     free_space_rsrp_dbm=-75.0, obstruction_db=25.0)
    >>> found = reason("white", path)
    >>> found.code, found.deficit_db, found.rsrp_without_terrain_dbm
    ('terrain', 15.0, -93.0)
    """
    if status == "served":
        return None
    if status == "unknown":
        return Reason("no_data")
    if status == "patchy":
        return Reason("cluster") if evidence is None else _with_numbers("cluster", evidence)
    if evidence is None:
        return Reason("no_site")
    return _with_numbers(_white_code(evidence, min_sinr_db), evidence)


def _white_code(path: PathEvidence, min_sinr_db: float | None) -> str:
    if path.distance_m > path.radius_m:
        return "too_far"
    level_dbm = _level(path)
    if level_dbm is None:
        return "no_data"
    deficit_db = path.required_dbm - level_dbm
    if deficit_db <= 0:
        is_drowned = min_sinr_db is not None and path.sinr_db is not None and path.sinr_db < min_sinr_db
        return "interference" if is_drowned else "weak"
    return _loss_code(path, deficit_db)


def _loss_code(path: PathEvidence, deficit_db: float) -> str:
    if path.obstruction_db >= deficit_db:
        return "terrain"
    if path.free_space_rsrp_dbm < path.required_dbm:
        return "too_far"
    return "terrain" if path.obstruction_db > deficit_db / 2 else "weak"


def _level(path: PathEvidence) -> float | None:
    return None if path.rsrp_dbm is None or math.isnan(path.rsrp_dbm) else path.rsrp_dbm


def _with_numbers(code: str, path: PathEvidence) -> Reason:
    level_dbm = _level(path)
    return Reason(
        code,
        cell_id=path.cell_id,
        operator=path.operator,
        deficit_db=None if level_dbm is None else max(path.required_dbm - level_dbm, 0.0),
        obstruction_db=path.obstruction_db,
        obstruction_distance_m=path.obstruction_distance_m,
        obstruction_excess_m=path.obstruction_excess_m,
        rsrp_dbm=level_dbm,
        rsrp_without_terrain_dbm=None if level_dbm is None else level_dbm + path.obstruction_db,
        distance_m=path.distance_m,
    )
