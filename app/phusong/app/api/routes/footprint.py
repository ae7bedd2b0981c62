"""How far a cell serves and what ends it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from phusong.app.api.answers import json_answer
from phusong.app.api.dependencies import CurrentSnapshot, ReaderLanguage
from phusong.app.api.schemas import FootprintReading
from phusong.app.footprints import footprint_record
from phusong.app.i18n import translate
from phusong.app.paths import StudyGround
from phusong.coverage.footprint import CAUSES

router = APIRouter(tags=["places"])


@router.get("/cells/{cell_id}/footprint", response_model=FootprintReading)
def footprint(
    request: Request,
    snapshot: CurrentSnapshot,
    language: ReaderLanguage,
    cell_id: Annotated[str, Path(max_length=200)],
) -> Response:
    """Reach of a cell in every direction, and whether threshold, terrain, radius, data or study end it."""
    ground = snapshot.part("ground", lambda: StudyGround(snapshot.store))
    cells = snapshot.frame("cells")
    ground.cell(cells, cell_id)  # an unknown cell leaves no part behind
    record = snapshot.part(
        f"footprint {cell_id}",
        lambda: footprint_record(ground, cells, cell_id, method=snapshot.store.method()),
    )
    causes = {cause: translate(f"footprint.{cause}", language) for cause in CAUSES}
    answer = json_answer(request, {**record, "causes": causes}, f"{snapshot.tag}-{language}")
    answer.headers["Vary"] = "Accept-Language"
    return answer
