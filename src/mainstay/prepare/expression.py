r"""The small language of derived columns: read into a tree, never run as code.

::

    derivation  =  name "=" sum
    sum         =  product (("+" | "-") product)*
    product     =  sign (("*" | "/") sign)*
    sign        =  "-" sign  |  power
    power       =  atom ["**" whole number from 2 to 9]
    atom        =  number  |  name  |  "(" sum ")"  |  function "(" sum ("," sum)* ")"
    function    =  abs | sqrt | floor | ceil  (of one)  |  min | max  (of two or more)

A name is letters, digits, ``_`` and ``.`` (as in ``signup.year``), not beginning with a digit; any other goes between
backticks: ```monthly charges` * 12``. Columns are numbers, booleans (0, 1) or parts of datetimes and texts.

Everything is computed in float32, in the order written. A missing value in gives a missing value out; so do a
division by zero, the root of a negative number and a result too large for float32. ``x ** 3`` is ``x * x * x``.
Logarithms, exponentials and sines are left out on purpose: their last digit differs between libraries, and the graph
must answer as training did.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn, TypeVar

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.prepare.operations import Operations

__all__ = ["FUNCTIONS", "Derivation", "parse"]

Tensor = TypeVar("Tensor")

FUNCTIONS: dict[str, str] = {
    "abs": "Abs", "sqrt": "Sqrt", "floor": "Floor", "ceil": "Ceil", "min": "Min", "max": "Max",
}  # fmt: skip
"""The functions, with the operators that they become."""

_OF_MANY = ("min", "max")
_OPERATORS = {"+": ("Add", 1), "-": ("Sub", 1), "*": ("Mul", 2), "/": ("Div", 2)}
_DEEPEST = 40
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d][\w.]*)|`(?P<quoted>[^`]+)`"
    r"|(?P<sign>\*\*|[-+*/(),=]))"
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


@dataclass(frozen=True, slots=True)
class _Number:
    value: float


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    place: int


@dataclass(frozen=True, slots=True)
class _Call:
    operator: str
    parts: tuple[_Node, ...]


_Node = _Number | _Column | _Call


@dataclass(frozen=True, slots=True)
class Derivation:
    """A derived column.

    Parameters
    ----------
    name : str
    text : str
        The whole derivation as it was written.
    tree : node
        The expression.
    """

    name: str
    text: str
    tree: _Node

    def columns(self) -> tuple[str, ...]:
        """Return the columns used, each once, in the order of use.

        Examples
        --------
        >>> parse("x = b * (a + b)").columns()
        ('b', 'a')
        """
        return tuple(dict.fromkeys(one.name for one in _columns(self.tree)))

    def check(self, known: tuple[str, ...], categories: tuple[str, ...]) -> None:
        """Check the names against the columns there are.

        Raises
        ------
        UsageError
            When a column is unknown or not a number, or the name is taken.
        """
        if self.name in known or self.name in categories:
            _refuse(self.text, 0, f"the name {self.name!r} is taken by another column", "Choose a new name.")
        for column in _columns(self.tree):
            if column.name in known:
                continue
            if column.name in categories:
                _refuse(
                    self.text, column.place, f"{column.name!r} is a category, and only numbers can be computed with",
                    "Use number columns, or give it the kind number in the schema.",
                )  # fmt: skip
            near = get_close_matches(column.name, known, n=3, cutoff=0.5) or list(known[:10])
            hint = f"Near or known names: {', '.join(near)}." if near else "There is no number column."
            _refuse(self.text, column.place, f"there is no number column {column.name!r}", hint)

    def compute(self, run: Operations[Tensor], known: Mapping[str, Tensor]) -> Tensor:
        """Return the column, of shape (n, 1), from columns of that shape; what is not finite is missing."""
        answer = _compute(self.tree, run, known)
        return run.do("Where", run.do("IsInf", answer), _constant(run, np.nan), answer)


def parse(text: str) -> Derivation:
    """Read ``"name = expression"``.

    Raises
    ------
    UsageError
        When it cannot be read; the message shows the place.

    Examples
    --------
    >>> parse("total = monthly * tenure").name
    'total'
    >>> parse("total = monthly *")
    Traceback (most recent call last):
    ...
    mainstay.contracts.errors.UsageError: derive: a number, a column or "(" was expected here, and the text ends. Write it as "name = expression", with + - * / ** ( ) and abs, sqrt, floor, ceil, min, max.
        total = monthly *
                         ^
    """  # noqa: E501 - the message is one sentence
    reader = _Reader(text, _tokens(text))
    name = reader.take("name", "quoted", wanted="a name for the new column")
    reader.take_sign("=", wanted='"="')
    tree = reader.sum(0)
    if reader.here.kind != "end":
        reader.refuse("an operator or the end")
    if not any(_columns(tree)):
        _refuse(text, 0, "an expression with at least one column was expected", "A constant says nothing.")
    return Derivation(name.text, text, tree)


class _Reader:
    """Walks over the tokens; one method per rule of the grammar."""

    def __init__(self, text: str, tokens: Sequence[_Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def here(self) -> _Token:
        return self._tokens[self._next]

    def take(self, *kinds: str, wanted: str) -> _Token:
        token = self.here
        if token.kind not in kinds:
            self.refuse(wanted)
        self._next += 1
        return token

    def take_sign(self, sign: str, *, wanted: str) -> None:
        if (self.here.kind, self.here.text) != ("sign", sign):
            self.refuse(wanted)
        self._next += 1

    def is_sign(self, sign: str) -> bool:
        return self.here.kind == "sign" and self.here.text == sign

    def refuse(self, wanted: str) -> NoReturn:
        came = "the text ends" if self.here.kind == "end" else f"{self.here.text!r} came"
        _refuse(self._text, self.here.place, f"{wanted} was expected here, and {came}", _HELP)

    def sum(self, floor: int) -> _Node:
        """Read operators that bind tighter than ``floor``, left to right (precedence climbing)."""
        left = self.sign()
        while self.here.kind == "sign" and self.here.text in _OPERATORS:
            operator, strength = _OPERATORS[self.here.text]
            if strength <= floor:
                break
            self._next += 1
            left = _Call(operator, (left, self.sum(strength)))
        return left

    def sign(self) -> _Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            _refuse(self._text, self.here.place, f"at most {_DEEPEST} levels of brackets can be read", "Use two steps.")
        if self.is_sign("-"):
            self._next += 1
            answer: _Node = _Call("Neg", (self.sign(),))
        else:
            answer = self.power()
        self._depth -= 1
        return answer

    def power(self) -> _Node:
        base = self.atom()
        if not self.is_sign("**"):
            return base
        self._next += 1
        token = self.take("number", wanted="a whole number from 2 to 9")
        if token.text not in "23456789":
            _refuse(self._text, token.place, f"a whole number from 2 to 9 was expected, and {token.text} came", _HELP)
        answer = base
        for _ in range(int(token.text) - 1):
            answer = _Call("Mul", (answer, base))
        return answer

    def atom(self) -> _Node:
        if self.is_sign("("):
            self._next += 1
            inner = self.sum(0)
            self.take_sign(")", wanted='")"')
            return inner
        token = self.take("number", "name", "quoted", wanted='a number, a column or "("')
        if token.kind == "number":
            return self._number(token)
        if token.kind == "name" and self.is_sign("("):
            return self._call(token)
        return _Column(token.text, token.place)

    def _number(self, token: _Token) -> _Number:
        value = float(token.text)
        if value > float(np.finfo(np.float32).max):
            _refuse(self._text, token.place, f"{token.text} is too large for float32", "Use a smaller number.")
        return _Number(value)

    def _call(self, token: _Token) -> _Node:
        if token.text not in FUNCTIONS:
            _refuse(
                self._text, token.place, f"there is no function {token.text!r}", f"There are: {', '.join(FUNCTIONS)}."
            )
        self.take_sign("(", wanted='"("')
        parts = [self.sum(0)]
        while self.is_sign(","):
            self._next += 1
            parts.append(self.sum(0))
        self.take_sign(")", wanted='"," or ")"')
        if (len(parts) > 1) != (token.text in _OF_MANY):
            wanted = "two or more values" if token.text in _OF_MANY else "one value"
            _refuse(self._text, token.place, f"{token.text} takes {wanted}, and {len(parts)} came", _HELP)
        answer = parts[0] if len(parts) > 1 else _Call(FUNCTIONS[token.text], (parts[0],))
        for part in parts[1:]:
            answer = _Call(FUNCTIONS[token.text], (answer, part))
        return answer


_HELP = 'Write it as "name = expression", with + - * / ** ( ) and abs, sqrt, floor, ceil, min, max.'


def _tokens(text: str) -> list[_Token]:
    tokens, place, end = [], 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            place += len(text[place:]) - len(text[place:].lstrip())
            _refuse(text, place, f"{text[place]!r} cannot be read here", _HELP)
        kind = str(found.lastgroup)
        tokens.append(_Token(kind, found[kind], found.start(kind) - (kind == "quoted")))
        place = found.end()
    return [*tokens, _Token("end", "", end)]


def _refuse(text: str, place: int, message: str, hint: str) -> NoReturn:
    shown = text.replace("\n", " ").replace("\t", " ")
    raise UsageError(message, where="derive", hint=f"{hint}\n    {shown}\n    {' ' * place}^")


def _columns(node: _Node) -> list[_Column]:
    if isinstance(node, _Call):
        return [column for part in node.parts for column in _columns(part)]
    return [node] if isinstance(node, _Column) else []


def _compute(node: _Node, run: Operations[Tensor], known: Mapping[str, Tensor]) -> Tensor:
    if isinstance(node, _Number):
        return _constant(run, node.value)
    if isinstance(node, _Column):
        return known[node.name]
    parts = [_compute(part, run, known) for part in node.parts]
    if node.operator == "Div":
        zero = run.do("Equal", parts[1], _constant(run, 0.0))
        return run.do("Where", zero, _constant(run, np.nan), run.do("Div", *parts))
    if node.operator in ("Min", "Max"):
        return _extreme(run, *parts, smaller=node.operator == "Min")
    return run.do(node.operator, *parts)


def _extreme(run: Operations[Tensor], one: Tensor, two: Tensor, *, smaller: bool) -> Tensor:
    """Return the smaller or the larger; spelled out, as libraries differ on NaN and on the sign of zero."""
    first = run.do("LessOrEqual", one, two) if smaller else run.do("LessOrEqual", two, one)
    return run.do("Where", run.do("IsNaN", one), one, run.do("Where", first, one, two))


def _constant(run: Operations[Tensor], value: float) -> Tensor:
    return run.constant(np.full((1, 1), value, np.float32))
