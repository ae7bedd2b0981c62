"""Bilinear sampling of terrain along the rays to sixteen neighbouring pixels, sixteen samples at a time.

Rays to neighbours run so close together that the samples of one number lie within four rows and eight
columns of cells, or the other way round, most of their way if not all of it. Two registers of sixteen numbers
hold those cells, so that they are looked up there instead of being gathered from memory: three times as fast.
Only processors with the instructions of AVX-512 have such registers; elsewhere nothing is looked up.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from phusong.coverage.propagation.area_sampling import between, declared, every

PIXELS = 16
FEW, MANY = 4, 8
"""Rows and columns of the cells in two registers, or columns and rows."""
_REAL, _WHOLE, _LONG = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_REALS, _WHOLES = ir.VectorType(_REAL, PIXELS), ir.VectorType(_WHOLE, PIXELS)
_REAL_BYTES = 4
_FEATURE = "+avx512f"


def is_able(context: Any) -> bool:  # noqa: ANN401 - numba carries no types
    """Tell whether the processor that a function is compiled for has registers of that size."""
    *_, features = context.codegen().magic_tuple()
    return _FEATURE in features.split(",")


def _has_lookup(_typing: Any) -> Any:  # noqa: ANN401
    """Tell whether samplers do anything on this processor."""

    def generate(context: Any, _builder: Any, _signature: Any, _arguments: Any) -> Any:  # noqa: ANN401
        return ir.Constant(ir.IntType(1), int(is_able(context)))

    return types.boolean(), generate


def _picked(builder: Any, first: Any, second: Any, lanes: list[int]) -> Any:  # noqa: ANN401
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_WHOLE, len(lanes)), lanes))


def _cells(builder: Any, corner: Any, across: Any, cols: int) -> list[Any]:  # noqa: ANN401
    """Read a block of cells, row after row, into two registers."""
    kind, parts = ir.VectorType(_REAL, cols), []
    for number in range(2 * PIXELS // cols):
        place = builder.gep(corner, [builder.mul(across, _LONG(number))])
        row = builder.load(builder.bitcast(place, kind.as_pointer()))
        row.align = _REAL_BYTES
        parts.append(row)
    while len(parts) > 2:
        both = list(range(2 * parts[0].type.count))
        parts = [_picked(builder, parts[k], parts[k + 1], both) for k in range(0, len(parts), 2)]
    return parts


def _within(builder: Any, number: Any, step: Any, start: Any, first: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Cell of every pixel's sample along one axis, counted from the first, and part of a cell."""
    fused = declared(builder.module, f"llvm.fma.v{PIXELS}f32", _REALS, [_REALS] * 3)
    floor = declared(builder.module, f"llvm.floor.v{PIXELS}f32", _REALS, [_REALS])
    place = builder.call(fused, [number, step, start])
    cell = builder.call(floor, [place])
    return builder.fptosi(builder.fsub(cell, first), _WHOLES), builder.fsub(place, cell)


def _looked_up(builder: Any, cells: list[Any], index: Any, more: int) -> Any:  # noqa: ANN401
    kinds = [_REALS, _WHOLES, _REALS]
    lookup = declared(builder.module, "llvm.x86.avx512.vpermi2var.ps.512", _REALS, kinds)
    shifted = builder.add(index, ir.Constant(_WHOLES, [more] * PIXELS)) if more else index
    return builder.call(lookup, [cells[0], shifted, cells[1]])


def _turned(builder: Any, rows: list[Any]) -> list[Any]:  # noqa: ANN401
    """Rows and columns of a square exchanged, a bit of their numbers at a time."""
    lanes, rows = range(PIXELS), list(rows)
    for wide in (1, 2, 4, 8):
        low = [PIXELS + lane - wide if lane & wide else lane for lane in lanes]
        high = [PIXELS + lane if lane & wide else lane + wide for lane in lanes]
        for i in lanes:
            if not i & wide:
                pair = rows[i], rows[i + wide]
                rows[i], rows[i + wide] = _picked(builder, *pair, low), _picked(builder, *pair, high)
    return rows


