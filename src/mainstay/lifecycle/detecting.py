"""The verb that finds odd rows, and writes what it learned as a model that judges new ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mainstay.compute.clock import Clock, parse_seconds
from mainstay.compute.interrupt import hold_interrupts
from mainstay.contracts.errors import UsageError
from mainstay.contracts.events import silent
from mainstay.lifecycle.clustering import late
from mainstay.lifecycle.detected import DetectResult
from mainstay.lifecycle.outputs import check_outputs, write_frame, write_output
from mainstay.lifecycle.training import several

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.alarms.finish import Finished
    from mainstay.alarms.known import Known
    from mainstay.alarms.settings import Settings
    from mainstay.compute.around import Around
    from mainstay.contracts.events import Listener
    from mainstay.contracts.schema import Schema
    from mainstay.data.read import Reading
    from mainstay.data.table import Table

__all__ = ["detect"]

_ROWS = (".csv", ".parquet")


def detect(
    data: Any,
    *,
    reference: Any = None,
    alarm: str | Mapping[str, float] = "fdr=0.1",
    labels: Any = None,
    method: str = "ensemble",
    columns: Sequence[str] | None = None,
    time: str | None = None,
    ask: int = 0,
    seed: int = 0,
    time_budget: str | float | Clock | None = "60s",
    out: str | Path | Sequence[str | Path] = (),
    schema: Schema | str | Path | None = None,
    listener: Listener = silent,
    **reading: Unpack[Reading],
) -> DetectResult:
    """Find rows that are odd, with a reason for each alarm and a word on what holds for the alarms.

    Parameters
    ----------
    data : path, SQL URL, data frame or 2-D array
    reference : {"contaminated", "clean"} or data, optional
        Whether anomalies may be among the rows that are learned from, or are known not to be; or the clean rows
        themselves, as data: then ``data`` is judged against them, all rows together. Where None "contaminated" is
        assumed, and that is said.
    alarm : str or mapping, default "fdr=0.1"
        Which rows are flagged: "fdr=0.1" (of the alarms at most so many are false), "top=20" (rows that can be looked
        at), "rate=0.01" (of the usual rows), "cost=50" (of a missed anomaly, in false alarms).
    labels : str, path or sequence, optional
        What is known of the rows: the name of a column, a file that ``ask`` wrote and a person filled in, or a label
        for each row; 1 for an anomaly, 0 for a usual row, nothing where it is not known. Kept out of what is learned
        from; where all rows have one the scores are judged by them, where some have one they also teach the detector.
    method : str, default "ensemble"
        A detector such as "isolation_forest" or "knn"; "ensemble" blends several.
    columns : sequence of str, optional
        The columns to watch; where None all but identifiers, constants and empty ones.
    time : str, optional
        The column of time, where the rows are a series: windows are judged, not rows by themselves.
    ask : int, default 0
        So many rows are proposed whose labels would help most; a ``.csv`` or ``.parquet`` of ``out`` then gets these
        rows, with an empty column ``label``.
    seed : int, default 0
    time_budget : str, float or Clock, default "60s"
        From start to written bundle.
    out : path or sequence of paths
        ``.mainstay`` writes the bundle, ``.html`` the report, ``.csv`` and ``.parquet`` the rows with their answers.
    schema : Schema or path, optional
        Your own contract; inferred when not given. A target in it is ignored.
    listener : callable
        Is told what happens.
    **reading
        How to read the data: header, query, sheet, delimiter, encoding, as in :func:`mainstay.data.read.read`.

    Returns
    -------
    DetectResult
        ``.scores``, ``.p_values``, ``.flagged``, ``.reasons``, ``.frame``, ``.model``, ``.report``, ``.to_dict()``,
        ``.save(path)``.

    Raises
    ------
    MainstayError
        A sentence for everything that can go wrong.

    Examples
    --------
    >>> import mainstay
    >>> bills = [{"amount": 20 + i % 17, "country": "NL" if i % 3 else "DE"} for i in range(300)]
    >>> found = mainstay.detect([*bills, {"amount": 4980, "country": "NG"}], alarm="top=1")
    >>> found.flagged.nonzero()[0].tolist(), "amount" in found.reasons[300]
    ([300], True)
    """
    from mainstay.alarms.run import check_method
    from mainstay.alarms.settings import Settings, read_reference
    from mainstay.compute.around import Around
    from mainstay.evaluate.anomalies.alarm import read_alarm

    check_method(method)
    clock = time_budget if isinstance(time_budget, Clock) else Clock(parse_seconds(time_budget))
    places = check_outputs(out, (".mainstay", ".html", *_ROWS))
    case = read_reference(reference)
    apart = case is None and reference is not None
    settings = Settings(
        reference=case or ("clean" if apart else "contaminated"), assumed=reference is None,
        reference_source=_name_of(reference) if apart else "", alarm=str(read_alarm(alarm)), method=method,
        columns=None if columns is None else several(columns), labels=_name_of(labels), time=time or "", ask=ask,
        seed=seed, time_budget=clock.seconds,
    )  # fmt: skip
    with hold_interrupts() as held:
        around = Around(clock, listener, held)
        return _found(
            data, settings, around, clean=reference if apart else None, labels=labels, schema=schema, places=places,
            reading=reading,
        )  # fmt: skip


def _name_of(given: Any) -> str:
    """Return what to call what was given: a column, a file, or the kind of object."""
    if given is None:
        return ""
    return str(given) if isinstance(given, (str, Path)) else type(given).__name__


def _found(
    data: Any,
    settings: Settings,
    around: Around,
    *,
    clean: Any,
    labels: Any,
    schema: Schema | str | Path | None,
    places: tuple[Path, ...],
    reading: Reading,
) -> DetectResult:
    from mainstay.alarms.finish import finish
    from mainstay.alarms.run import learn_usual
    from mainstay.data.read import read
    from mainstay.lifecycle.profiling import given_schema

    around.begin("read")
    table = read(data, **reading)
    reference = None if clean is None else _read_like(clean, reading)
    known = None if labels is None else _known(labels, table, reading)
    own = None if schema is None else given_schema(schema, table)
    around.begin("schema")
    if settings.time:
        from mainstay.alarms.series_finish import find_in_series

        found = find_in_series(table, settings, around, schema=own, known=known, clean=reference)
        return _written(found, table, around, places)
    learned = learn_usual(table, settings, around, schema=own, known=known, clean=reference)
    finished = finish(learned, settings, around)
    return _written(finished, table, around, places)


def _read_like(data: Any, reading: Reading) -> Table:
    """Read another table; what is about one file only, a query or a sheet, is not asked of it."""
    from mainstay.data.read import read

    kept = {name: value for name, value in reading.items() if name in ("header", "delimiter", "encoding")}
    return read(data, **kept)  # type: ignore[arg-type]


def _known(labels: Any, table: Table, reading: Reading) -> Known:
    """Return what is known of the rows, from a column, a file, or a label for each row."""
    import polars as pl

    from mainstay.alarms.feedback_file import read_feedback
    from mainstay.alarms.known import known_anomalies, known_column

    if isinstance(labels, str) and labels in table.columns:
        return known_column(table, labels)
    if isinstance(labels, (str, Path)):
        if not Path(labels).is_file():
            return known_column(table, str(labels))
        return read_feedback(_read_like(labels, {**reading, "header": "auto"}), table)
    series = pl.Series("labels", list(labels), strict=False)
    if len(series) != table.rows:
        raise UsageError(f"{table.rows:,} rows need a label each, and {len(series):,} came", where="labels")
    return known_anomalies(series, "labels")


def _written(finished: Finished, table: Table, around: Around, places: tuple[Path, ...]) -> DetectResult:
    from mainstay.lifecycle.model import Model

    model = Model(finished.bundle)
    figures = finished.figures
    result = DetectResult(figures, model, finished.answers, table.frame, finished.asked, around.interrupted)
    around.begin("write")
    for place in places:
        if place.suffix.lower() not in _ROWS:
            write_output(place, model, None)
        else:
            write_frame(result.frame if finished.asked is None else finished.asked, place)
    around.end()
    bundles = [str(place) for place in places if place.suffix.lower() == ".mainstay"]
    questions = [str(place) for place in places if place.suffix.lower() in _ROWS and finished.asked is not None]
    figures |= {
        "bundle": bundles[0] if bundles else None,
        "outputs": [str(place) for place in places],
        "feedback": questions[0] if questions else None,
        "digest": model.digest,
        "seconds": round(around.clock.elapsed(), 2),
        "stages": around.stages(),
        "findings": [*late(around), *figures["findings"]],
    }
    return result
