"""Places of interest: commune centres, village houses, schools, clinics, markets, industry, tourism."""

from __future__ import annotations

from typing import Any

import numpy as np

from phusong.geodata.sample.land import Land, Points
from phusong.geodata.sample.settlements import MOUNTAIN, Villages
from phusong.geodata.sample.spec import layer_generator


def make_places(
    land: Land,
    villages: Villages,
    village_names: list[str],
    *,
    seats_m: Points,
    commune_codes: list[str],
    commune_names: list[str],
    seed: int,
) -> list[dict[str, Any]]:
    """Describe places, one record each, in the columns of the places table plus ``x_m`` and ``y_m``.

    Parameters
    ----------
    land : Land
    villages : Villages
    village_names : list of str
    seats_m : ndarray, shape (communes, 2)
        The commune centres.
    commune_codes, commune_names : list of str
    seed : int
    """
    rng = layer_generator(seed, "places")
    records = [
        _place("commune_centre", f"Trung tâm hành chính {name}", code, seat)
        for name, code, seat in zip(commune_names, commune_codes, seats_m, strict=True)
    ]
    records += [
        _place("clinic", f"Trạm y tế {name}", code, _near(rng, land, seat, 400.0))
        for name, code, seat in zip(commune_names, commune_codes, seats_m, strict=True)
    ]
    records += _of_villages(rng, land, villages, village_names, commune_codes)
    records += _of_province(rng, land, villages, commune_codes, commune_names)
    return [{"place_id": f"P{number:05d}", **record} for number, record in enumerate(records, start=1)]


def _of_villages(
    rng: np.random.Generator, land: Land, villages: Villages, names: list[str], codes: list[str]
) -> list[dict[str, Any]]:
    draws = rng.random((len(names), 3))
    records = []
    for number, name in enumerate(names):
        code, point = codes[int(villages.commune[number])], villages.points_m[number]
        if draws[number, 0] < 0.92:
            records.append(_place("village_house", f"Nhà văn hóa {name}", code, point))
        if draws[number, 1] < 0.34:
            records.append(_place("school", f"Trường học {name}", code, _near(rng, land, point, 350.0)))
        if draws[number, 2] < 0.10:
            records.append(
                _place("market", f"Chợ {name.split(' ', 1)[-1]}", code, _near(rng, land, point, 300.0))
            )
    return records


def _of_province(
    rng: np.random.Generator, land: Land, villages: Villages, codes: list[str], names: list[str]
) -> list[dict[str, Any]]:
    high = np.flatnonzero(villages.kind == MOUNTAIN)
    low = np.flatnonzero(villages.kind != MOUNTAIN)
    plans = [("industrial_zone", "Khu công nghiệp", low, 0.6), ("tourism", "Khu du lịch", high, 1.0)]
    records = []
    for kind, title, pool, weight in plans:
        number = min(len(pool), max(2, round(weight * len(codes) / 10)))
        for at in rng.choice(pool, size=number, replace=False) if number and len(pool) else []:
            commune = int(villages.commune[at])
            spot = _near(rng, land, villages.points_m[at], 900.0)
            records.append(_place(kind, f"{title} {names[commune]}", codes[commune], spot))
    return records


def _near(rng: np.random.Generator, land: Land, point_m: Points, reach_m: float) -> Points:
    """Move a little, but stay on land and in the commune."""
    spots = point_m + rng.uniform(-reach_m, reach_m, (6, 2))
    own = land.at(land.commune, point_m[None, :])[0]
    fine = (land.at(land.commune, spots) == own) & ~land.at(land.is_sea, spots).astype(bool)
    return np.asarray(spots[int(np.argmax(fine))] if fine.any() else point_m)


def _place(kind: str, name: str, code: str, point_m: Points) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": name,
        "commune_code": code,
        "x_m": float(point_m[0]),
        "y_m": float(point_m[1]),
    }
