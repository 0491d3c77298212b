"""Where results go: the ending of a file says what is written into it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.contracts.errors import UsageError
from mainstay.lifecycle.answers import predicted, with_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from mainstay.lifecycle.model import Model

__all__ = ["check_outputs", "write_frame", "write_output"]


def check_outputs(out: str | Path | Sequence[str | Path], endings: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the places to write to, refused before any work where an ending is not known."""
    given = (out,) if isinstance(out, (str, Path)) else tuple(out)
    places = tuple(Path(place) for place in given)
    for place in places:
        if place.suffix.lower() not in endings:
            raise UsageError(
                f"an output must end in {', '.join(endings)}, and {place.name!r} came", where="out",
                hint="The ending says what is written.",
            )  # fmt: skip
        _make_room(place)
    return places


def _make_room(place: Path) -> None:
    """Make the folder of a file and see that it can be written, before hours are spent on what goes into it."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder cannot be made ({error.strerror})", where=str(place.parent)) from error
    if place.is_dir() or not os.access(place.parent, os.W_OK):
        raise UsageError("the file cannot be written there", where=str(place), hint="Choose another place.")


def write_output(place: Path, model: Model, frame: pl.DataFrame | None) -> None:
    """Write the bundle, its report, or the rows with their answers."""
    ending = place.suffix.lower()
    if ending == ".mainstay":
        model.save(place)
    elif ending == ".html":
        model.save_report(place)
    elif frame is not None:
        _, answers = predicted(model.bundle, frame)
        write_frame(with_answers(frame, answers), place)


def write_frame(frame: pl.DataFrame, place: Path) -> None:
    """Write rows as CSV or Parquet.

    Raises
    ------
    UsageError
        When the file cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.suffix.lower() == ".csv":
            frame.write_csv(place)
        else:
            frame.write_parquet(place)
    except OSError as error:
        raise UsageError(f"the rows could not be written ({error})", where=str(place)) from error
