"""Why the unserved part of each partly covered village has no signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from phusong.app.compute.evidence import PlaceExplainer
from phusong.app.compute.progress import Progress, silent
from phusong.app.compute.whatif import Baseline
from phusong.app.unservedclusters import cluster_record
from phusong.geodata.store.folder import FolderStore

KEPT = ("households", "people", "place", "strongest", "reason")


def with_clusters(
    store: FolderStore, villages: Sequence[Mapping[str, Any]], *, progress: Progress = silent
) -> list[dict[str, Any]]:
    """Add to villages partly covered the largest ``cluster`` that nobody serves, and why nobody does.

    Parameters
    ----------
    store : FolderStore
        Study whose results are current.
    villages : sequence of mapping
        As `compute.published.load_villages` returns them; those of another status are left as they are.
    progress : callable

    Returns
    -------
    list of dict
        New records, in the order given.

    Raises
    ------
    InputError
        ``results_stale`` where layers have changed since the results were computed.
    """
    patchy = [village["village_id"] for village in villages if village["status"] == "patchy"]
    if not patchy:
        return [dict(village) for village in villages]
    base = Baseline(store)
    explainer = PlaceExplainer(base.inputs, base.signal)
    clusters: dict[str, dict[str, Any]] = {}
    for done, village_id in enumerate(patchy):
        progress("villages", done, len(patchy))
        found = cluster_record(base, explainer, village_id)
        clusters[village_id] = {name: found[name] for name in KEPT}
    progress("villages", len(patchy), len(patchy))
    return [
        {**village, "cluster": clusters[village["village_id"]]}
        if village["village_id"] in clusters
        else dict(village)
        for village in villages
    ]
