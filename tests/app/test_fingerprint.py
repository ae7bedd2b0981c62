"""What cached numbers depend on."""

from __future__ import annotations

import grimp
import pytest

from phusong.app.compute import fingerprint as module
from phusong.app.compute.fingerprint import engine_version


@pytest.mark.parametrize(
    "roots", [("propagation.area", "losses"), ("stacks", "signal"), ("zonal", "villages")]
)
def test_a_part_counts_everything_it_imports(roots: tuple[str, ...]) -> None:
    graph = grimp.build_graph("phusong.coverage")
    wanted = {f"phusong.coverage.{root}" for root in roots}
    needed = wanted.union(*(graph.find_upstream_modules(root) for root in wanted))
    counted = module._with_imports(roots, module._sources())
    plain = {name.removeprefix("phusong.coverage.") for name in needed}
    packages = {"phusong.coverage", "propagation", "radio"}
    assert plain - packages <= counted
    assert engine_version(*roots) != engine_version()
