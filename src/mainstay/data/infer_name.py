"""What a column's name tells: identifiers, codes and times are often known by it, and never by it alone."""

from __future__ import annotations

import re

__all__ = ["names_code", "names_identifier", "names_number_of_something", "names_time"]

_TOKEN = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_IDENTIFIERS = frozenset({"id", "ids", "uid", "uuid", "guid", "identifier", "ssn", "isbn", "iban", "rowid", "pk"})
_NUMBERS_OF = frozenset({"no", "nr", "nbr", "number", "key", "index", "idx", "serial", "record", "row", "ticket"})
_CASES = frozenset(
    {
        *("invoice", "order", "receipt", "transaction", "account", "contract", "policy", "booking", "claim"),
        *("case", "patient"),
    }
)
_JOINED = re.compile(
    r"(customer|user|client|order|record|patient|account|transaction|session|product|item|device|member|employee|person"
    r"|case|loan|policy|store|passenger|encounter|visit|trip|ride|invoice|movie|track|property|listing|host|guest"
    r"|booking|sample|subject|student|school|message|event|document|object)_?id"
)
_CODES = frozenset(
    {
        *("code", "codes", "type", "category", "class", "channel", "region", "zone", "segment", "zip"),
        *("zipcode", "postal", "postcode", "plz", "district", "sector", "branch", "department", "species"),
        *("variety", "cluster", "label", "gender", "sex", "race", "ethnicity", "country", "state", "status"),
        *("brand", "group"),
    }
)
_TIMES = frozenset(
    {
        *("time", "timestamp", "date", "datetime", "epoch", "ts", "created", "updated", "modified", "dob"),
        *("birthday", "day", "dt", "ymd"),
    }
)


def _tokens(name: str) -> list[str]:
    """Return the words of a name, in lower case.

    Examples
    --------
    >>> _tokens("customerID"), _tokens("Sample Number"), _tokens("admission_type_id")
    (['customer', 'id'], ['sample', 'number'], ['admission', 'type', 'id'])
    """
    return [word.lower() for word in _TOKEN.findall(name)]


def names_identifier(name: str) -> bool:
    """Whether a name says that its values tell things apart: ``customerID``, ``user_id``, ``Invoice No``."""
    words = _tokens(name)
    if len(words) > 1 and words[-1] in _NUMBERS_OF and words[-2] in _CASES:
        return True
    return bool(words) and (words[-1] in _IDENTIFIERS or _JOINED.fullmatch(name.lower()) is not None)


def names_number_of_something(name: str) -> bool:
    """Whether a name may say so: ``Sample Number``, ``key``, ``index``."""
    words = _tokens(name)
    return bool(words) and words[-1] in _NUMBERS_OF


def names_code(name: str) -> bool:
    """Whether a name says that its numbers stand for something else: ``zip code``, ``Region``."""
    return bool(_CODES & set(_tokens(name)[-1:]))


def names_time(name: str) -> bool:
    """Whether a name speaks of time: ``timestamp``, ``created_at``, ``Order Date``."""
    words = _tokens(name)
    return bool(_TIMES & set(words)) or words[-1:] == ["at"]
