"""From raw values to arrays, by the schema alone: the input contract at work.

Training, evaluation, batch prediction and the server all decode here, so that a row means the same everywhere.
There is one plan (``decode_plan``) and two executors: whole tables (``decode_columns``, Polars) and plain rows
(``decode_rows``, Python and NumPy only: the serving path). They give the same bits and the same problems, and
rows decoded one by one give what they give together. The rules:

*Cells.* Blanks at both ends of a text do not count. An empty text, None, NaN and the words in the column's
``missing`` are missing. A typed value means what its text means: 3, 3.0, "3" and "3.0" are one category level, and
one number. NumPy scalars count as the Python values that they hold; lists and objects are bad values.

*Numbers* are read as float64 and rounded to float32 once. Text is ASCII digits with the column's ``decimal`` and
``thousands`` marks, an exponent ("1e-3") and, if it has one, the column's ``unit`` before or after it. Infinite
numbers and those beyond float32 are bad values; "nan" is missing; true and false are bad values, not 1 and 0.
-0.0 becomes 0.0. Bounds are compared before rounding, ends included.

*Booleans* are 0 and 1: the column's two words first, as written and then in any case; where these are usual words
(yes/no, y/n, true/false, t/f, on/off, 1/0) or none are given, all usual words; true and false values always.

*Categories* are codes 0, 1, ... in the order of the schema's ``categories``; -1 is missing; the number of levels
is the code of an unseen word. Words are compared as written; a number also by value. An *ordered* category is a
number instead, its place in the list of ``categories``: 0, 1, ...; an unseen word, having no place, is missing.

*Datetimes* follow the column's ``formats`` in their order, then ISO 8601. A time with an offset is moved to UTC.
Dates that do not exist (31 February) and years outside 1 to 9999 are bad values.

*Text* becomes the five counts of ``TEXT_PARTS`` and, where the column has ``terms``, the numbers of its words and
letter groups (see ``decode_terms``).

*Policies.* A bad value is missing in the arrays. ``reject`` and ``warn`` make a problem of it, ``missing`` stays
silent. An unseen category that ``on_unseen`` does not silence keeps the unseen code, a number out of range that
``on_range`` does not silence keeps its value. Range is a matter of numbers only: a new date is always later than
the old ones. Refused rows stay in the arrays.

*Columns.* Only features are decoded. A frame must have all of them; in a plain row, a key that is not there is a
missing value. Columns that the schema does not know are ignored and listed in ``Decoded.extra_columns``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.data.decode_plan import plan_of
from mainstay.data.decode_quick import QuickDecoder, quick_of
from mainstay.data.decode_record import Decoded, DecodedTarget, Problem
from mainstay.data.decode_rows import decode_rows
from mainstay.data.decode_target import decode_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from mainstay.contracts.schema import Schema

__all__ = ["Decoded", "DecodedTarget", "Decoder", "Problem", "QuickDecoder", "decode_target"]


class Decoder:
    """Turns rows into arrays, by a schema.

    Parameters
    ----------
    schema : Schema
        Only its features are decoded; the target and ignored columns may be absent.

    Attributes
    ----------
    number_names, category_names : tuple of str
        What the two arrays hold, in the order of the schema.
    category_levels : tuple of int
        How many known levels each category column has.
    text_names : tuple of str
        The text columns whose terms are used.

    Raises
    ------
    SchemaError
        When the schema cannot be decoded: a feature of kind "identifier", a malformed datetime format.

    Examples
    --------
    >>> from mainstay.contracts.schema import Column, Schema
    >>> age = Column(name="age", kind="number", low=18, high=90)
    >>> city = Column(name="city", kind="category", categories=("Bern", "Rome"))
    >>> decoder = Decoder(Schema(columns=(age, city)))
    >>> decoded = decoder.from_rows([{"age": "31", "city": "Rome"}, {"age": 99, "city": "Oslo"}, {"age": None}])
    >>> decoded.arrays.numbers.tolist(), decoded.arrays.categories.tolist()
    ([[31.0], [99.0], [nan]], [[1], [2], [-1]])
    >>> [problem.code for problem in decoded.problems]
    ['range', 'unseen']
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._plan = plan_of(schema)
        self.number_names = self._plan.number_names
        self.category_names = self._plan.category_names
        self.category_levels = self._plan.category_levels
        self.text_names = self._plan.text_names

    @property
    def quick(self) -> QuickDecoder | None:
        """A decoder for rows of plain cells, which is quicker; None where the schema has dates or texts."""
        return quick_of(self._plan)

    def from_frame(self, frame: pl.DataFrame) -> Decoded:
        """Return a table as arrays.

        Parameters
        ----------
        frame : polars.DataFrame of shape (n, columns)
            Text or typed columns.

        Raises
        ------
        SchemaError
            When features are not in the frame; the message names them all, and columns of a similar name.
        """
        from mainstay.data.decode_columns import decode_columns

        return decode_columns(self._plan, frame)

    def from_rows(self, rows: Sequence[Mapping[str, object]]) -> Decoded:
        """Return plain rows as arrays; nothing but NumPy is needed for it.

        Parameters
        ----------
        rows : sequence of n mappings
            Values are texts, numbers, booleans, None, or Python dates.

        Raises
        ------
        SchemaError
            When a row is not a mapping.
        """
        return decode_rows(self._plan, rows)
