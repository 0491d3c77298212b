"""What is known of each cluster, as plain data: the page, the card, the names and ``--json`` all draw from it."""

from __future__ import annotations

from typing import Literal

import msgspec

from mainstay.contracts.schema import Kind  # noqa: TC001 - msgspec reads annotations at run time
from mainstay.evaluate.intervals import Score  # noqa: TC001 - as above
from mainstay.evaluate.words import percent

__all__ = [
    "Aspect",
    "ClusterMap",
    "ClusterPortraits",
    "ClusterSilhouette",
    "Condition",
    "Contrast",
    "LevelContrast",
    "MapCentre",
    "Portrait",
    "Rule",
    "Silhouettes",
    "Spread",
]

Aspect = Literal["high", "low", "middle", "extreme", "mostly", "rarely", "absent", "present"]


class Spread(msgspec.Struct, frozen=True):
    """Where the middle half of some values lies, in words of the column: "62", "2011-03-01", "medium".

    Parameters
    ----------
    low, middle, high : str
        The quartiles.
    numbers : tuple of 3 floats, optional
        The same as numbers; None for dates, which are ISO dates already, and for words.
    """

    low: str
    middle: str
    high: str
    numbers: tuple[float, float, float] | None = None

    def to_dict(self) -> dict[str, float | str]:
        """Return the quartiles as plain data: numbers where they are numbers.

        Examples
        --------
        >>> Spread("1,200 g", "1,300 g", "1,500 g", (1200.5, 1300.0, 1499.9)).to_dict()
        {'low': 1200.5, 'middle': 1300.0, 'high': 1499.9}
        """
        low, middle, high = self.numbers or (self.low, self.middle, self.high)
        return {"low": low, "middle": middle, "high": high}


class LevelContrast(msgspec.Struct, frozen=True):
    """How often a level occurs in a cluster and elsewhere.

    Parameters
    ----------
    level : str
    inside, outside : float
        Shares of the rows that have a value.
    difference : Score
        Inside minus outside, with Newcombe's interval.
    lift : float or None
        The share inside over the share in all rows; None where no row has it.
    """

    level: str
    inside: float
    outside: float
    difference: Score
    lift: float | None = None


class Contrast(msgspec.Struct, frozen=True, kw_only=True):
    """How a cluster differs from all other rows in one column.

    Parameters
    ----------
    column : str
    kind : str
        As in the schema.
    aspect : str
        What it is about the column: "high" and "low" values, the "middle" or both ends ("extreme"), a level that is
        there "mostly" or "rarely", values that are "absent" or "present" more often than elsewhere.
    effect : Score
        From -1 to 1, 0 for none, with its 95 % interval. For numbers and dates Cliff's delta: how much more probable it
        is that a row of the cluster lies above another row than below it (for "middle" and "extreme", that it lies
        farther from the middle). For levels and absence the difference of the two shares, which is Cliff's delta too.
    tells : bool
        Whether the effect is surely more than negligible, with all columns of the cluster taken into account.
    words : str
        A sentence for people, in the column's own units.
    level : str, default ""
        The level that ``effect`` is about, for a category or a boolean.
    inside, outside : Spread, optional
        For numbers and dates.
    levels : tuple of LevelContrast
        For categories and booleans, those that differ most first.
    missing_inside, missing_outside : float
        Shares of rows without a value.
    """

    column: str
    kind: Kind
    aspect: Aspect
    effect: Score
    tells: bool
    words: str
    level: str = ""
    inside: Spread | None = None
    outside: Spread | None = None
    levels: tuple[LevelContrast, ...] = ()
    missing_inside: float = 0.0
    missing_outside: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """Return the contrast as plain data, quartiles as numbers."""
        spreads = {
            side: None if spread is None else spread.to_dict()
            for side, spread in (("inside", self.inside), ("outside", self.outside))
        }
        return {**msgspec.to_builtins(self), **spreads}


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a rule, on one column.

    Parameters
    ----------
    column : str
    above : float, optional
        The value is more than this; days since 1970-01-01 for dates.
    up_to : float, optional
        The value is at most this.
    levels : tuple of str, default ()
        The value is one of these.
    missing : bool, default False
        There is no value (alone), or none is as good as a value that fits.
    words : str
        For people: "income > 70".
    above_word, up_to_word : str, default ""
        The bounds as the column writes them, where that is no number: ISO dates, ordered levels.
    """

    column: str
    above: float | None = None
    up_to: float | None = None
    levels: tuple[str, ...] = ()
    missing: bool = False
    words: str = ""
    above_word: str = ""
    up_to_word: str = ""

    def parts(self) -> list[dict[str, object]]:
        """Return the condition for a program: column, operator (">", "<=", "in" or "missing") and value.

        ``or_missing`` says whether a row without a value fits too. A bound that is a date means that whole day.

        Examples
        --------
        >>> Condition(column="age", above=20.0).parts()
        [{'column': 'age', 'operator': '>', 'value': 20.0, 'or_missing': False}]
        """
        found: list[tuple[str, object]] = []
        if self.levels:
            found.append(("in", list(self.levels)))
        if self.above is not None:
            found.append((">", self.above_word or self.above))
        if self.up_to is not None:
            found.append(("<=", self.up_to_word or self.up_to))
        if not found:
            return [{"column": self.column, "operator": "missing", "value": None, "or_missing": True}]
        return [
            {"column": self.column, "operator": operator, "value": value, "or_missing": self.missing}
            for operator, value in found
        ]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A short rule that finds a cluster.

    Parameters
    ----------
    conditions : tuple of Condition
        A row fits when all hold; a row without a value fits no condition that does not say so.
    words : str
        "income > 70 and spending <= 40".
    purity : Score
        The share of the rows that fit which belong to the cluster, with Wilson's 95 % interval.
    coverage : Score
        The share of the cluster that the rule finds, likewise.
    rows : int
        How many rows both were measured on; none of them was used to find the rule.
    """

    conditions: tuple[Condition, ...]
    words: str
    purity: Score
    coverage: Score
    rows: int

    def __str__(self) -> str:
        purity, found = self.purity.value, self.coverage.value
        if purity is None or found is None:
            return self.words
        return f"{self.words}: {percent(purity, 0)} pure, finds {percent(found, 0)} of it"

    def parts(self) -> dict[str, object]:
        """Return the rule for a program: a row fits when all conditions hold; purity and coverage with intervals."""
        return {
            "conditions": [part for condition in self.conditions for part in condition.parts()],
            "purity": self.purity.to_dict(),
            "coverage": self.coverage.to_dict(),
            "rows": self.rows,
        }


