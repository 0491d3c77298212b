"""A folder of pictures as a table: one row a picture, with numbers that describe its colours and its texture.

Sub-folders are often known groups ("daisy", "tulip"); their name is a column that nothing is learned from unless it is
asked for.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import DataError
from mainstay.contracts.findings import Finding
from mainstay.data.image_features import FEATURES, picture_features
from mainstay.data.image_file import IMAGE_SUFFIXES, open_picture, pillow

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from numpy.typing import NDArray

__all__ = ["holds_pictures", "read_images"]

_SIDE = 128
_SHOWN = 5


def holds_pictures(folder: Path) -> bool:
    """Say whether a folder, or a folder in it, holds a file that is named like a picture."""
    return next(_pictures(folder), None) is not None


def read_images(folder: Path) -> tuple[pl.DataFrame, str, tuple[Finding, ...]]:
    """Return the pictures of a folder and of those in it as rows.

    Parameters
    ----------
    folder : Path
        With PNG, JPEG, WebP or BMP files; others are passed over.

    Returns
    -------
    frame : polars.DataFrame
        ``file`` (the path inside the folder), ``folder`` (where there are sub-folders) and the numbers of
        :data:`mainstay.data.image_features.FEATURES`, of the picture at 128 pixels a side; by path.
    digest : str
        SHA-256 of the names and bytes of all pictures.
    notes : tuple of Finding
        Which files could not be read, and why.

    Raises
    ------
    DataError
        When no picture can be read.
    MissingPackageError
        When Pillow is not installed.
    """
    pillow()
    files = sorted(_pictures(folder), key=lambda path: path.relative_to(folder).as_posix())
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        found = list(pool.map(_read, files))
    state = hashlib.sha256()
    for path, (digest, _) in zip(files, found, strict=True):
        state.update(f"{path.relative_to(folder).as_posix()!r} {digest}\n".encode("utf-8", "surrogatepass"))
    names = [path.relative_to(folder) for path in files]
    failed = [(name, answer) for name, (_, answer) in zip(names, found, strict=True) if isinstance(answer, str)]
    if len(failed) == len(files):
        reason = failed[0][1] if failed else "there are no pictures"
        raise DataError(f"no picture of {len(files)} can be read: {reason}", where=str(folder), code="data.image")
    good = [(name, answer) for name, (_, answer) in zip(names, found, strict=True) if not isinstance(answer, str)]
    return _frame(good), state.hexdigest(), _notes(failed, len(files))


def _pictures(folder: Path) -> Iterator[Path]:
    """Walk the folder; hidden files and links to folders are passed over."""
    for place, inside, files in os.walk(folder):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield Path(place) / name


def _read(path: Path) -> tuple[str, NDArray[np.float64] | str]:
    """Return the digest of a file, and the picture's numbers, or in words why there are none."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return "", error.strerror or "it cannot be opened"
    try:
        return digest, picture_features(open_picture(path, most=_SIDE))
    except DataError as error:
        return digest, error.message


def _frame(good: list[tuple[Path, NDArray[np.float64]]]) -> pl.DataFrame:
    import polars as pl

    columns: dict[str, object] = {"file": [name.as_posix() for name, _ in good]}
    folders = [name.parent.as_posix() for name, _ in good]
    if any(name != "." for name in folders):
        columns["folder"] = [None if name == "." else name for name in folders]
    table = np.round(np.stack([numbers for _, numbers in good]), 6)
    columns |= {name: table[:, place] for place, name in enumerate(FEATURES)}
    return pl.DataFrame(columns)


def _notes(failed: list[tuple[Path, str]], count: int) -> tuple[Finding, ...]:
    if not failed:
        return ()
    shown = "; ".join(f"{name.as_posix()}: {reason}" for name, reason in failed[:_SHOWN])
    more = f"; and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
    return (
        Finding(
            severity="warning",
            code="images.unreadable",
            message=f"{len(failed):,} of {count:,} pictures could not be read and have no row ({shown}{more})",
            advice="Fetch or write them again, or take them out of the folder.",
        ),
    )