def _real(builder: Any, array: Any, index: Any) -> Any:  # noqa: ANN401
    """One number of an array in every lane."""
    return every(builder, builder.load(builder.gep(array, [index])), PIXELS)


def _sample(
    context: Any,  # noqa: ANN401 - numba carries no types
    builder: Any,  # noqa: ANN401
    signature: Any,  # noqa: ANN401
    arguments: Any,  # noqa: ANN401
    cols: int,
) -> Any:  # noqa: ANN401
    """Sample in blocks of so many columns."""
    if not is_able(context):
        return context.get_dummy_value()
    source, target, number, corner, top, left, *aims = (
        context.make_array(kind)(context, builder, array).data
        for kind, array in zip(signature.args[:8], arguments[:8], strict=True)
    )
    begin, apart, across, *start = arguments[8:]
    steps = [builder.load(builder.bitcast(array, _REALS.as_pointer())) for array in aims]
    for step in steps:
        step.align = _REAL_BYTES
    starts, samples = [every(builder, value, PIXELS) for value in start], []
    for i in range(PIXELS):
        place = builder.add(begin, _LONG(i))
        along = _real(builder, number, place)
        cell_row, down = _within(builder, along, steps[0], starts[0], _real(builder, top, place))
        cell_col, right = _within(builder, along, steps[1], starts[1], _real(builder, left, place))
        offset = builder.sext(builder.load(builder.gep(corner, [place])), _LONG)
        cells = _cells(builder, builder.gep(source, [offset]), across, cols)
        index = builder.add(builder.mul(cell_row, ir.Constant(_WHOLES, [cols] * PIXELS)), cell_col)
        pairs = [[_looked_up(builder, cells, index, more + side) for side in (0, 1)] for more in (0, cols)]
        upper, lower = (between(builder, low, high, right) for low, high in pairs)
        samples.append(between(builder, upper, lower, down))
    for pixel, values in enumerate(_turned(builder, samples)):
        place = builder.gep(target, [builder.add(begin, builder.mul(apart, _LONG(pixel)))])
        builder.store(values, builder.bitcast(place, _REALS.as_pointer()), align=_REAL_BYTES)
    return context.get_dummy_value()


def _sampler(cols: int) -> Any:  # noqa: ANN401
    """Make the sampler with blocks of so many columns."""

    def sample_pixels(  # noqa: PLR0917 - kernels take no keyword-only options
        _typing: Any,  # noqa: ANN401
        ground: Any,  # noqa: ANN401
        heights: Any,  # noqa: ANN401
        step: Any,  # noqa: ANN401
        corners: Any,  # noqa: ANN401
        rows: Any,  # noqa: ANN401
        cols_: Any,  # noqa: ANN401
        row_steps: Any,  # noqa: ANN401
        col_steps: Any,  # noqa: ANN401
        first: Any,  # noqa: ANN401
        stride: Any,  # noqa: ANN401
        width: Any,  # noqa: ANN401
        row: Any,  # noqa: ANN401
        col: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Write heights ``first`` to ``first + 15`` of sixteen pixels, which lie ``stride`` apart.

        ``corners``, ``rows`` and ``cols_`` say where the first of the rows and columns of cells lies that
        the samples of one number fall into: in the terrain, and from the site's cell.
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
            return _sample(context, builder, signature, arguments, cols)

        arrays = ground, heights, step, corners, rows, cols_, row_steps, col_steps
        return types.void(*arrays, first, stride, width, row, col), generate

    return intrinsic(sample_pixels)


# numba calls these with the typing context put in front, which no type checker can follow
has_lookup: Any = intrinsic(_has_lookup)
sample_tall: Any = _sampler(FEW)
sample_wide: Any = _sampler(MANY)
