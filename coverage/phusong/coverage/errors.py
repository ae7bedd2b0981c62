"""Every error the product raises on purpose.

::

    PhuSongError                 root; carries a code and its parameters, rendered through catalogues
    ├── InputError               what a person gave is wrong (exit status 1, HTTP 4xx)
    │   ├── TableError           rows of a layer break their contract; carries the findings
    │   ├── LayerFileError       a file cannot be read as the layer it was offered as
    │   ├── GridError            a grid or raster makes no sense
    │   ├── ModelRangeError      a parameter is outside the range of the propagation model
    │   ├── PlacementError       an instance, a target or a set of constraints that nothing can meet
    │   └── NotFoundError        the thing asked for does not exist
    └── StudyError               a study folder is locked, broken or of another version
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

Parameter = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found wrong (or filled in) in a row somebody gave.

    Attributes
    ----------
    code : str
        Key of the sentence in the catalogues, e.g. ``"out_of_range"``.
    file, sheet : str or None
        Where the row came from.
    row : int or None
        1-based row as the person sees it in the file (the header is row 1 in tables; feature number in
        geographic files).
    column : str or None
        Column as named in the file.
    value : str or None
        The offending value, as written.
    allowed : str or None
        What is allowed there, e.g. ``"1 .. 300"``.
    severity : str
        ``"error"`` refuses the row and the file; ``"warning"`` and ``"assumed"`` let it pass and say so.
    """

    code: str
    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    allowed: str | None = None
    severity: str = "error"

    def as_dict(self) -> dict[str, Parameter]:
        """Return the finding as a plain dictionary, for JSON."""
        return asdict(self)


class PhuSongError(Exception):
    """Root of all errors raised on purpose.

    Parameters
    ----------
    code : str
        Key of the sentence in the catalogues (``errors.<code>``).
    **parameters
        Values the sentence names.
    """

    def __init__(self, code: str, **parameters: Parameter) -> None:
        self.code = code
        self.parameters = parameters
        told = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        super().__init__(f"{code}({told})")


class InputError(PhuSongError):
    """What a person gave is wrong."""


class TableError(InputError):
    """Rows of a layer break their contract.

    Parameters
    ----------
    layer : str
        Name of the layer.
    findings : sequence of Finding
        All that was found, errors first.
    """

    def __init__(self, layer: str, findings: Sequence[Finding]) -> None:
        self.layer = layer
        self.findings = tuple(findings)
        errors = sum(finding.severity == "error" for finding in self.findings)
        super().__init__("table_refused", layer=layer, errors=errors)


class LayerFileError(InputError):
    """A file cannot be read as the layer it was offered as."""


class GridError(InputError):
    """A grid or raster makes no sense."""


class ModelRangeError(InputError):
    """A parameter is outside the range of the propagation model."""


class PlacementError(InputError):
    """An instance makes no sense, or its target or constraints cannot be met."""


class NotFoundError(InputError):
    """The thing asked for does not exist."""


class StudyError(PhuSongError):
    """A study folder is locked, broken or of another version."""
