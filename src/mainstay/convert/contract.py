"""The input contract of a fitted estimator: which columns it reads, which words it knows, what it refuses.

Kinds come from the types of the rows that are given; the words of a column come from the encoders inside, because a
few rows do not show them all. Whether a missing cell or an unseen word is allowed is found by asking the estimator:
what it raises at, the bundle refuses too, row by row and with a sentence.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.contracts.schema import Column, Schema
from mainstay.convert.encode import named_steps, picked
from mainstay.convert.ensembles import inner_of
from mainstay.convert.flow import Raw, Source, class_names
from mainstay.data.decode import Decoder
from mainstay.data.decode_cell import cell_text, native

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mainstay.convert.sample import Sample

__all__ = ["Contract", "contract_of"]

_ENCODERS = {"sklearn.OneHotEncoder", "sklearn.OrdinalEncoder", "sklearn.TargetEncoder"}
_SAME_COLUMNS = {"sklearn._BaseHeterogeneousEnsemble", "sklearn.OneVsRestClassifier"}
_LIKELY = "sklearn.SimpleImputer"
_UNSEEN_WORD = "a word that no column has"


@dataclass(frozen=True, slots=True)
class Contract:
    """A schema, and the raw columns behind its arrays.

    Parameters
    ----------
    schema : Schema
        The features, and the target where it was given.
    raw : Raw
    """

    schema: Schema
    raw: Raw


@dataclass
class _Known:
    """What the encoders inside an estimator say of a column, by its position."""

    levels: dict[int, list[Any]] = field(default_factory=dict)

    def add(self, at: int, values: Sequence[Any]) -> None:
        """Add the values that an encoder knows."""
        found = self.levels.setdefault(at, [])
        found += [one for one in map(native, values) if one is not None and one not in found]


def contract_of(
    estimator: Any, sample: Sample, ask: Callable[[Any], Any], *, target: Column, schema: Schema | None = None
) -> Contract:
    """Return what a row must be for this estimator.

    Parameters
    ----------
    estimator : object
        Fitted.
    sample : Sample
        Rows as it takes them.
    ask : callable
        Asks the estimator; raises at what it does not take.
    target : Column
        Added where the schema has no target.
    schema : Schema, optional
        Kept for names, units, ranges and policies; kinds, levels and order must be those of the estimator.

    Raises
    ------
    UsageError
        When the columns are not those of the estimator, or hold what no model reads.
    """
    _check_columns(estimator, sample)
    known = _Known()
    _scan(estimator, list(range(sample.width)), sample, known)
    if schema is None:
        features = tuple(_column(sample, at, known) for at in range(sample.width))
        schema = Schema(columns=(*features, target))
    else:
        schema = _with_target(_ordered(schema, sample), target)
    sources = _sources(schema, sample, known)
    return _probed(schema, Raw(sources, sample), ask)


def _check_columns(estimator: Any, sample: Sample) -> None:
    wanted = getattr(estimator, "feature_names_in_", None)
    count = getattr(estimator, "n_features_in_", sample.width)
    if wanted is not None and sample.library != "numpy" and not _same_names(wanted, sample.given_names):
        raise UsageError(
            f"the columns are {_few(sample.given_names)}, and the estimator was fitted on {_few(wanted)}", where="X",
            hint="Give the same columns in the same order: X[list(estimator.feature_names_in_)].",
        )  # fmt: skip
    if count != sample.width:
        raise UsageError(f"the estimator was fitted on {count} columns, and {sample.width} came", where="X")


def _same_names(wanted: Any, given: Any) -> bool:
    """Whether these are the same columns; LightGBM tells of its own with underscores in place of blanks.

    Whatever else holds LightGBM's names to be its own (a search, a pipeline) tells them so too. An estimator that was
    truly fitted on underscores refuses blanks by itself when it is asked.
    """
    known, came = list(map(str, wanted)), list(map(str, given))
    return known in (came, [name.replace(" ", "_") for name in came])


def _few(names: Any) -> str:
    shown = [repr(str(name)) for name in list(names)[:6]]
    return ", ".join(shown) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _scan(estimator: Any, places: list[int], sample: Sample, known: _Known) -> bool:
    """Collect what the encoders know of these columns; say whether each column passes on in its own place."""
    names = set(class_names(estimator))
    if "sklearn.Pipeline" in names:
        return all(_scan(step, places, sample, known) for step in named_steps(estimator))
    if "sklearn.ColumnTransformer" in names:
        view = Raw(tuple(Source(sample.names[at], 0) for at in places), sample.taken(places))
        for _, part, chosen in estimator.transformers_:
            if not isinstance(part, str):
                _scan(part, [places[at] for at in picked(estimator, chosen, view)], sample, known)
        return False
    if "sklearn.FeatureUnion" in names:
        for _, part in estimator.transformer_list:
            if not isinstance(part, str):
                _scan(part, places, sample, known)
        return False
    if names & _ENCODERS:
        for at, values in zip(places, estimator.categories_, strict=False):
            known.add(at, list(values))
        return False
    for inner in _inside(estimator):
        _scan(inner, places, sample, known)
    return _LIKELY in names


def _inside(estimator: Any) -> list[Any]:
    """Return the estimators inside another that are given the same columns."""
    inner = inner_of(estimator)
    if inner is not None:
        return [inner]
    found = [getattr(estimator, "_preprocessor", None), getattr(estimator, "regressor_", None)]
    found += [one.estimator for one in getattr(estimator, "calibrated_classifiers_", [])]
    if any(
        name in class_names(estimator) for name in ("sklearn._BaseHeterogeneousEnsemble", "sklearn.OneVsRestClassifier")
    ):
        found += list(estimator.estimators_)
    return [one for one in found if one is not None]


def _column(sample: Sample, at: int, known: _Known) -> Column:
    kind, name = sample.kind(at), sample.names[at]
    if at in known.levels or kind == "word":
        levels = [*known.levels.get(at, [])]
        levels += [one for one in sample.levels(at) if one not in levels and (at not in known.levels)]
        texts = dict.fromkeys(text for one in levels if (text := cell_text(one)))
        return Column(name=name, kind="category", categories=tuple(texts))
    if kind == "boolean":
        return Column(name=name, kind="boolean")
    if kind == "number":
        return Column(name=name, kind="number")
    raise UsageError(
        f"the column {name!r} holds neither numbers, truths nor words", where="X",
        hint="Turn dates and lists into numbers before the estimator sees them.",
    )  # fmt: skip


def _ordered(schema: Schema, sample: Sample) -> Schema:
    """Return the features in the order of the estimator's columns."""
    features = {column.name: column for column in schema.features}
    missing = [name for name in sample.names if name not in features]
    surplus = [name for name in features if name not in sample.names]
    if missing or surplus:
        raise UsageError(
            f"the schema's features must be the estimator's columns; {_few(missing + surplus)} are not in both",
            where="schema",
        )
    rest = tuple(column for column in schema.columns if column.role != "feature")
    return Schema(columns=(*(features[name] for name in sample.names), *rest))


