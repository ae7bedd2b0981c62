"""What the results in place still hold true of a new run: blocks and villages that nothing changed for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from phusong.app.compute.fingerprint import engine_version, fingerprint
from phusong.app.compute.inputs import ComputeInputs
from phusong.app.compute.published import current_run
from phusong.app.compute.signalmap import OVERVIEW_STEP, SignalMap
from phusong.app.compute.stacks import Carrier
from phusong.coverage.errors import PhuSongError
from phusong.coverage.signal_kernel import Int16Array
from phusong.geodata.store.arrays import map_arrays
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.tiles.png import Codes

JUDGED_FILE = "judged.json"
SERVED_FILE = "served.bin"
OVERVIEWS_FILE = "overviews.bin"
VILLAGES_FILE = "villages.bin"
Corner = tuple[int, int]
"""Row0 and col0 of a block."""


@dataclass(frozen=True, slots=True)
class Previous:
    """Results in place that were judged as the new run will be.

    Attributes
    ----------
    bits : ndarray of unsigned int, shape (height, width)
        As in `ServedLayers`.
    own_bits, own_best_level : ndarray, shape (height, width)
        As in `ServedLayers`, to be written to: the pages that are get copied, and the files stay as they are.
    overviews : mapping of str to ndarray of uint8
        By the name of the layer.
    blocks : mapping of Corner to frozenset
        Carrier and digest of each stack of a block.
    villages : mapping of str to ndarray
        Figures of villages by name, empty where villages, people or the rule changed.
    """

    bits: npt.NDArray[np.unsignedinteger[Any]]
    own_bits: npt.NDArray[np.unsignedinteger[Any]]
    own_best_level: Int16Array
    overviews: Mapping[str, Codes]
    blocks: Mapping[Corner, frozenset[tuple[Carrier, str]]]
    villages: Mapping[str, npt.NDArray[np.float64]]

    def changed(self, signal: SignalMap) -> set[Corner]:
        """Blocks that are made of other stacks now."""
        now = blocks_of(signal)
        return {
            corner for corner in now.keys() | self.blocks.keys() if now.get(corner) != self.blocks.get(corner)
        }


def blocks_of(signal: SignalMap) -> dict[Corner, frozenset[tuple[Carrier, str]]]:
    """Carrier and digest of each stack, by block."""
    found: dict[Corner, set[tuple[Carrier, str]]] = {}
    for (carrier, row0, col0), block in signal.blocks.items():
        found.setdefault((row0, col0), set()).add((carrier, block.digest))
    return {corner: frozenset(stacks) for corner, stacks in found.items()}


def judging_record(inputs: ComputeInputs, signal: SignalMap) -> dict[str, str]:
    """Return hashes of what blocks, and what villages, are judged by."""
    rule = inputs.method.village_rule
    records = [asdict(record) for record in signal.carriers.values()]
    layers = ("communes", "population", "villages", "terrain")
    return {
        "blocks": fingerprint(
            [engine_version("service"), records, sorted(rule.technologies), list(signal.shape), OVERVIEW_STEP]
        ),
        "villages": fingerprint(
            [
                engine_version("villages", "zonal"),
                "by village",
                {layer: inputs.layer_hashes.get(layer) for layer in layers},
                asdict(rule),
                inputs.method.household_size,
                bool(inputs.cells),
            ]
        ),
    }


def is_whole(run_dir: Path) -> bool:
    """Tell whether results hold everything that this version writes; older versions wrote less."""
    return all((run_dir / file).exists() for file in (SERVED_FILE, OVERVIEWS_FILE, JUDGED_FILE))


@dataclass(frozen=True, slots=True)
class InPlace:
    """Results in place.

    Attributes
    ----------
    run_dir : Path
    signal : SignalMap
    """

    run_dir: Path
    signal: SignalMap


def results_in_place(store: FolderStore) -> InPlace | None:
    """Open the signal of the results in place; None where there are none that this version reads."""
    run = current_run(store)
    if run is None:
        return None
    run_dir = store.results_dir / run
    try:
        return InPlace(run_dir, SignalMap.load(store.results_dir, run_dir))
    except PhuSongError:
        return None


def previous_results(
    inputs: ComputeInputs, signal: SignalMap, *, in_place: InPlace | None
) -> Previous | None:
    """Return what can be taken over from the results in place; None where they were judged otherwise."""
    if in_place is None:
        return None
    run_dir = in_place.run_dir
    try:
        record = orjson.loads((run_dir / JUDGED_FILE).read_bytes())
        expected = judging_record(inputs, signal)
        if record.get("blocks") != expected["blocks"]:
            return None
        return _read(in_place, has_villages=record.get("villages") == expected["villages"])
    except (FileNotFoundError, PhuSongError, orjson.JSONDecodeError):
        return None


def _read(in_place: InPlace, *, has_villages: bool) -> Previous:
    run_dir = in_place.run_dir
    own = map_arrays(run_dir / SERVED_FILE, is_private=True)
    return Previous(
        bits=map_arrays(run_dir / SERVED_FILE)["bits"],
        own_bits=own["bits"],
        own_best_level=own["best_level"],
        overviews=map_arrays(run_dir / OVERVIEWS_FILE),
        blocks=blocks_of(in_place.signal),
        villages=map_arrays(run_dir / VILLAGES_FILE) if has_villages else {},
    )
