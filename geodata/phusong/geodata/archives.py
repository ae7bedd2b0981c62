"""Archives as strangers may send them: refused before anything in them is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from phusong.coverage.errors import LayerFileError

LARGEST_CONTENT_BYTES = 2_000_000_000
LARGEST_RATIO = 250.0
"""Workbooks of repeated rows shrink to a hundredth; a bomb shrinks to a thousandth."""
SMALL_BYTES = 10_000_000
"""Content this small does no harm, however well it packs."""
MOST_MEMBERS = 2_000
ARCHIVE_ENDINGS = (".zip", ".xlsx", ".xlsm")


def check_archive(path: Path) -> None:
    """Refuse an archive that would unpack to far more than it is, or outside its folder.

    Workbooks are archives too. The sizes are those the archive tells of its members: no reader unpacks more
    of a member than it tells.

    Raises
    ------
    LayerFileError
        ``archive_bomb``, ``archive_path`` or ``file_broken``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise LayerFileError("file_broken", file=path.name, detail=str(error)[:120]) from error
    content_bytes = sum(member.file_size for member in members)
    ratio = content_bytes / max(path.stat().st_size, 1)
    is_bomb = content_bytes > SMALL_BYTES and ratio > LARGEST_RATIO
    if is_bomb or content_bytes > LARGEST_CONTENT_BYTES or len(members) > MOST_MEMBERS:
        raise LayerFileError(
            "archive_bomb",
            file=path.name,
            size_mb=round(content_bytes / 1e6),
            members=len(members),
            allowed_mb=round(LARGEST_CONTENT_BYTES / 1e6),
        )
    outside = next((member.filename for member in members if _leads_outside(member.filename)), None)
    if outside is not None:
        raise LayerFileError("archive_path", file=path.name, member=outside[:80])


def _leads_outside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or any(part.endswith(":") for part in path.parts[:1])
