"""Palette PNG images (PNG specification, third edition), 8 bits a pixel."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rgba = tuple[int, int, int, int]
Codes = npt.NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE_COLOUR = 3
_FEW_COLOURS = 32
_COMPRESSION_LEVEL = 2


def encode_palette_png(indices: Codes, palette: Sequence[Rgba]) -> bytes:
    """Encode an image of palette indices.

    Parameters
    ----------
    indices : ndarray of uint8, shape (height, width)
        Positions in the palette.
    palette : sequence of (red, green, blue, alpha)
        1 to 256 colours, 0..255 each.

    Returns
    -------
    bytes
        A PNG file.

    Examples
    --------
    >>> encode_palette_png(np.zeros((1, 1), dtype=np.uint8), [(0, 0, 0, 0)])[1:4]
    b'PNG'
    """
    height, width = indices.shape
    colours = np.asarray(palette, dtype=np.uint8)
    rows = np.empty((height, width + 1), dtype=np.uint8)
    rows[:, 0] = 0  # filter type "none" suits indices
    rows[:, 1:] = indices
    header = struct.pack(">IIBBBBB", width, height, 8, _PALETTE_COLOUR, 0, 0, 0)
    opacity = colours[:, 3].tobytes().rstrip(b"\xff")  # colours left out are opaque
    return b"".join(
        [
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", colours[:, :3].tobytes()),
            _chunk(b"tRNS", opacity) if opacity else b"",
            _chunk(b"IDAT", _compressed(rows, has_few_colours=len(palette) <= _FEW_COLOURS)),
            _chunk(b"IEND", b""),
        ]
    )


def _compressed(rows: Codes, *, has_few_colours: bool) -> bytes:
    """Deflate rows; of few colours, runs alone make smaller files than level 3, and sooner."""
    how = (1, zlib.Z_RLE) if has_few_colours else (_COMPRESSION_LEVEL, zlib.Z_DEFAULT_STRATEGY)
    packer = zlib.compressobj(how[0], zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, how[1])
    return packer.compress(rows.data) + packer.flush()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
