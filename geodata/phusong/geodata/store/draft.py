"""A copy of a study to try writes on: its layers are second names of the same files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from phusong.geodata.store.folder import FolderStore

_SETTINGS = ("study.json", "method.json")


def draft_of(store: FolderStore, folder: Path) -> FolderStore:
    """Make a draft of a study; what is written to it never touches the study.

    Layers share their data with the study until they are replaced, which takes no room: files of a study are
    replaced whole and never changed.

    Parameters
    ----------
    store : FolderStore
    folder : Path
        Becomes the draft; whatever was there is removed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    layers = folder / "layers"
    layers.mkdir(parents=True)
    for name in _SETTINGS:
        shutil.copyfile(store.path / name, folder / name)
    for path in (store.path / "layers").iterdir():
        if path.is_file() and not path.name.startswith(".") and ".new." not in path.name:
            _second_name(path, layers / path.name)
    return FolderStore(folder, store.clock)


def _second_name(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except FileNotFoundError:  # replaced meanwhile: the draft does without it
        return
    except OSError:
        shutil.copyfile(path, target)
