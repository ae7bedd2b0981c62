"""Take a layer out of a study, and bring back what was taken out or replaced."""

from __future__ import annotations

from phusong.geodata.importing import move_cells_with_sites
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta


def remove_layer(store: FolderStore, layer: str) -> None:
    """Take a layer out; `restore_layer` brings it back.

    Raises
    ------
    NotFoundError
        ``layer_missing`` where the study has no such layer.
    StudyError
        ``study_locked``.
    """
    with store.lock():
        store.meta(layer)
        store.remove(layer)


def removed_layers(store: FolderStore) -> list[LayerMeta]:
    """Layers that were taken out and can be brought back, by name."""
    present = set(store.layer_names())
    folder = store.path / "layers" / "history"
    gone = (
        sorted(path.name for path in folder.iterdir() if path.name not in present) if folder.is_dir() else []
    )
    return [earlier[0] for layer in gone if (earlier := store.earlier(layer))]


def restore_layer(store: FolderStore, layer: str, *, sha256: str | None = None) -> LayerMeta:
    """Bring back the version of a layer before the present one, or the one named; twice undoes it.

    Cells stand where their sites stand, so they move with sites that come back.

    Raises
    ------
    NotFoundError
        ``layer_history`` where no earlier version is kept.
    StudyError
        ``study_locked``.
    """
    with store.lock():
        kept = store.restore(layer, sha256=sha256)
        if layer == "sites":
            move_cells_with_sites(store, store.table("sites"))
        store.journal("restored", layer=layer, sha256=kept.content_sha256)
    return kept
