"""Bringing in layers as jobs: an upload that was looked at and accepted, or the embedded sample province."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phusong.app.jobs.process import Inputs, JobContext
from phusong.app.sampling import SAMPLE_TARGETS
from phusong.app.study import Study
from phusong.app.uploading.desk import UploadDesk
from phusong.app.uploading.reading import Reading, preview_upload
from phusong.coverage.errors import InputError, StudyError
from phusong.geodata.checked_json import Members
from phusong.geodata.sample.build import create_sample
from phusong.geodata.store.folder import FolderStore

MOST_COLUMNS = 2_000
LARGEST_SEED = 1 << 31


def reading_of(sheet: str | None, crs: str | None, pairs: Mapping[str, str]) -> Reading:
    """Return how to read an upload; empty texts stand for nothing."""
    return Reading(sheet or None, crs or None, dict(pairs))


def check_import(inputs: Inputs) -> dict[str, Any]:
    """Check which upload is to be imported and how."""
    members = Members("", inputs, frozenset({"upload", "sheet", "crs", "columns"}))
    columns = members.get("columns", {})
    is_map = isinstance(columns, Mapping) and all(
        isinstance(part, str) for pair in columns.items() for part in pair
    )
    if not is_map or len(columns) > MOST_COLUMNS:
        raise InputError("json_member", member="columns", value=str(columns)[:80], allowed="{header: column}")
    return {
        "upload": members.text("upload", most=40) or "",
        "sheet": members.text("sheet", most=200),
        "crs": members.text("crs", most=4_000),
        "columns": dict(columns),
    }


def import_upload(store: FolderStore, inputs: Inputs, context: JobContext) -> Mapping[str, Any]:
    """Import an accepted upload as its layer; the study keeps what it had until the new layer is whole."""
    desk = UploadDesk(store)
    record = desk.get(str(inputs["upload"]))
    reading = reading_of(inputs["sheet"], inputs["crs"], inputs["columns"])
    context.progress("reading", 0, 1)
    if preview_upload(desk, record.upload_id, reading)["is_refused"]:
        raise InputError("upload_refused", layer=record.layer)
    before = _contents(store)
    report = Study(store).import_layer(
        record.layer,
        desk.paths(record.upload_id),
        imported_at=record.created_at,
        sheet=reading.sheet,
        crs=reading.crs,
        column_map=reading.column_map,
        progress=context.progress,
    )
    counts = {severity: sum(one.severity == severity for one in report.findings) for severity in _SEVERITIES}
    changed = sorted(layer for layer, digest in _contents(store).items() if before.get(layer) != digest)
    return {"layer": report.layer, "rows": report.rows, "findings": counts, "changed": changed}


_SEVERITIES = ("warning", "assumed")


def _contents(store: FolderStore) -> dict[str, str]:
    return {layer: store.meta(layer).content_sha256 for layer in store.layer_names()}


def check_sample(inputs: Inputs) -> dict[str, Any]:
    """Check the seed of the sample province."""
    seed = Members("", inputs, frozenset({"seed"})).number("seed", (0, LARGEST_SEED))
    return {"seed": int(seed or 1)}


def fill_with_sample(store: FolderStore, inputs: Inputs, context: JobContext) -> Mapping[str, Any]:
    """Fill an empty study with the embedded sample province.

    Raises
    ------
    StudyError
        ``study_not_empty`` where the study holds anything that was not synthesised.
    """
    if not all(store.meta(layer).synthetic for layer in store.layer_names()):
        raise StudyError("study_not_empty")
    context.check()
    with store.lock():
        added = create_sample(
            store, seed=inputs["seed"], imported_at=store.clock(), progress=context.progress
        )
        if not store.settings().get("targets"):
            store.update_settings(targets=SAMPLE_TARGETS)
    return {"added": added}
