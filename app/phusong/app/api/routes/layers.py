"""Layers of the study: what there is, what may be brought in, and what an import replaced."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from phusong.app.api.answers import JSON, encode, json_answer
from phusong.app.api.dependencies import CurrentSnapshot, JobDesk, Uploads
from phusong.app.api.guards import from_this_page
from phusong.app.restoring import remove_layer, removed_layers, restore_layer
from phusong.app.uploading.desk import endings_of
from phusong.geodata.importing import LAYERS
from phusong.geodata.store.folder import FolderStore
from phusong.geodata.store.meta import LayerMeta

router = APIRouter(tags=["layers"])


@router.get("/layers")
def layers(request: Request, snapshot: CurrentSnapshot, desk: Uploads) -> Response:
    """List the layers there are, each with the version it replaced, those taken out and those importable."""
    record = {
        "layers": [_record(snapshot.store, name) for name in snapshot.store.layer_names()],
        "removed": [_told(meta) for meta in removed_layers(snapshot.store)],
        "importable": [{"id": name, "endings": list(endings_of(name))} for name in LAYERS],
        "largest_bytes": desk.largest_bytes,
    }
    return json_answer(request, record, snapshot.tag)


@router.post("/layers/{layer}/restoration", dependencies=[Depends(from_this_page)])
def restore(
    jobs: JobDesk, layer: str, sha256: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None
) -> Response:
    """Bring back the version before the present one, or one of `earlier`; a second time undoes it."""
    kept = restore_layer(jobs.store, layer[:80], sha256=sha256)
    return Response(encode(_told(kept)), media_type=JSON, headers={"Cache-Control": "no-store"})


@router.delete("/layers/{layer}", status_code=204, dependencies=[Depends(from_this_page)])
def remove(jobs: JobDesk, layer: str) -> Response:
    """Take a layer out of the study; `/layers/{layer}/restoration` brings it back."""
    remove_layer(jobs.store, layer[:80])
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _record(store: FolderStore, layer: str) -> dict[str, Any]:
    earlier = [_told(meta) for meta in store.earlier(layer)]
    return {**_told(store.meta(layer)), "previous": earlier[0] if earlier else None, "earlier": earlier}


def _told(meta: LayerMeta) -> dict[str, Any]:
    return {
        "id": meta.layer,
        "rows": meta.rows,
        "source": meta.source,
        "imported_at": meta.imported_at,
        "synthetic": meta.synthetic,
        "sha256": meta.content_sha256,
        "assumed": list(meta.assumed),
    }