def _with_target(schema: Schema, target: Column) -> Schema:
    if schema.target is None:
        return Schema(columns=(*schema.columns, target))
    return Schema(columns=tuple(_target_like(one, target) if one.role == "target" else one for one in schema.columns))


def _target_like(own: Column, target: Column) -> Column:
    from msgspec.structs import replace

    return replace(target, name=own.name, unit=own.unit, missing=own.missing)


def _sources(schema: Schema, sample: Sample, known: _Known) -> tuple[Source, ...]:
    decoder = Decoder(schema)
    numbers = {name: at for at, name in enumerate(decoder.number_names)}
    categories = {name: at for at, name in enumerate(decoder.category_names)}
    sources = []
    for at, column in enumerate(schema.features):
        if column.kind == "category":
            sources.append(Source(column.name, categories[column.name], _values(column, sample, at, known)))
        elif column.name in numbers:
            sources.append(Source(column.name, numbers[column.name]))
        else:
            raise UsageError(
                f"the column {column.name!r} is of kind {column.kind}, and an estimator that is packed reads numbers, "
                "booleans and categories", where="schema",
            )  # fmt: skip
    return tuple(sources)


def _values(column: Column, sample: Sample, at: int, known: _Known) -> tuple[Any, ...]:
    """Return what the estimator is given for each code, for an unseen word, and for a missing cell."""
    own = {cell_text(one): one for one in reversed([*known.levels.get(at, []), *sample.levels(at)])}
    levels = [own.get(text.strip(), text) for text in column.categories]
    marker = sample.marker(at)
    if "" in own and None not in sample.values(at):
        marker = ""  # an empty word is a level of its own here, and no value for the decoder
    return (*levels, _unseen(levels), marker)


