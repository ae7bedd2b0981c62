"""Uploads and their previews as the API tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phusong.app.i18n import Language, translate
from phusong.app.uploading.desk import UploadRecord
from phusong.coverage.errors import Finding
from phusong.geodata.headers import FIBRE_TABLES
from phusong.geodata.store.folder import FolderStore

SEVERITIES = ("error", "warning", "assumed")


def upload_record(record: UploadRecord) -> dict[str, Any]:
    """Return what is known of an upload."""
    return {
        "id": record.upload_id,
        "layer": record.layer,
        "created": record.created_at,
        "files": [dict(file) for file in record.files],
        "job": record.job_id,
        "links": [{"href": f"/uploads/{record.upload_id}", "rel": "self", "type": "application/json"}],
    }


def preview_record(preview: Mapping[str, Any], store: FolderStore, language: Language) -> dict[str, Any]:
    """Return a preview with its sentences in the reader's language.

    Parameters
    ----------
    preview : mapping
        As `Preview.as_dict`.
    store : FolderStore
        Whose layer the upload would replace.
    language : {"vi", "en"}
    """
    findings = [_finding(record, language) for record in preview["findings"]]
    counts = {severity: sum(one["severity"] == severity for one in findings) for severity in SEVERITIES}
    return {
        "is_refused": preview["is_refused"],
        "rows": preview["rows"],
        "problem": _problem(preview["problem"], language),
        "sheets": preview["sheets"],
        "sources": preview["sources"],
        "targets": preview["targets"],
        "findings": findings,
        "counts": counts,
        "bounds": preview["bounds"],
        "first_rows": preview["first_rows"],
        "sample": {"type": "FeatureCollection", "features": preview["features"]},
        "replaces": _replaced(preview["layer"], store),
    }


def _finding(record: Mapping[str, Any], language: Language) -> dict[str, Any]:
    finding = Finding(**record)
    parts = {name: "" if value is None else value for name, value in record.items()}
    return {**finding.as_dict(), "text": translate(f"findings.{finding.code}", language, **parts)}


def _problem(problem: Mapping[str, Any] | None, language: Language) -> dict[str, Any] | None:
    if problem is None:
        return None
    detail = translate(f"errors.{problem['code']}", language, **problem["parameters"])
    return {"code": problem["code"], "detail": detail, "parameters": problem["parameters"]}


def _replaced(layer: str, store: FolderStore) -> list[dict[str, Any]]:
    """Return the layers of the study that the import would replace."""
    names = FIBRE_TABLES if layer == "fibre" else (layer,)
    metas = [store.meta(name) for name in names if store.has(name)]
    return [
        {
            "layer": meta.layer,
            "rows": meta.rows,
            "source": meta.source,
            "imported_at": meta.imported_at,
            "synthetic": meta.synthetic,
        }
        for meta in metas
    ]
