"""What may not be built together, as groups of sites of which only so many may stand.

Options at one place, pairs that are too near each other and the limit of a commune are all of that form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phusong.coverage.errors import PlacementError
from phusong.coverage.placement.instance import (
    BoolArray,
    Int32Array,
    Int64Array,
    SideConstraints,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Groups of sites, and how many of each may be built.

    Attributes
    ----------
    indptr, site : ndarray of int64 and int32
        Sites of each group (CSR).
    most : ndarray of int32, shape (groups,)
        Most sites of each group.
    of_indptr, of_group : ndarray of int64 and int32
        Groups of each site (CSR).
    """

    indptr: Int64Array
    site: Int32Array
    most: Int32Array
    of_indptr: Int64Array
    of_group: Int32Array

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.most.size

    def members(self, group: int) -> Int32Array:
        """Return the sites of `group`."""
        return self.site[self.indptr[group] : self.indptr[group + 1]]

    def of_sites(self, kept: Int64Array) -> Limits:
        """Return the limits of the sites `kept`, renumbered in their order; groups that cannot bind go."""
        number = np.full(self.of_indptr.size - 1, -1, np.int64)
        number[kept] = np.arange(kept.size)
        group = np.repeat(np.arange(self.groups), np.diff(self.indptr))
        site = number[self.site]
        stays = site >= 0
        return grouped(group[stays], site[stays], self.most, kept.size)

    def allow(self, chosen: Int32Array) -> bool:
        """Return whether all of `chosen` may stand together."""
        held = np.zeros(self.groups, np.int64)
        for site in chosen:
            held[self.of_group[self.of_indptr[site] : self.of_indptr[site + 1]]] += 1
        return bool(np.all(held <= self.most))


def grouped(group: Int64Array, site: Int64Array, most: Int32Array, sites: int) -> Limits:
    """Return limits from pairs of group and site, without groups that are too small to bind."""
    size = np.bincount(group, minlength=most.size)
    binds = size > most
    stays = binds[group]
    number = np.cumsum(binds) - 1
    group, site = number[group[stays]], site[stays]
    by_group = np.lexsort((site, group))
    by_site = np.lexsort((group, site))
    return Limits(
        _rows(group, int(binds.sum())),
        site[by_group].astype(np.int32),
        most[binds].astype(np.int32),
        _rows(site, sites),
        group[by_site].astype(np.int32),
    )


def _rows(row: Int64Array, rows: int) -> Int64Array:
    counts = np.bincount(row, minlength=rows)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def limits_of(sites: int, constraints: SideConstraints | None) -> tuple[Limits, Int32Array, BoolArray]:
    """Bring side constraints into groups, after building what is forced.

    Parameters
    ----------
    sites : int
        Number of sites.
    constraints : SideConstraints or None
        As given.

    Returns
    -------
    limits : Limits
        What is left of each group once the forced sites stand.
    forced : ndarray of int32
        Sites that are built in any case, rising.
    usable : ndarray of bool, shape (sites,)
        Sites that may still be chosen.

    Raises
    ------
    PlacementError
        ``place_shape``, ``place_index`` for arrays that do not fit; ``place_forced_forbidden``,
        ``place_forced_together`` (two forced options of one place), ``place_forced_near`` (two forced sites
        in conflict), ``place_forced_area`` (more forced sites in a commune than it allows).
    """
    side = SideConstraints() if constraints is None else constraints
    _check_shapes(sites, side)
    forced = np.unique(np.asarray([] if side.forced is None else side.forced, np.int64))
    usable = np.ones(sites, np.bool_) if side.forbidden is None else ~side.forbidden
    clash = forced[~usable[forced]]
    if clash.size:
        raise PlacementError("place_forced_forbidden", site=int(clash[0]))
    group, site, most, kind = _pairs(sites, side)
    held = np.bincount(group[np.isin(site, forced)], minlength=most.size)
    _check_forced(group, site, forced, held, most, kind)
    usable[forced] = False
    usable[site[(held >= most)[group]]] = False
    stays = usable[site]
    limits = grouped(group[stays], site[stays], (most - held).astype(np.int32), sites)
    return limits, forced.astype(np.int32), usable


def _check_shapes(sites: int, side: SideConstraints) -> None:
    for name in ("place", "area", "forbidden"):
        given = getattr(side, name)
        if given is not None and given.shape != (sites,):
            raise PlacementError("place_shape", array=name, size=int(given.size), allowed=sites)
    if side.conflicts is not None and (side.conflicts.ndim != 2 or side.conflicts.shape[1] != 2):
        raise PlacementError("place_shape", array="conflicts", size=int(side.conflicts.size), allowed=2)
    for name in ("conflicts", "forced"):
        given = getattr(side, name)
        if given is not None and given.size and (given.min() < 0 or given.max() >= sites):
            wrong = int(np.flatnonzero((given.ravel() < 0) | (given.ravel() >= sites))[0])
            raise PlacementError("place_index", array=name, position=wrong, allowed=f"0 .. {sites - 1}")
    if side.area_limit is not None and side.area_limit < 0:
        raise PlacementError(
            "place_number", array="area_limit", position=0, value=float(side.area_limit), allowed=">= 0"
        )


def _pairs(sites: int, side: SideConstraints) -> tuple[Int64Array, Int64Array, Int64Array, list[str]]:
    """Return pairs of group and site, the most of each group and what kind of group it is."""
    groups: list[Int64Array] = []
    members: list[Int64Array] = []
    most: list[Int64Array] = []
    kind: list[str] = []

    def put(names: Int64Array, site: Int64Array, limit: int, what: str) -> None:
        _, number = np.unique(names, return_inverse=True)
        count = int(number.max()) + 1 if number.size else 0
        groups.append(number.astype(np.int64) + len(kind))
        members.append(site)
        most.append(np.full(count, limit, np.int64))
        kind.extend([what] * count)

    every = np.arange(sites, dtype=np.int64)
    if side.place is not None:
        named = side.place >= 0
        put(side.place[named].astype(np.int64), every[named], 1, "place")
    if side.conflicts is not None and side.conflicts.size:
        pairs = side.conflicts.astype(np.int64)
        pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
        put(np.repeat(np.arange(len(pairs), dtype=np.int64), 2), pairs.ravel(), 1, "conflicts")
    if side.area is not None and side.area_limit is not None:
        named = side.area >= 0
        put(side.area[named].astype(np.int64), every[named], side.area_limit, "area")
    if not kind:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing, kind
    return np.concatenate(groups), np.concatenate(members), np.concatenate(most), kind


_CLASHES = {
    "place": "place_forced_together",
    "conflicts": "place_forced_near",
    "area": "place_forced_area",
}


def _check_forced(  # noqa: PLR0917 - one call, its numbers in the order of the equation
    group: Int64Array,
    site: Int64Array,
    forced: Int64Array,
    held: Int64Array,
    most: Int64Array,
    kind: list[str],
) -> None:
    over = np.flatnonzero(held > most)
    if over.size == 0:
        return
    first = int(over[0])
    clash = np.intersect1d(site[group == first], forced)
    raise PlacementError(
        _CLASHES[kind[first]], sites=", ".join(str(int(one)) for one in clash), most=int(most[first])
    )
