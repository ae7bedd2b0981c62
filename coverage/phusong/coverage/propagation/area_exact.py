"""P.1812 from one mast to every pixel around it, each pixel with its own terrain profile."""

from __future__ import annotations

from phusong.coverage.propagation.area_carriers import MEDIAN_PERCENTAGE
from phusong.coverage.propagation.area_finish import Land
from phusong.coverage.propagation.area_full_kernel import full_loss_rows
from phusong.coverage.propagation.area_kernel import loss_rows
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
    ground, site, carriers = request.ground(), request.site(), request.carriers()
    tables = sample_tables(float(carriers.radius_cells.max()), site)
    rows, cols = ground.shape
    land = Land(ground.reshape(-1), request.cover().reshape(-1), rows, cols, site)
    climate, out = request.climate(), request.loss_db.reshape(-1)
    work = loss_rows if climate.time_percentage == MEDIAN_PERCENTAGE else full_loss_rows
    run_blocks(
        lambda begin, end: work(begin, end, land, tables, carriers, climate, out),
        count=request.window.rows,
        block=_ROWS_A_TASK,
        threads=request.threads,
    )
