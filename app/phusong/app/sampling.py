"""The embedded sample province, and layers made up for a study that lacks them; always labelled as such."""

from __future__ import annotations

import shutil
from pathlib import Path

from phusong.app.compute.progress import Progress, silent
from phusong.app.study import Study, open_study
from phusong.coverage.errors import StudyError
from phusong.geodata.sample.build import create_sample, fill_sample
from phusong.geodata.store.folder import DEFAULT_GRID_M, FolderStore

SAMPLE_NAME = "Tỉnh mẫu"
"""Name of the sample province: data, like the names of its communes."""
SAMPLE_TARGETS = {
    "5G": {
        "percent": 60.0,
        "year": 2025,
        "source": "178/KH-UBND (Thanh Hóa): 5G 60 % trên địa bàn tỉnh, năm 2025",
    }
}
"""Targets are data of a study, never constants; the sample brings one so that there is one to see."""


def fill_study(
    study: Study,
    *,
    seed: int,
    imported_at: str,
    masts: int | None = None,
    villages: int | None = None,
    elevation_means_path: Path | None = None,
    progress: Progress = silent,
) -> list[str]:
    """Synthesise the layers a study lacks; return their names.

    Raises
    ------
    StudyError
        When the study is locked by another process.
    """
    with study.store.lock():
        return fill_sample(
            study.store,
            seed=seed,
            imported_at=imported_at,
            masts=masts,
            villages=villages,
            elevation_means_path=elevation_means_path,
            progress=progress,
        )


def create_sample_study(
    path: Path | str,
    *,
    seed: int,
    imported_at: str,
    grid_m: float | None = None,
    progress: Progress = silent,
) -> Study:
    """Make the embedded sample province as a study; the folder appears when it is whole.

    Raises
    ------
    StudyError
        ``study_exists`` when the folder holds anything.
    """
    target = Path(path)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StudyError("study_exists", path=str(path))
    aside = target.with_name(f".{target.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        store = FolderStore.create(aside, name=SAMPLE_NAME, grid_m=grid_m or DEFAULT_GRID_M)
        with store.lock():
            create_sample(store, seed=seed, imported_at=imported_at, progress=progress)
        store.update_settings(targets=SAMPLE_TARGETS)
        aside.replace(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return open_study(target)
