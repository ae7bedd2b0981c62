"""Scenarios: kept by name, every version of them, shared by their address."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response

from phusong.app.api.answers import JSON, encode
from phusong.app.api.dependencies import CurrentSnapshot
from phusong.app.api.guards import from_this_page
from phusong.app.api.snapshot import Snapshot
from phusong.app.scenarios import (
    cost_mvnd,
    delete_scenario,
    layers_changed,
    restore_scenario,
    save_scenario,
    scenario_store,
)
from phusong.coverage.errors import InputError
from phusong.geodata.scenario import scenario_from_dict
from phusong.geodata.store.scenarios import SavedScenario

router = APIRouter(tags=["scenarios"])

ScenarioBody = Annotated[
    dict[str, Any],
    Body(
        description="What is added, taken away and changed; see `/processes/what-if`",
        examples=[
            {
                "additions": [
                    {"site_id": "N1", "lon_deg": 105.1, "lat_deg": 20.3, "height_m": 36.0, "band": "B3"}
                ]
            }
        ],
    ),
]
Version = Annotated[str | None, Header(alias="If-Match", max_length=40, description="version it changes")]


@router.get("/scenarios")
def scenarios(snapshot: CurrentSnapshot) -> Response:
    """List what is kept, without the masts."""
    listed = [_summary(snapshot, saved) for saved in scenario_store(snapshot.store).all()]
    return _answer({"scenarios": listed})


@router.get("/scenarios/{name}")
def scenario(
    snapshot: CurrentSnapshot, name: str, version: Annotated[int | None, Query(ge=1, le=10**9)] = None
) -> Response:
    """Return a scenario whole, the newest version unless another is named."""
    return _whole(snapshot, scenario_store(snapshot.store).load(name, version=version))


@router.put("/scenarios/{name}", dependencies=[Depends(from_this_page)])
def keep(snapshot: CurrentSnapshot, name: str, body: ScenarioBody, if_match: Version = None) -> Response:
    """Keep a scenario under a name; refuse it where somebody has saved another version since."""
    wanted = scenario_from_dict({**body, "name": name})
    saved = save_scenario(snapshot.store, wanted, expected_version=_version(if_match))
    return _whole(snapshot, saved)


@router.delete("/scenarios/{name}", dependencies=[Depends(from_this_page)])
def delete(request: Request, snapshot: CurrentSnapshot, name: str) -> Response:
    """Delete a scenario; its versions stay, and restoring brings it back."""
    gone = delete_scenario(snapshot.store, name)
    undo = f"{request.url.path}/restoration"
    return _answer({"deleted": gone.scenario.name, "links": [{"href": undo, "rel": "restore"}]})


@router.post("/scenarios/{name}/restoration", dependencies=[Depends(from_this_page)])
def restore(
    snapshot: CurrentSnapshot, name: str, version: Annotated[int | None, Query(ge=1, le=10**9)] = None
) -> Response:
    """Bring back an earlier version, or one that was deleted."""
    return _whole(snapshot, restore_scenario(snapshot.store, name, version=version))


def _version(text: str | None) -> int | None:
    if text is None:
        return None
    marked = text.strip().removeprefix("W/").strip('"')
    if not marked.isdecimal():
        raise InputError("parameter_invalid", name="If-Match", value=text, allowed='"3"')
    return int(marked)


def _summary(snapshot: Snapshot, saved: SavedScenario) -> dict[str, Any]:
    cost, is_complete = cost_mvnd(saved.scenario)
    return {
        "name": saved.scenario.name,
        "version": saved.version,
        "saved_at": saved.saved_at,
        "masts": len({one.site_id for one in saved.scenario.additions}),
        "removed": len(saved.scenario.removed_sites) + len(saved.scenario.removed_cells),
        "edited": len(saved.scenario.edits),
        "cost_mvnd": cost,
        "is_cost_complete": is_complete,
        "note": saved.scenario.note,
        "layers_changed": layers_changed(snapshot.store, saved.scenario),
        "has_plan": saved.scenario.plan is not None,
    }


def _whole(snapshot: Snapshot, saved: SavedScenario) -> Response:
    store = scenario_store(snapshot.store)
    record = {
        **_summary(snapshot, saved),
        "versions": store.versions(saved.scenario.name),
        "scenario": saved.scenario.as_dict(),
    }
    return _answer(record, ETag=f'"{saved.version}"')


def _answer(record: dict[str, Any], **headers: str) -> Response:
    return Response(encode(record), media_type=JSON, headers={"Cache-Control": "no-store", **headers})
