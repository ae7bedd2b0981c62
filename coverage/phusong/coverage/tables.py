"""Contracts of the tables: which columns a layer has, and what may stand in them.

The consumer defines what it needs: whoever brings tables in checks them with `check_table` before they
reach the engine. Tables are in longitude and latitude (EPSG:4326).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from phusong.coverage.contracts import MAX_TEXT, TABLES, ColumnRule, TableRule, table_rule
from phusong.coverage.errors import Finding
from phusong.coverage.method import TECHNOLOGIES
from phusong.coverage.radio.bands import TDD_FROM_MHZ, allowed_bandwidths_mhz

if TYPE_CHECKING:
    import pandera.pandas as pa

SOURCE_ROW = "source_row"
"""Optional column: the row as the person sees it in the file. It is no part of a stored table."""

__all__ = ["SOURCE_ROW", "TABLES", "check_table", "readable", "shown", "table_schema"]


def table_schema(layer: str) -> pa.DataFrameSchema:
    """Return the contract as a pandera schema (numbers as floats, missing texts as None)."""
    import pandera.pandas as pa  # noqa: PLC0415 - slow to load, and needed where tables come in only

    return pa.DataFrameSchema({rule.name: _schema_column(rule) for rule in table_rule(layer).columns})


def _schema_column(rule: ColumnRule) -> pa.Column:
    import pandera.pandas as pa  # noqa: PLC0415 - slow to load, and needed where tables come in only

    checks = []
    # the error text of a check is what its failures carry: code, then what is allowed
    if rule.low is not None and rule.high is not None:
        allowed = f"{rule.low:g} .. {rule.high:g}"
        checks.append(pa.Check.in_range(rule.low, rule.high, error=f"out_of_range|{allowed}"))
    if rule.allowed:
        checks.append(pa.Check.isin(rule.allowed, error=f"not_allowed|{', '.join(map(str, rule.allowed))}"))
    if rule.kind == "text":
        checks.append(pa.Check.str_length(max_value=MAX_TEXT, error=f"text_too_long|{MAX_TEXT}"))
    return pa.Column(
        None,
        checks,
        nullable=not rule.is_required,
        required=rule.is_required,
        unique=rule.is_unique,
        report_duplicates="exclude_first",
    )


def check_table(
    layer: str,
    frame: pd.DataFrame,
    *,
    site_ids: Collection[str] | None = None,
    commune_codes: Collection[str] | None = None,
) -> list[Finding]:
    """Hold a table against the contract of its layer.

    Parameters
    ----------
    layer : str
        A key of `TABLES`.
    frame : DataFrame
        The table, EPSG:4326, geometry in the column ``geometry``; a column ``source_row`` gives the rows'
        numbers in the file, else they count from 1.
    site_ids : collection of str, optional
        Ids that the column ``site_id`` of cells may name.
    commune_codes : collection of str, optional
        Codes that a column ``commune_code`` of other layers may name.

    Returns
    -------
    list of Finding
        Errors by row; empty when the table fulfils the contract.

    Raises
    ------
    InputError
        ``layer_unknown``.
    """
    rule = table_rule(layer)
    table = frame.reset_index(drop=True)
    rows = _row_numbers(table)
    findings = _unreadable(rule, table, rows)
    told = {(finding.row, finding.column) for finding in findings}
    findings += [
        finding
        for finding in _schema_findings(rule, readable(rule, table), rows)
        if (finding.row, finding.column) not in told  # what cannot be read is not missing as well
    ]
    findings += _geometry_findings(rule, table, rows)
    if layer == "cells":
        findings += _bandwidth_findings(table, rows)
        findings += _unknown_key(table, rows, "site_id", site_ids, code="unknown_site")
    if layer not in ("communes", "cells"):
        findings += _unknown_key(table, rows, "commune_code", commune_codes, code="unknown_commune")
    return sorted(findings, key=lambda finding: (finding.row or 0, finding.column or ""))


def readable(rule: TableRule, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the contract's columns that are there, as floats, True/False/None and text or None.

    What cannot be read as such is missing in the result.
    """
    columns: dict[Hashable, Any] = {}
    for column in rule.columns:
        if column.name not in frame:
            continue
        values = frame[column.name]
        if column.kind in ("number", "count"):
            columns[column.name] = _as_numbers(values)
        elif column.kind == "flag":
            columns[column.name] = values.map(lambda value: bool(value) if _is_flag(value) else None).astype(
                object
            )
        else:
            columns[column.name] = _as_texts(values)
    return pd.DataFrame(columns, index=frame.index)


def _as_numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    is_flag = values.map(lambda value: isinstance(value, bool | np.bool_))
    numbers = pd.to_numeric(values.astype(object).mask(is_flag), errors="coerce").astype(np.float64)
    return numbers.where(np.isfinite(numbers))


def _as_texts(values: pd.Series[Any]) -> pd.Series[Any]:
    texts = [None if pd.isna(value) else str(value).strip() or None for value in values]
    return pd.Series(texts, index=values.index, dtype=object)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool | np.bool_) or (
        isinstance(value, int | float | np.number) and value in (0, 1)
    )


