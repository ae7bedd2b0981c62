"""Bilinear sampling of terrain along a ray, sixteen samples at a time.

The two neighbours in a row are read as one word of 64 bits: that halves the loads, which are what sampling
waits for (0.9 instead of 1.5 ns a sample). No compiler finds this by itself, so the block is written in the
vector instructions of LLVM, which every processor it knows can run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

from phusong.coverage.propagation.area_geometry import Float32Array, Site
from phusong.coverage.propagation.area_vectors import load_step

SAMPLES = 16
"""Samples of a block; heights are written for whole blocks, so arrays need that much more room."""
_FAST = {"nnan", "nsz", "reassoc", "contract", "arcp"}
_FLAGS = ("contract",)
_REAL, _WHOLE, _PAIR = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_HALF, _REAL_BYTES = SAMPLES // 2, 4
_REALS, _WHOLES, _PAIRS = (
    ir.VectorType(_REAL, SAMPLES),
    ir.VectorType(_WHOLE, SAMPLES),
    ir.VectorType(_PAIR, _HALF),
)
_POINTERS, _MASK = ir.VectorType(_PAIR.as_pointer(), _HALF), ir.VectorType(ir.IntType(1), _HALF)


def declared(module: Any, name: str, result: Any, arguments: list[Any]) -> Any:  # noqa: ANN401
    """Intrinsic of LLVM on vectors, declared once in a module."""
    found = module.globals.get(name)
    return found or ir.Function(module, ir.FunctionType(result, arguments), name)


def every(builder: Any, value: Any, lanes: int = SAMPLES) -> Any:  # noqa: ANN401
    """Vector with one value throughout."""
    kind = ir.VectorType(value.type, lanes)
    nothing = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(nothing, value, _WHOLE(0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(_WHOLE, lanes), [0] * lanes))


def _neighbours(builder: Any, base: Any, index: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Read ``array[index]`` and ``array[index + 1]``."""
    name = f"llvm.masked.gather.v{_HALF}i64.v{_HALF}p0"
    gather = declared(builder.module, name, _PAIRS, [_POINTERS, _WHOLE, _MASK, _PAIRS])
    address = every(builder, builder.ptrtoint(base, _PAIR), _HALF)
    halves = []
    for begin in (0, _HALF):
        lanes = ir.Constant(ir.VectorType(_WHOLE, _HALF), list(range(begin, begin + _HALF)))
        part = builder.shuffle_vector(index, ir.Constant(_WHOLES, ir.Undefined), lanes)
        bytes_on = builder.shl(builder.sext(part, _PAIRS), ir.Constant(_PAIRS, [2] * _HALF))
        pointers = builder.inttoptr(builder.add(bytes_on, address), _POINTERS)
        whole, nothing = ir.Constant(_MASK, [1] * _HALF), ir.Constant(_PAIRS, ir.Undefined)
        read = builder.call(gather, [pointers, _WHOLE(_REAL_BYTES), whole, nothing])
        halves.append(builder.bitcast(read, _REALS))
    even, odd = (ir.Constant(_WHOLES, list(range(first, 2 * SAMPLES, 2))) for first in (0, 1))
    return builder.shuffle_vector(*halves, even), builder.shuffle_vector(*halves, odd)


def between(builder: Any, low: Any, high: Any, part: Any) -> Any:  # noqa: ANN401
    """Interpolate between two numbers."""
    run = builder.fsub(high, low, flags=_FLAGS)
    return builder.fadd(low, builder.fmul(part, run, flags=_FLAGS), flags=_FLAGS)


def _place(builder: Any, start: Any, step: Any, number: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Cell and part of a cell of every sample along one axis."""
    floor = declared(builder.module, f"llvm.floor.v{SAMPLES}f32", _REALS, [_REALS])
    on = builder.fmul(number, every(builder, step), flags=_FLAGS)
    place = builder.fadd(on, every(builder, start), flags=_FLAGS)
    cell = builder.call(floor, [place])
    return builder.fptosi(cell, _WHOLES), builder.fsub(place, cell)


def _sample_block(  # noqa: PLR0917 - kernels take no keyword-only options
    _typing: Any,  # noqa: ANN401 - numba carries no types
    ground: Any,  # noqa: ANN401
    heights: Any,  # noqa: ANN401
    first: Any,  # noqa: ANN401
    last: Any,  # noqa: ANN401
    corner: Any,  # noqa: ANN401
    width: Any,  # noqa: ANN401
    row: Any,  # noqa: ANN401
    col: Any,  # noqa: ANN401
    row_step: Any,  # noqa: ANN401
    col_step: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Write heights ``first`` to ``first + SAMPLES - 1``; beyond ``last`` that of the last is repeated."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        source, target = (
            context.make_array(kind)(context, builder, array).data
            for kind, array in zip(signature.args[:2], arguments[:2], strict=True)
        )
        begin, end, origin, across, *line = arguments[2:]
        number = builder.add(every(builder, begin), ir.Constant(_WHOLES, list(range(SAMPLES))))
        limit = every(builder, end)
        number = builder.select(builder.icmp_signed("<", number, limit), number, limit)
        along = builder.sitofp(number, _REALS)
        cell_row, down = _place(builder, line[0], line[2], along)
        cell_col, right = _place(builder, line[1], line[3], along)
        stride = every(builder, across)
        index = builder.add(builder.mul(cell_row, stride), builder.add(cell_col, every(builder, origin)))
        upper = between(builder, *_neighbours(builder, source, index), right)
        lower = between(builder, *_neighbours(builder, source, builder.add(index, stride)), right)
        place = builder.gep(target, [builder.sext(begin, _PAIR)])
        block = builder.bitcast(place, _REALS.as_pointer())
        builder.store(between(builder, upper, lower, down), block, align=_REAL_BYTES)
        return context.get_dummy_value()

    return types.void(ground, heights, first, last, corner, width, row, col, row_step, col_step), generate


# numba calls this with the typing context put in front, which no type checker can follow
sample_block: Any = intrinsic(_sample_block)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True)
def sample_terrain(  # noqa: PLR0917 - kernels take no keyword-only options
    ground: Float32Array,
    width: int,
    site: Site,
    row_step: np.float32,
    col_step: np.float32,
    count: int,
    step: Float32Array,
    heights: Float32Array,
) -> tuple[np.float32, np.float32]:
    """Interpolate the terrain at samples 1..count; return the sums of height and of index times height.

    Parameters
    ----------
    ground : ndarray of float32
        Padded window, flattened.
    width : int
        Its columns.
    site : Site
    row_step, col_step : float32
        Cells a step.
    count : int
    step : ndarray of float32
        Numbers of the samples.
    heights : ndarray of float32
        Written, up to `SAMPLES` beyond the last sample.
    """
    row, col = np.float32(site.row_part), np.float32(site.col_part)
    corner, across = np.int32(site.row * width + site.col), np.int32(width)
    for i in range(1, count + 1, SAMPLES):
        sample_block(
            ground, heights, np.int32(i), np.int32(count), corner, across, row, col, row_step, col_step
        )
    return sum_samples(heights, step, count)


@njit(cache=True, error_model="numpy", nogil=True, forceinline=True, fastmath=_FAST)
def sum_samples(heights: Float32Array, step: Float32Array, count: int) -> tuple[np.float32, np.float32]:
    """Return the sums of height and of index times height of samples 1..count.

    They may be added up in any order; heights themselves are the same wherever they are sampled, so what
    samples them must not be compiled so.
    """
    total = moment = np.float32(0.0)
    for i in range(1, count + 1):
        height = load_step(heights, i)
        total += height
        moment += load_step(step, i) * height
    return total, moment
