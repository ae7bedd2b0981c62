"""Names of signal layers, as they stand in file names and addresses."""

from __future__ import annotations

import re

from phusong.geodata.names import search_key


def operator_slug(operator: str) -> str:
    """Return an operator's name in plain letters.

    Examples
    --------
    >>> operator_slug("MobiFone"), operator_slug("Không rõ"), operator_slug("all")
    ('mobifone', 'khong-ro', 'all')
    """
    return re.sub(r"[^a-z0-9]+", "-", search_key(operator)).strip("-") or "x"


def signal_layer(technology: str, operator: str) -> str:
    """Return the name shared by the rasters of one technology and operator (or ``all``)."""
    return f"{technology}-{operator_slug(operator)}"
