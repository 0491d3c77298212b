"""The verb that finds groups of rows, and writes them as a model that assigns new rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from mainstay.compute.clock import Clock, parse_seconds
from mainstay.compute.interrupt import hold_interrupts
from mainstay.contracts.events import silent
from mainstay.contracts.findings import Finding
from mainstay.lifecycle.grouped import ClusterResult
from mainstay.lifecycle.outputs import check_outputs, write_output
from mainstay.lifecycle.training import several

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mainstay.compute.around import Around
    from mainstay.contracts.events import Listener
    from mainstay.contracts.schema import Schema
    from mainstay.data.read import Reading
    from mainstay.segments.settings import Settings

__all__ = ["cluster", "late"]


def cluster(
    data: Any,
    *,
    k: str | int | Sequence[int] = "auto",
    method: str = "kmeans",
    columns: Sequence[str] | None = None,
    labels: str | None = None,
    weights: Mapping[str, float] | Sequence[str] = (),
    scale: str = "auto",
    outliers: float = 0.01,
    seed: int = 0,
    time_budget: str | float | Clock | None = "60s",
    out: str | Path | Sequence[str | Path] = (),
    schema: Schema | str | Path | None = None,
    listener: Listener = silent,
    **reading: Unpack[Reading],
) -> ClusterResult:
    """Find groups of rows that are alike, and say how many there are.

    Parameters
    ----------
    data : path, SQL URL or data frame
    k : str, int or pair of int, default "auto"
        How many groups: found, given, or found in a range such as ``"2..10"``.
    method : str, default "kmeans"
        A learner such as "kmeans", "genie", "gaussian_mixture" or "hdbscan"; "auto" compares several and says why it
        took one.
    columns : sequence of str, optional
        The columns to group by; where None all but identifiers, constants and empty ones.
    labels : str, optional
        A column with known groups: kept out of the grouping, and compared with at the end.
    weights : mapping or sequence of str, default ()
        How much a column counts: ``{"income": 2}`` or ``["income=2"]``; 1 where it is not named.
    scale : {"auto", "none", "standard", "robust"}
        How numbers are brought to one scale.
    outliers : float, default 0.01
        The share of rows like those of training that may be marked as fitting no group.
    seed : int, default 0
    time_budget : str, float or Clock, default "60s"
        From start to written bundle.
    out : path or sequence of paths
        ``.mainstay`` writes the bundle, ``.html`` the report, ``.csv`` and ``.parquet`` the rows with their groups.
    schema : Schema or path, optional
        Your own contract; inferred when not given. A target in it is ignored.
    listener : callable
        Is told what happens.
    **reading
        How to read the data: header, query, sheet, delimiter, encoding, as in :func:`mainstay.data.read.read`.

    Returns
    -------
    ClusterResult
        ``.labels``, ``.clusters``, ``.curve``, ``.verdict``, ``.model``, ``.report``, ``.to_dict()``, ``.save(path)``.

    Raises
    ------
    MainstayError
        A sentence for everything that can go wrong.

    Examples
    --------
    >>> import mainstay
    >>> towns = [{"east": i % 2 * 50 + i % 7, "north": i % 2 * 30 + i % 5} for i in range(200)]
    >>> found = mainstay.cluster(towns)
    >>> found.k, found.verdict
    (2, 'one clear k')
    >>> found.model.predict([{"east": 52, "north": 33}])["fits_none"].to_list()
    [False]
    """
    from mainstay.compute.around import Around
    from mainstay.segments.grouping import check_method
    from mainstay.segments.settings import Settings, read_k, read_weights

    check_method(method)
    clock = time_budget if isinstance(time_budget, Clock) else Clock(parse_seconds(time_budget))
    places = check_outputs(out, (".mainstay", ".html", ".csv", ".parquet"))
    settings = Settings(
        k=read_k(k), method=method, columns=None if columns is None else several(columns), labels=labels or "",
        weights=read_weights(weights), scale=scale, outliers=outliers, seed=seed, time_budget=clock.seconds,
    )  # fmt: skip
    with hold_interrupts() as held:
        around = Around(clock, listener, held)
        return _found(data, settings, around, schema=schema, places=places, reading=reading)


def _found(
    data: Any,
    settings: Settings,
    around: Around,
    *,
    schema: Schema | str | Path | None,
    places: tuple[Path, ...],
    reading: Reading,
) -> ClusterResult:
    from mainstay.data.read import read
    from mainstay.lifecycle.model import Model
    from mainstay.lifecycle.profiling import given_schema
    from mainstay.segments.finish import finish
    from mainstay.segments.run import group_rows

    around.begin("read")
    table = read(data, **reading)
    around.begin("schema")
    grouped = group_rows(table, settings, around, schema=None if schema is None else given_schema(schema, table))
    finished = finish(grouped, table, settings, around)
    model = Model(finished.bundle)
    around.begin("write")
    for place in places:
        write_output(place, model, table.frame)
    around.end()
    overdue = late(around)
    bundles = [str(place) for place in places if place.suffix.lower() == ".mainstay"]
    figures = {
        **finished.figures,
        "bundle": bundles[0] if bundles else None,
        "outputs": [str(place) for place in places],
        "digest": model.digest,
        "seconds": round(around.clock.elapsed(), 2),
        "stages": around.stages(),
        "findings": [*overdue, *finished.figures["findings"]],
    }
    return ClusterResult(figures, model, finished.labels, table.frame, around.interrupted)


def late(around: Around) -> list[dict[str, Any]]:
    """Say by how much a time budget was overstepped, and where the time went."""
    seconds, budget = around.clock.elapsed(), around.clock.seconds
    if seconds <= budget * 1.05:
        return []
    longest = sorted(around.stages().items(), key=lambda one: -one[1])[:3]
    finding = Finding(
        severity="warning",
        code="time.over",
        message=f"it took {seconds:.1f} s, {seconds - budget:.1f} s more than the budget: reading and describing "
        "all rows and proving the file have a least time",
        advice="Most went into: " + ", ".join(f"{stage} {took:.1f} s" for stage, took in longest) + ".",
    )
    told: dict[str, Any] = msgspec.to_builtins(finding)
    return [told]
