"""Single-precision arithmetic that LLVM vectorises: log2, exp2 and square root without a mathematics library.

numba has no vector library at hand, so a call to ``log`` or ``exp`` keeps a loop scalar. Errors stay under
4e-7 absolute (log2 near 1) and 2e-7 relative (exp2), some 2e-6 dB where a loss is made of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

_MANTISSA = np.int32(23)
_TWO_THIRDS_BITS = np.int32(0x3F2AAAAB)
_BIAS = np.int32(127)
_ONE, _HALF = np.float32(1.0), np.float32(0.5)
_LARGEST = np.float32(126.0)


def _bits(_typing: Any, value: Any) -> Any:  # noqa: ANN401 - numba carries no types
    """Bits of a float32 as an int32."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(value), generate


def _from_bits(_typing: Any, value: Any) -> Any:  # noqa: ANN401
    """Read the bits of an int32 as a float32."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(value), generate


def _root(_typing: Any, value: Any) -> Any:  # noqa: ANN401
    """Square root of a float32 that is not negative."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        function = builder.module.declare_intrinsic("llvm.sqrt", [ir.FloatType()])
        return builder.call(function, [arguments[0]])

    return types.float32(value), generate


bits: Any = intrinsic(_bits)
from_bits: Any = intrinsic(_from_bits)
root: Any = intrinsic(_root)

# least-squares polynomials on Chebyshev points: log2(1 + x) / x over +-1/3, 2^x over +-1/2
_L0, _L1, _L2 = (
    np.float32(1.4426950216293335),
    np.float32(-0.7213465571403503),
    np.float32(0.4808958172798157),
)
_L3, _L4, _L5 = (
    np.float32(-0.36078956723213196),
    np.float32(0.2887182831764221),
    np.float32(-0.2367866337299347),
)
_L6, _L7, _L8 = (
    np.float32(0.20169900357723236),
    np.float32(-0.2222205549478531),
    np.float32(0.20323719084262848),
)
_E1, _E2, _E3 = (
    np.float32(0.6931471824645996),
    np.float32(0.2402210682630539),
    np.float32(0.05550327152013779),
)
_E4, _E5 = np.float32(0.009676037356257439), np.float32(0.0013400432653725147)


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def log2(value: np.float32) -> np.float32:
    """Binary logarithm of a positive, normal float32."""
    whole = bits(value)
    exponent = np.int32((whole - _TWO_THIRDS_BITS) >> _MANTISSA)
    x = from_bits(np.int32(whole - np.int32(exponent << _MANTISSA))) - _ONE
    p = _L5 + x * (_L6 + x * (_L7 + x * _L8))
    p = _L0 + x * (_L1 + x * (_L2 + x * (_L3 + x * (_L4 + x * p))))
    return np.float32(exponent) + x * p


@njit(cache=True, error_model="numpy", nogil=True, inline="always")
def exp2(value: np.float32) -> np.float32:
    """Two to the power of a float32, held within +-126."""
    held = value if value > -_LARGEST else -_LARGEST
    held = held if held < _LARGEST else _LARGEST
    whole = np.floor(held + _HALF)
    x = held - whole
    p = _ONE + x * (_E1 + x * (_E2 + x * (_E3 + x * (_E4 + x * _E5))))
    return p * from_bits(np.int32((np.int32(whole) + _BIAS) << _MANTISSA))
