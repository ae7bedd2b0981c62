"""The examples in the engine's docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import phusong.coverage

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(phusong.coverage.__path__, "phusong.coverage.")
    if not module.ispkg
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
