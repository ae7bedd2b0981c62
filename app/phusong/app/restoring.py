"""Bring back what an import replaced."""

from __future__ import annotations

from phusong.geodata.importing import move_cells_with_sites
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta


def restore_layer(store: FolderStore, layer: str) -> LayerMeta:
    """Bring back the version of a layer before the present one; bringing back twice undoes it.

    Cells stand where their sites stand, so they move with sites that come back.

    Raises
    ------
    NotFoundError
        ``layer_history`` where no earlier version is kept.
    StudyError
        ``study_locked``.
    """
    with store.lock():
        kept = store.restore(layer)
        if layer == "sites":
            move_cells_with_sites(store, store.table("sites"))
        store.journal("restored", layer=layer, sha256=kept.content_sha256)
    return kept
