"""Words that mean "no value": some do everywhere, others only where they stand out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.data.infer_distinct import Distinct

__all__ = ["everywhere", "standing_out"]

_EVERYWHERE = frozenset(
    {"?", "??", "na", "n/a", "#n/a", "#n/a n/a", "#na", "<na>", "<nan>", "nan", "null", "nat", "(null)", "\\n"}
)
# Among words these can be levels: "none" of a question about other debtors is an answer.
_STANDING_OUT = frozenset(
    {
        *(
            "-",
            "--",
            "---",
            "\u2013",
            "\u2014",
            ".",
            "..",
            "...",
            "*",
            "#",
            "/",
            "none",
            "nil",
            "missing",
            "unknown",
        ),
        *(
            "not available",
            "not applicable",
            "n.a.",
            "n.a",
            "na.",
            "n.d.",
            "undefined",
            "void",
            "empty",
            "(blank)",
        ),
        *("blank", "#value!", "#ref!", "#div/0!", "#name?", "#num!", "no data", "not known", "unk", "tbd"),
    }
)


def everywhere(found: Distinct) -> NDArray[np.bool_]:
    """Return which of the texts mean "no value" in any column."""
    return _among(found, _EVERYWHERE)


def standing_out(found: Distinct) -> NDArray[np.bool_]:
    """Return which of the texts mean "no value" where all others are numbers or dates."""
    return _among(found, _STANDING_OUT)


def _among(found: Distinct, words: frozenset[str]) -> NDArray[np.bool_]:
    short = found.values.str.len_chars() <= 14
    mask = np.zeros(len(found), dtype=np.bool_)
    positions = short.arg_true()
    for position, text in zip(positions.to_list(), found.values.gather(positions).to_list(), strict=True):
        mask[position] = text.casefold() in words
    return mask
