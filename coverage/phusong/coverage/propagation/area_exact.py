"""P.1812 from one mast to every pixel around it, each pixel with its own terrain profile."""

from __future__ import annotations

from phusong.coverage.propagation.area_carriers import MEDIAN_PERCENTAGE
from phusong.coverage.propagation.area_finish import Land
from phusong.coverage.propagation.area_full_kernel import full_loss_rows
from phusong.coverage.propagation.area_full_tail import ranges_of
from phusong.coverage.propagation.area_kernel import loss_rows
from phusong.coverage.propagation.area_laying import lay_out
from phusong.coverage.propagation.area_setup import AreaRequest, run_blocks, sample_tables

_ROWS_A_TASK = 16


def fill_exact(request: AreaRequest) -> None:
    """Fill in the loss of several carriers.

    Parameters
    ----------
    request : AreaRequest
        Its ``loss_db`` is written in place: NaN beyond a carrier's radius and where terrain is unknown on
        the path.
    """
    lay, site, carriers = lay_out(request, is_across=False), request.site(), request.carriers()
    tables = sample_tables(float(carriers.radius_cells.max()), site)
    rows, cols = lay.ground.shape
    land = Land(lay.ground.reshape(-1), lay.clutter.reshape(-1), rows, cols, site)
    climate, out = request.climate(), request.loss_db.reshape(-1)
    ranges = ranges_of(tables, site, climate)

    def work(begin: int, end: int) -> None:
        if climate.time_percentage == MEDIAN_PERCENTAGE:
            loss_rows(begin, end, land, tables, carriers, climate, out)
        else:
            full_loss_rows(begin, end, land, tables, carriers, climate, ranges, out)

    run_blocks(
        work,
        count=request.window.rows,
        block=_ROWS_A_TASK,
        threads=request.threads,
    )
