"""Arrays lent to a loop, so that it counts no references.

numba counts a reference wherever an array is taken out of a tuple or handed to a function, and every count is
an atomic operation: hundreds a radial, a tenth of a sweep. An array that is lent has no owner to count for.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic


def _without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:  # noqa: ANN401
    """Return an array, or a tuple of what holds arrays, whose arrays have no owner."""
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        for name in ("meminfo", "parent"):
            setattr(array, name, getattr(array, name).type(None))
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        parts: Any = kind
        for place, part in enumerate(parts):
            inner = _without_owner(context, builder, part, builder.extract_value(value, place))
            value = builder.insert_value(value, inner, place)
    return value


def _lend(_typing: Any, held: Any) -> Any:  # noqa: ANN401 - numba carries no types
    """Return arrays that nobody counts; they are valid while what they were lent from is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return _without_owner(context, builder, signature.args[0], arguments[0])

    return held(held), generate


def _keep(_typing: Any, held: Any) -> Any:  # noqa: ANN401
    """Hold arrays up to here: numba lets go of a variable after its last use."""

    def generate(context: Any, _builder: Any, _signature: Any, _arguments: Any) -> Any:  # noqa: ANN401
        return context.get_dummy_value()

    return types.void(held), generate


lend: Any = intrinsic(_lend)
keep: Any = intrinsic(_keep)