class ClusterSilhouette(msgspec.Struct, frozen=True):
    """The silhouette of one cluster.

    Parameters
    ----------
    cluster : int
    rows : int
        In the sample.
    mean : Score
    doubtful : float
        The share of its rows with a silhouette below 0: nearer to another cluster than to their own.
    """

    cluster: int
    rows: int
    mean: Score
    doubtful: float


class Silhouettes(msgspec.Struct, frozen=True, kw_only=True):
    """The silhouette of rows of a sample (Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7).

    Parameters
    ----------
    mean : Score
        Over all rows; clusters count by their size, however they were sampled.
    clusters : tuple of ClusterSilhouette
    cluster, value : tuple
        One entry per row of the sample, by cluster and falling within it: the classic plot.
    rows, sampled : int
        All rows, and those of the sample.
    """

    mean: Score
    clusters: tuple[ClusterSilhouette, ...]
    cluster: tuple[int, ...]
    value: tuple[float, ...]
    rows: int
    sampled: int


class MapCentre(msgspec.Struct, frozen=True):
    """The middle of a cluster on the map."""

    cluster: int
    x: float
    y: float


class ClusterMap(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in the two directions in which they differ most (principal components of the prepared columns).

    Parameters
    ----------
    x, y : tuple of float
        A sample of rows, every cluster among them.
    cluster : tuple of int
        Theirs.
    row : tuple of int
        Their positions in the table.
    centres : tuple of MapCentre
    explained : tuple of float
        The share of all variance along each of the two directions.
    directions : tuple of str
        In words what goes up along each of them.
    rows : int
        How many rows the table has.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    cluster: tuple[int, ...]
    row: tuple[int, ...]
    centres: tuple[MapCentre, ...]
    explained: tuple[float, float]
    directions: tuple[str, str]
    rows: int


class Portrait(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster, for a person.

    Parameters
    ----------
    cluster : int
    name : str
        Short, and unique among the clusters.
    rows : int
    share : Score
        Of all rows, with Wilson's interval.
    contrasts : tuple of Contrast
        One per column, strongest first; those with ``tells`` are what sets the cluster apart.
    typical : dict of str to str
        The raw values of the row nearest to the middle of the cluster; "" where there is none.
    typical_values : dict of str to number, text, bool or None
        The same as values: numbers as numbers, dates as ISO texts, None where there is none.
    typical_row : int
        Its position in the table, from 0.
    rule : Rule, optional
        None where no short rule finds more than chance.
    words : dict of str to tuple of str
        For text columns: the words that are more frequent here than elsewhere.
    nearest : int, optional
        The cluster that is second choice for most of its rows.
    """

    cluster: int
    name: str
    rows: int
    share: Score
    contrasts: tuple[Contrast, ...] = ()
    typical: dict[str, str] = {}
    typical_row: int = 0
    rule: Rule | None = None
    words: dict[str, tuple[str, ...]] = {}
    nearest: int | None = None
    typical_values: dict[str, float | int | str | bool | None] = {}

    @property
    def typical_data(self) -> dict[str, float | int | str | bool | None]:
        """The typical member as plain data; as texts in bundles that hold nothing else."""
        return {name: self.typical_values.get(name, text or None) for name, text in self.typical.items()}

    @property
    def traits(self) -> tuple[Contrast, ...]:
        """What sets the cluster apart, strongest first."""
        return tuple(contrast for contrast in self.contrasts if contrast.tells)

    def to_dict(self) -> dict[str, object]:
        """Return the profile as ``--json`` shows it: plain data, of the columns those that tell."""
        return {
            "name": self.name,
            "share": self.share.to_dict(),
            "traits": [trait.to_dict() for trait in self.traits],
            "typical": self.typical_data,
            "typical_row": self.typical_row,
            "rule": None if self.rule is None else {**msgspec.to_builtins(self.rule), "text": str(self.rule)},
            "rule_parts": None if self.rule is None else self.rule.parts(),
            "words": {column: list(words) for column, words in self.words.items()},
            "nearest": self.nearest,
        }


class ClusterPortraits(msgspec.Struct, frozen=True, kw_only=True):
    """All clusters of a table, described.

    Parameters
    ----------
    portraits : tuple of Portrait
        By cluster.
    map : ClusterMap
    silhouettes : Silhouettes, optional
        None for a single cluster.
    rows, described : int
        All rows, and those of the sample that contrasts and rules were computed on.
    seed : int
        Of the samples.
    """

    portraits: tuple[Portrait, ...]
    map: ClusterMap
    silhouettes: Silhouettes | None
    rows: int
    described: int
    seed: int

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each cluster."""
        return tuple(portrait.name for portrait in self.portraits)
