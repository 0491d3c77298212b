"""Every error that mainstay raises, so that a user can catch one name and read one sentence.

The tree::

    MainstayError
    ├── InputError            what the caller gave is wrong (exit code 2)
    │   ├── DataError         a file or table cannot be used as it is
    │   ├── SchemaError       a schema is malformed, or rows break it
    │   ├── UsageError        an option has a value that cannot work
    │   └── RequestError      a request over HTTP is refused, with its status
    ├── BundleError           a model file is refused
    │   ├── IntegrityError    its bytes are not the bytes that were written
    │   ├── FormatError       it is not a bundle, or one of a newer format
    │   └── ReplayError       its golden rows give other answers than stored
    ├── ParityError           a graph does not answer as the library did
    ├── BudgetError           time or memory ended before there was any result
    ├── WorkerError           a worker process failed or was stopped
    └── MissingPackageError   an optional package is not installed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BudgetError",
    "BundleError",
    "DataError",
    "FormatError",
    "InputError",
    "IntegrityError",
    "MainstayError",
    "MissingPackageError",
    "ParityError",
    "ReplayError",
    "RequestError",
    "SchemaError",
    "UsageError",
    "WorkerError",
]


class MainstayError(Exception):
    """The root of all errors that mainstay raises on purpose.

    Parameters
    ----------
    message : str
        What was expected and what came, in one sentence.
    where : str, default ""
        The place: file, row, column, option or JSON path.
    hint : str, default ""
        What to do about it.
    code : str, optional
        A stable name for programs; each class has its own default.

    Examples
    --------
    >>> error = DataError("the file has no rows", where="new.csv", hint="Give a file with at least one row.")
    >>> print(error)
    new.csv: the file has no rows. Give a file with at least one row.
    >>> error.to_dict()["code"]
    'data'
    """

    default_code = "error"

    def __init__(self, message: str, *, where: str = "", hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.code = code or self.default_code

    def __str__(self) -> str:
        sentence = self.message if self.message.endswith((".", "!", "?")) else f"{self.message}."
        place = f"{self.where}: " if self.where else ""
        return f"{place}{sentence} {self.hint}".strip()

    def to_dict(self) -> dict[str, str]:
        """Return the error as the one shape that every face of mainstay shows."""
        return {"code": self.code, "message": self.message, "where": self.where, "hint": self.hint}


class InputError(MainstayError):
    """What the caller gave cannot be used."""

    default_code = "input"


class DataError(InputError):
    """A file or a table cannot be used as it is."""

    default_code = "data"


class SchemaError(InputError):
    """A schema is malformed, or rows do not keep it."""

    default_code = "schema"


class UsageError(InputError):
    """An option has a value that cannot work."""

    default_code = "usage"


class RequestError(InputError):
    """A request over HTTP is refused.

    Parameters
    ----------
    message : str
    status : int, default 400
        The HTTP status.
    where, hint, code : str
        As for every error; ``where`` is a JSON path, a header or a parameter.
    headers : mapping of str to str, optional
        Further headers of the response, such as retry-after.

    Examples
    --------
    >>> RequestError("the body is empty", status=400, where="body").status
    400
    """

    default_code = "request"

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        where: str = "",
        hint: str = "",
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, where=where, hint=hint, code=code)
        self.status = status
        self.headers = dict(headers or {})


class BundleError(MainstayError):
    """A model file is refused."""

    default_code = "bundle"


class IntegrityError(BundleError):
    """The bytes of a model file are not the bytes that were written."""

    default_code = "integrity"


class FormatError(BundleError):
    """A file is not a bundle, or a bundle of a format that this version does not read."""

    default_code = "format"


class ReplayError(BundleError):
    """The golden rows of a bundle give other answers than those stored."""

    default_code = "replay"


class ParityError(MainstayError):
    """A model graph does not give the answers of the library that trained it."""

    default_code = "parity"


class BudgetError(MainstayError):
    """Time or memory ended before there was any result."""

    default_code = "budget"


class WorkerError(MainstayError):
    """A worker process failed or was stopped."""

    default_code = "worker"


class MissingPackageError(MainstayError):
    """An optional package is needed and not installed."""

    default_code = "missing_package"
