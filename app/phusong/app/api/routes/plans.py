"""Plans that jobs found: stopped with what they have, kept as scenarios, taken away as files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Body, Depends, Response

from phusong.app.api.answers import JSON, encode
from phusong.app.api.dependencies import CurrentSnapshot, JobDesk, ReaderLanguage
from phusong.app.api.guards import from_this_page
from phusong.app.api.jobrecords import status_info
from phusong.app.choicetable import export_technology
from phusong.app.i18n import Language
from phusong.app.jobs.fibring import network_of
from phusong.app.planning.writing import keep_as_scenario, plan_scenario, write_plan
from phusong.coverage.errors import InputError
from phusong.geodata.ofds import ofds_network, write_ofds
from phusong.geodata.ofds import write_plan as write_fibre_plan
from phusong.geodata.scenario import checked_name

router = APIRouter(tags=["processes"])

_FRESH = {"Cache-Control": "no-store"}
_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "json": JSON,
}
OFDS = "ofds.json"
Ending = Literal["xlsx", "csv", "geojson", "gpkg", "json", "ofds.json"]
Written = Callable[[Mapping[str, Any], Path, Language], object]


@router.post("/jobs/{job_id}/finish", dependencies=[Depends(from_this_page)])
def finish(desk: JobDesk, language: ReaderLanguage, job_id: str) -> Response:
    """End a search with the best answer so far; a job that is over stays as it is."""
    return Response(encode(status_info(desk.finish(job_id), language)), media_type=JSON, headers=_FRESH)


@router.post("/jobs/{job_id}/scenario", dependencies=[Depends(from_this_page)])
def keep(
    snapshot: CurrentSnapshot,
    desk: JobDesk,
    job_id: str,
    name: Annotated[str, Body(embed=True, max_length=400, examples=["Phương án A"])],
) -> Response:
    """Keep a plan for towers as a scenario; a scenario of that name gets a new version."""
    document = _result(desk, job_id, ("optimise",))
    saved = keep_as_scenario(snapshot.store, document, checked_name(name))
    told = {"name": saved.scenario.name, "version": saved.version, "masts": len(saved.scenario.additions)}
    return Response(encode(told), media_type=JSON, headers=_FRESH)


@router.get("/jobs/{job_id}/scenario")
def scenario(desk: JobDesk, job_id: str) -> Response:
    """Return a plan for towers as a scenario that is not kept."""
    document = _result(desk, job_id, ("optimise",))
    return Response(encode(plan_scenario(document, job_id).as_dict()), media_type=JSON, headers=_FRESH)


@router.get(
    "/jobs/{job_id}/plan.{ending}", responses={200: {"content": {kind: {} for kind in _TYPES.values()}}}
)
def plan(
    snapshot: CurrentSnapshot, desk: JobDesk, language: ReaderLanguage, job_id: str, ending: Ending
) -> Response:
    """Return a plan as a file: towers and means as tables or places, fibre as lines or in the OFDS."""
    kind = desk.get(job_id).kind
    document = _result(desk, job_id, tuple(_WRITERS))
    name = f"{kind}.{ending}"
    if ending == OFDS:
        _result(desk, job_id, ("fibre",))
    with tempfile.TemporaryDirectory(prefix="phusong-plan-") as folder:
        path = Path(folder) / name
        if ending == OFDS:
            nodes, spans = network_of(document)
            write_ofds(path, ofds_network(snapshot.store.name, nodes, spans, language=language))
        else:
            _WRITERS[kind](document, path, language)
        content = path.read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="phusong-{name}"', **_FRESH}
    return Response(content, media_type=_TYPES[ending.rpartition(".")[2]], headers=headers)


def _towers(document: Mapping[str, Any], path: Path, language: Language) -> None:
    write_plan(document, path, language=language)


def _technology(document: Mapping[str, Any], path: Path, language: Language) -> None:
    if path.suffix == ".json":
        path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        export_technology(document, path, language=language)


def _fibre(document: Mapping[str, Any], path: Path, _language: Language) -> None:
    nodes, spans = network_of(document)
    write_fibre_plan(path, document, nodes, spans)


_WRITERS: Mapping[str, Written] = {"optimise": _towers, "technology": _technology, "fibre": _fibre}


def _result(desk: JobDesk, job_id: str, kinds: tuple[str, ...]) -> Mapping[str, Any]:
    kind = desk.get(job_id).kind
    if kind not in kinds:
        raise InputError("job_kind", value=kind, allowed=", ".join(kinds))
    return desk.result(job_id)
