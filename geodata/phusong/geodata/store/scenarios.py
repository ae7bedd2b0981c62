"""Scenarios of a study: one file each, every version kept, nothing ever half-written.

``scenarios/KEY.json`` is a scenario as it is now; ``scenarios/versions/KEY/N.json`` are all its versions.
A version is written before it becomes the current one, so a kill at any moment leaves the old or the new.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from phusong.coverage.errors import InputError, NotFoundError, StudyError
from phusong.geodata.scenario import Scenario, checked_name, scenario_from_dict
from phusong.geodata.store.atomic import write_bytes_atomic
from phusong.geodata.store.journal import Clock

KEPT_VERSIONS = 100
"""Older versions of a scenario than so many are let go."""
_SLUG_MAX = 40


@dataclass(frozen=True, slots=True)
class SavedScenario:
    """A scenario as it is kept.

    Attributes
    ----------
    scenario : Scenario
    version : int
        Counts from 1.
    saved_at : str
        ISO 8601, UTC.
    """

    scenario: Scenario
    version: int
    saved_at: str

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {**self.scenario.as_dict(), "version": self.version, "saved_at": self.saved_at}


@dataclass(frozen=True, slots=True)
class ScenarioStore:
    """Scenarios in the folder of a study.

    Attributes
    ----------
    study : Path
        Folder of the study.
    clock : callable
        Gives the time of saving.
    """

    study: Path
    clock: Clock

    @property
    def folder(self) -> Path:
        """Where the scenarios are."""
        return self.study / "scenarios"

    def names(self) -> list[str]:
        """Names of the scenarios, sorted."""
        return sorted(saved.scenario.name for saved in self.all())

    def all(self) -> list[SavedScenario]:
        """Every scenario as it is now, by name.

        Raises
        ------
        StudyError
            ``study_broken`` names the first file that cannot be read.
        """
        files = [path for path in self.folder.glob("*.json") if not path.name.startswith(".")]
        return sorted((_read(path) for path in files), key=lambda saved: saved.scenario.name)

    def has(self, name: str) -> bool:
        """Tell whether there is a scenario of that name."""
        return self._path(checked_name(name)).is_file()

    def load(self, name: str, *, version: int | None = None) -> SavedScenario:
        """Read a scenario, or an earlier version of it.

        Raises
        ------
        NotFoundError
            ``scenario_unknown`` or ``scenario_version_unknown``.
        StudyError
            ``study_broken``.
        """
        known = checked_name(name)
        path = self._path(known) if version is None else self._version_path(known, version)
        if not path.is_file():
            if version is None or not self.versions(known):
                raise NotFoundError("scenario_unknown", name=known)
            raise NotFoundError("scenario_version_unknown", name=known, version=version)
        return _read(path)

    def versions(self, name: str) -> list[int]:
        """Numbers of the versions kept, oldest first; also of a scenario that was deleted."""
        folder = self._versions_of(checked_name(name))
        return sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal())

    def save(self, scenario: Scenario, *, expected_version: int | None = None) -> SavedScenario:
        """Keep a scenario as the newest version of its name.

        Parameters
        ----------
        scenario : Scenario
        expected_version : int, optional
            Version the change was made on; 0 where there should be none yet.

        Raises
        ------
        InputError
            ``scenario_conflict`` where somebody else has saved another version since, and whatever is wrong
            with the scenario.
        """
        # What is kept has passed the same checks as what is read back.
        checked = scenario_from_dict(scenario.as_dict())
        with self._writing():
            path = self._path(checked.name)
            current = _read(path).version if path.is_file() else 0
            if expected_version is not None and expected_version != current:
                raise InputError(
                    "scenario_conflict", name=checked.name, found=current, expected=expected_version
                )
            return self._keep(checked)

    def delete(self, name: str) -> SavedScenario:
        """Delete a scenario; `restore` brings it back.

        Raises
        ------
        NotFoundError
            ``scenario_unknown``.
        """
        with self._writing():
            gone = self.load(name)
            self._path(gone.scenario.name).unlink()
            return gone

    def restore(self, name: str, *, version: int | None = None) -> SavedScenario:
        """Undo: make an earlier version the newest, or bring back what was deleted.

        Parameters
        ----------
        name : str
        version : int, optional
            The one before the current by default; the last where the scenario is deleted.

        Raises
        ------
        NotFoundError
            ``scenario_unknown`` or ``scenario_version_unknown``.
        """
        with self._writing():
            known = checked_name(name)
            kept = self.versions(known)
            if not kept:
                raise NotFoundError("scenario_unknown", name=known)
            wanted = version
            if wanted is None:
                earlier = (
                    kept if not self.has(known) else [one for one in kept if one < self.load(known).version]
                )
                wanted = earlier[-1] if earlier else 0
            return self._keep(self.load(known, version=wanted).scenario)

    def rename(self, name: str, new_name: str) -> SavedScenario:
        """Give a scenario another name; its earlier versions stay under the old one.

        Raises
        ------
        InputError
            ``scenario_exists`` where the new name is taken.
        NotFoundError
            ``scenario_unknown``.
        """
        with self._writing():
            old = self.load(name)
            wanted = checked_name(new_name)
            is_same_file = self._path(wanted) == self._path(old.scenario.name)
            if self.has(wanted) and not is_same_file:
                raise InputError("scenario_exists", name=wanted)
            kept = self._keep(replace(old.scenario, name=wanted))
            if not is_same_file:
                self._path(old.scenario.name).unlink()
            return kept

    def _keep(self, scenario: Scenario) -> SavedScenario:
        kept = self.versions(scenario.name)
        saved = SavedScenario(scenario, 1 + max(kept, default=0), self.clock())
        text = orjson.dumps(saved.as_dict(), option=orjson.OPT_INDENT_2)
        write_bytes_atomic(self._version_path(scenario.name, saved.version), text)
        write_bytes_atomic(self._path(scenario.name), text)
        for old in kept[: -KEPT_VERSIONS + 1]:
            self._version_path(scenario.name, old).unlink(missing_ok=True)
        return saved

    def _path(self, name: str) -> Path:
        return self.folder / f"{file_key(name)}.json"

    def _versions_of(self, name: str) -> Path:
        return self.folder / "versions" / file_key(name)

    def _version_path(self, name: str, version: int) -> Path:
        return self._versions_of(name) / f"{version}.json"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Wait for other writers of scenarios; they take milliseconds."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def file_key(name: str) -> str:
    """Return the name of a file for a scenario: readable, safe everywhere and one for each name.

    Names that differ only in capitals are one, because some file systems cannot tell their files apart.

    Examples
    --------
    >>> file_key("Phương án Đ")
    'phuong-an-d-cd1bcb44'
    >>> file_key("../../etc/passwd").startswith("etc-passwd-")
    True
    """
    folded = unicodedata.normalize("NFC", name).casefold()
    plain = unicodedata.normalize("NFD", folded.replace("đ", "d")).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_MAX].strip("-") or "scenario"
    return f"{slug}-{hashlib.sha256(folded.encode()).hexdigest()[:8]}"


def _read(path: Path) -> SavedScenario:
    try:
        record = orjson.loads(path.read_bytes())
        scenario = scenario_from_dict(record)
        return SavedScenario(scenario, int(record["version"]), str(record["saved_at"]))
    except (orjson.JSONDecodeError, InputError, KeyError, TypeError, ValueError) as error:
        raise StudyError("study_broken", path=str(path)) from error