def _row_numbers(table: pd.DataFrame) -> pd.Series[Any]:
    if SOURCE_ROW in table:
        return table[SOURCE_ROW].astype(int)
    return pd.Series(np.arange(1, len(table) + 1), index=table.index)


def shown(value: object) -> str:
    """Return a value as a person reads it, cut to a sensible length."""
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _unreadable(rule: TableRule, table: pd.DataFrame, rows: pd.Series[Any]) -> list[Finding]:
    findings = []
    clean = readable(rule, table)
    for column in rule.columns:
        if column.kind == "text" or column.name not in table:
            continue
        values = table[column.name]
        bad = values.notna() & clean[column.name].isna()
        code = "not_yes_no" if column.kind == "flag" else "not_a_number"
        findings += [
            Finding(code=code, row=int(rows[at]), column=column.name, value=shown(values[at]))
            for at in table.index[bad]
        ]
    return findings


_PANDERA_CODES = {"not_nullable": "missing_value", "field_uniqueness": "not_unique"}


def _schema_findings(rule: TableRule, clean: pd.DataFrame, rows: pd.Series[Any]) -> list[Finding]:
    import pandera.pandas as pa  # noqa: PLC0415 - slow to load, and needed where tables come in only

    try:
        table_schema(rule.layer).validate(clean, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return []
    findings = []
    for case in cases.to_dict("records"):
        if case["check"] == "column_in_dataframe":
            findings.append(Finding(code="missing_column", column=str(case["failure_case"])))
            continue
        code, _, allowed = str(case["check"]).partition("|")
        value = case["failure_case"]
        is_missing = bool(pd.isna(value))
        if is_missing and code == "field_uniqueness":
            continue
        findings.append(
            Finding(
                code=_PANDERA_CODES.get(code, code),
                row=int(rows[int(case["index"])]),
                column=str(case["column"]),
                value=None if is_missing else shown(value),
                allowed=allowed or None,
            )
        )
    return findings


def _geometry_findings(rule: TableRule, table: pd.DataFrame, rows: pd.Series[Any]) -> list[Finding]:
    if "geometry" not in table:
        return [Finding(code="missing_column", column="geometry")]
    shapes = np.asarray(table["geometry"], dtype=object)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    types = np.array([None if shape is None else shape.geom_type for shape in shapes], dtype=object)
    wrong = ~empty & ~np.isin(types.astype(str), rule.geometries)
    bounds = shapely.bounds(shapes)
    inside = np.isfinite(bounds).all(axis=1) & (np.abs(bounds[:, [0, 2]]) <= 180).all(axis=1)
    outside = ~empty & ~(inside & (np.abs(bounds[:, [1, 3]]) <= 90).all(axis=1))
    allowed = ", ".join(rule.geometries)
    return [
        *(
            Finding(code="missing_geometry", row=int(rows[at]), allowed=allowed)
            for at in np.flatnonzero(empty)
        ),
        *(
            Finding(code="wrong_geometry", row=int(rows[at]), value=types[at], allowed=allowed)
            for at in np.flatnonzero(wrong)
        ),
        *(
            Finding(
                code="coordinates_out_of_range",
                row=int(rows[at]),
                allowed="-180 .. 180, -90 .. 90",
                value=f"{bounds[at, 0]:.10g}, {bounds[at, 1]:.10g}",
            )
            for at in np.flatnonzero(outside)
        ),
    ]


def _bandwidth_findings(table: pd.DataFrame, rows: pd.Series[Any]) -> list[Finding]:
    """Carrier widths that the standard of the technology does not know."""
    if not {"technology", "frequency_mhz", "bandwidth_mhz"} <= set(table.columns):
        return []
    widths_mhz, frequencies_mhz = (_as_numbers(table[name]) for name in ("bandwidth_mhz", "frequency_mhz"))
    findings = []
    for technology in TECHNOLOGIES:
        for is_tdd in (False, True):
            own = (table["technology"] == technology) & ((frequencies_mhz >= TDD_FROM_MHZ) == is_tdd)
            known = allowed_bandwidths_mhz(technology, frequency_mhz=TDD_FROM_MHZ if is_tdd else 800.0)
            bad = own & widths_mhz.between(1.4, 400.0) & ~widths_mhz.isin(known)
            allowed = ", ".join(f"{width:g}" for width in known)
            findings += [
                Finding(
                    code="not_allowed",
                    row=int(rows[at]),
                    column="bandwidth_mhz",
                    value=shown(widths_mhz[at]),
                    allowed=allowed,
                )
                for at in table.index[bad]
            ]
    return findings


def _unknown_key(
    table: pd.DataFrame, rows: pd.Series[Any], column: str, known: Collection[str] | None, *, code: str
) -> list[Finding]:
    if known is None or column not in table:
        return []
    keys = _as_texts(table[column])
    bad = keys.notna() & ~keys.isin(list(known))
    return [
        Finding(code=code, row=int(rows[at]), column=column, value=shown(keys[at])) for at in table.index[bad]
    ]
