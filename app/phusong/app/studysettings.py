"""Settings of a study that figures depend on: the method and the targets, checked and replaced whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phusong.app.compute.shares import ANY_TECHNOLOGY
from phusong.coverage.errors import InputError
from phusong.coverage.method import TECHNOLOGIES, Method, method_from_dict
from phusong.geodata.checked_json import Members
from phusong.geodata.store.folder import FolderStore

TARGET_TECHNOLOGIES = (*TECHNOLOGIES, ANY_TECHNOLOGY)
_SETTABLE = frozenset(Method().as_dict()) - {"id", "version"}
_YEARS = (2000.0, 2100.0)
_PERCENT = (0.01, 100.0)
_LONGEST_SOURCE = 400


def replace_method(store: FolderStore, changes: Mapping[str, Any]) -> Method:
    """Replace the method of a study; members that are left out keep their values.

    Raises
    ------
    InputError
        ``method_unknown``, ``method_range``, ``method_model``, ``method_choice``, ``method_unreadable``,
        ``grid_fixed``.
    StudyError
        ``study_locked``.
    """
    _check_kinds(changes)
    with store.lock():
        present = store.method().as_dict()
        try:
            method = method_from_dict({**present, **_merged(present, changes)})
            method.as_dict()
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise InputError("method_unreadable", detail=str(error)[:120]) from error
        store.set_method(method)
        store.journal("method", changes={name: str(value)[:200] for name, value in changes.items()})
    return method


def _check_kinds(changes: Mapping[str, Any]) -> None:
    """Refuse what the method takes for granted: its name, and truth values in the place of numbers."""
    for name in ("id", "version"):
        if name in changes:
            raise InputError("method_unknown", name=name, allowed=", ".join(sorted(_SETTABLE)))
    for name, value in _leaves(changes):
        if isinstance(value, bool):
            raise InputError("method_choice", name=name, value=str(value), allowed="0 .. 9")
    rule = changes.get("village_rule")
    wanted = rule.get("technologies") if isinstance(rule, Mapping) else None
    if wanted is not None and not (isinstance(wanted, list) and wanted and set(wanted) <= set(TECHNOLOGIES)):
        allowed = ", ".join(TECHNOLOGIES)
        raise InputError(
            "method_choice", name="village_rule.technologies", value=str(wanted)[:80], allowed=allowed
        )


def _leaves(record: Mapping[str, Any], prefix: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for name, value in record.items():
        inner = isinstance(value, Mapping) and not prefix
        found += _leaves(value, f"{name}.") if inner else [(f"{prefix}{name}", value)]
    return found


def _merged(present: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Fill what a nested record leaves out; ``models`` is taken whole, so that one can be taken away."""
    nested = {
        name: {**present[name], **value}
        for name, value in changes.items()
        if isinstance(value, Mapping) and isinstance(present.get(name), Mapping) and name != "models"
    }
    return {**changes, **nested}


def replace_targets(store: FolderStore, targets: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the targets of a study: the share that its plan asks for, by technology.

    Parameters
    ----------
    store : FolderStore
    targets : mapping
        ``percent``, ``year`` and ``source`` by technology; a technology that is left out has no target.

    Raises
    ------
    InputError
        ``technology_unknown``, ``json_member``.
    StudyError
        ``study_locked``.
    """
    checked = {name: _checked_target(name, target) for name, target in targets.items()}
    with store.lock():
        store.update_settings(targets=checked)
        store.journal("targets", targets=checked)
    return checked


def _checked_target(technology: str, target: object) -> dict[str, Any]:
    if technology not in TARGET_TECHNOLOGIES:
        allowed = ", ".join(TARGET_TECHNOLOGIES)
        raise InputError("technology_unknown", value=technology[:80], allowed=allowed)
    members = Members(technology, target, frozenset({"percent", "year", "source"}))
    return {
        "percent": members.needed_number("percent", _PERCENT),
        "year": int(members.needed_number("year", _YEARS)),
        "source": members.text("source", most=_LONGEST_SOURCE) or "",
    }
