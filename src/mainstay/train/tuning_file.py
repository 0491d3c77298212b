"""Keeps the trials of a search in a file, so that a later run goes on where an earlier one stopped.

Scores can be compared only on the same data, target, metric and folds (the identity): a file belongs to one. Within
it each space that was searched is a study of its own, for Optuna refuses trials from another space in one study; what
was good in one is known to the others.
"""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.train.settings import Settings

__all__ = ["earlier_trials", "open_study"]

_NOT_A_STUDY = (ValueError, KeyError, TypeError, AttributeError, AssertionError, IndexError)
"""What Optuna raises when lines are not those of its journal."""


def open_study(settings: Settings, identity: str, space: Mapping[str, Any]) -> Any:
    """Return the study of this identity and this space, with its trials where the file has some.

    Parameters
    ----------
    settings : Settings
        Which sampler, seed and file; without a file the study is in memory.
    identity : str
        Data, target, metric and folds.
    space : dict
        What is searched, as plain values.

    Raises
    ------
    UsageError
        When the file cannot be read, is no study, or belongs to another identity.

    Examples
    --------
    >>> from mainstay.train.settings import Settings
    >>> len(open_study(Settings(tune="random"), "a", {"ridge": {"alpha": [1.0]}}).trials)
    0
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook tqdm asks for a package to draw bars, which nobody sees here
        import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    digest = hashlib.sha256(msgspec.json.encode(space, order="deterministic")).hexdigest()[:16]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parts of Optuna that we use are marked as young
        sampler = (
            optuna.samplers.TPESampler(seed=settings.seed, multivariate=True, group=True, constant_liar=True)
            if settings.tune == "bayes"
            else optuna.samplers.RandomSampler(seed=settings.seed)
        )
        name = f"{identity} {digest}"
        if not settings.study:
            return optuna.create_study(direction="maximize", sampler=sampler, study_name=name)
        return _open_kept(Path(settings.study), identity, name, sampler)


def earlier_trials(study: Any, identity: str) -> list[Any]:
    """Return the trials of all studies of this identity that are kept beside a study, and its own.

    Examples
    --------
    >>> from mainstay.train.settings import Settings
    >>> earlier_trials(open_study(Settings(tune="random"), "a", {}), "a")
    []
    """
    storage = study._storage  # noqa: SLF001 - Optuna offers no other way to the studies of a storage that is open
    return [
        trial
        for known in storage.get_all_studies()
        if _is_of(known.study_name, identity)
        for trial in storage.get_all_trials(known._study_id)  # noqa: SLF001
    ]


def _is_of(name: str, identity: str) -> bool:
    """Say whether a study is of an identity; files of old have the identity alone as their name."""
    return name == identity or name.startswith(f"{identity} ")


def _open_kept(place: Path, identity: str, name: str, sampler: Any) -> Any:
    """Open or begin a study in a file; whatever else the file is gets a sentence."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _check_first_line(place)
        storage = JournalStorage(JournalFileBackend(str(place)))
        known = [study.study_name for study in storage.get_all_studies()]
        if not known or any(_is_of(one, identity) for one in known):
            return optuna.create_study(
                direction="maximize", sampler=sampler, storage=storage, study_name=name, load_if_exists=True
            )
    except OSError as error:
        raise UsageError(
            f"the study could not be opened ({error})", where=str(place),
            hint="Name a file that can be read and written; one that is not there is begun.",
        ) from error  # fmt: skip
    except _NOT_A_STUDY as error:
        raise UsageError(
            "the file is not a study: its lines are not those of a search that was kept", where=str(place),
            hint="Name the file of an earlier run with --study, or one that is not there yet, to begin anew.",
        ) from error  # fmt: skip
    raise UsageError(
        "the study belongs to other data, another target, metric or split", where=str(place),
        hint="Name another file to begin anew.",
    )  # fmt: skip


def _check_first_line(place: Path) -> None:
    """Refuse what is no journal before Optuna writes below it: it forgives a last line that it cannot read."""
    if place.exists():
        with place.open("rb") as lines:
            first = lines.readline(1 << 20)
        if first and (not first.endswith(b"\n") or "op_code" not in msgspec.json.decode(first, type=dict)):
            raise ValueError(first[:40])