def _unseen(levels: list[Any]) -> Any:
    if levels and all(isinstance(one, (int, float)) for one in levels):
        return type(levels[0])(max(levels) + 1) if not isinstance(levels[0], bool) else None
    return _UNSEEN_WORD


def _probed(schema: Schema, raw: Raw, ask: Callable[[Any], Any]) -> Contract:
    """Ask with one cell missing or unseen at a time, and let the schema refuse what the estimator refuses."""
    from msgspec.structs import replace

    row = _good_row(raw, ask)
    columns, sources = list(schema.columns), list(raw.sources)
    places = [at for at, column in enumerate(columns) if column.role == "feature"]
    tried = _Trials(raw, ask, row)
    for at, (place, source) in enumerate(zip(places, raw.sources, strict=True)):
        refused = set()
        if not tried.takes(at, raw.sample.marker(at) if source.values is None else source.values[-1]):
            columns[place] = replace(columns[place], nullable=False, on_missing="reject")
            refused.add(-1)
        if source.values is not None and not tried.takes(at, source.values[-2]):
            columns[place] = replace(columns[place], on_unseen="reject")
            refused.add(-2)
        if source.values is not None:
            positions = frozenset(len(source.values) + one for one in refused)
            sources[at] = Source(source.name, source.place, source.values, positions)
    return Contract(Schema(columns=tuple(columns)), Raw(tuple(sources), raw.sample))


def _good_row(raw: Raw, ask: Callable[[Any], Any]) -> list[Any]:
    """Return a row without a missing cell that the estimator answers."""
    width = len(raw.sources)
    cells = [raw.sample.values(at) for at in range(width)]
    filled = [next((one for one in column if one is not None), 0.0) for column in cells]
    whole = next((row for row in range(raw.sample.rows) if all(column[row] is not None for column in cells)), None)
    chosen = filled if whole is None else [column[whole] for column in cells]
    try:
        ask(raw.sample.rebuilt([[cell] for cell in chosen]))
    except Exception as error:
        raise UsageError(
            f"the estimator does not answer a row of X ({_first_line(error)})", where="X",
            hint="Give rows of the same kind as those that it was fitted on.",
        ) from error  # fmt: skip
    return chosen


class _Trials:
    """Rows with one cell changed; what all columns take at once need not be asked one by one."""

    def __init__(self, raw: Raw, ask: Callable[[Any], Any], row: list[Any]) -> None:
        self.raw, self.ask, self.row = raw, ask, row
        missing = [s.values[-1] if s.values is not None else raw.sample.marker(at) for at, s in enumerate(raw.sources)]
        unseen = [s.values[-2] if s.values is not None else cell for s, cell in zip(raw.sources, row, strict=True)]
        self.all_taken = self._answers([missing, unseen])

    def takes(self, at: int, value: Any) -> bool:
        """Whether the estimator answers a row with this value in this column."""
        return self.all_taken or self._answers([[*self.row[:at], value, *self.row[at + 1 :]]])

    def _answers(self, rows: list[list[Any]]) -> bool:
        columns = [[row[at] for row in rows] for at in range(len(self.row))]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self.ask(self.raw.sample.rebuilt(columns))
        except Exception:  # noqa: BLE001 - whatever a library raises, it does not take the row
            return False
        return bool(np.isfinite(np.asarray(found, np.float64)).all())


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
