"""P.1812 from one mast to every pixel around it, each pixel with its own terrain profile."""

from __future__ import annotations

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
    fixed = (
        ground.ravel(),
        request.cover().ravel(),
        ground.shape,
        sample_tables(float(carriers.radius_cells.max()), site),
        site,
        carriers,
        request.climate(),
        request.loss_db,
    )
    run_blocks(
        lambda begin, end: loss_rows(begin, end, *fixed),
        count=request.window.rows,
        block=_ROWS_A_TASK,
        threads=request.threads,
    )
