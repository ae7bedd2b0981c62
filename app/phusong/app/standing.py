"""Whether the results of a study are those of its layers and method as they are now."""

from __future__ import annotations

from typing import Literal

from phusong.app.compute.inputs import MODES, run_id_of
from phusong.app.compute.previous import is_whole
from phusong.app.compute.published import current_run
from phusong.geodata.store.folder import FolderStore

Standing = Literal["empty", "computed", "stale"]


def standing_of(store: FolderStore) -> Standing:
    """Tell whether a study was computed, and whether anything that figures depend on has changed since."""
    run = current_run(store)
    if run is None:
        return "empty"
    is_current = run in {run_id_of(store, mode=mode) for mode in MODES} and is_whole(store.results_dir / run)
    return "computed" if is_current else "stale"
