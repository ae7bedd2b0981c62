"""The layout rules that keep coverage.py, numba and the namespace sound."""

from __future__ import annotations

import ast
from pathlib import Path

MAX_LINES = 400
MAX_FUNCTION_LINES = 60


def _sources(root: Path) -> list[Path]:
    return [path for top in ("coverage", "geodata", "app") for path in (root / top / "phusong").rglob("*.py")]


def test_top_folders_are_path_roots_not_packages(project_root: Path) -> None:
    for top in ("coverage", "geodata", "app"):
        assert not (project_root / top / "__init__.py").exists()
        assert not (project_root / top / "phusong" / "__init__.py").exists()


def test_coverage_py_is_not_hidden() -> None:
    import numba

    import coverage

    assert hasattr(coverage, "Coverage")
    assert numba.njit is not None


def test_files_stay_short(project_root: Path) -> None:
    long = {
        str(path.relative_to(project_root)): lines
        for path in _sources(project_root)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_functions_stay_short(project_root: Path) -> None:
    long = [
        f"{path.name}:{node.name}"
        for path in _sources(project_root)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _body_lines(node) > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_no_drawer_for_everything(project_root: Path) -> None:
    drawers = {"utils", "util", "common", "helpers", "misc", "manager"}
    assert [path for path in _sources(project_root) if path.stem in drawers] == []
