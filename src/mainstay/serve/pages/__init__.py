"""The pages at ``/`` and ``/docs``: files of this package, named in a table; no path ever comes from a client."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["PAGE_HEADERS", "PAGE_NAMES", "page"]

_KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_SCRIPTS = ("answer.js", "client.js", "docs.js", "fields.js", "form.js", "reasons.js", "snippets.js")

PAGE_NAMES = ("index.html", "docs.html", "style.css", "icon.svg", *_SCRIPTS)
"""All files there are: the first two at ``/`` and ``/docs``, the others at ``/static/<name>``."""

PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""What goes with every page: nothing runs that is not ours, nothing is fetched from elsewhere, nobody frames it."""


@cache
def page(name: str) -> tuple[bytes, str]:
    """Return a file and its content type; KeyError where the table does not name it.

    Examples
    --------
    >>> page("index.html")[1]
    'text/html; charset=utf-8'
    """
    if name not in PAGE_NAMES:
        raise KeyError(name)
    return (files(__name__) / name).read_bytes(), f"{_KINDS[name.rpartition('.')[2]]}; charset=utf-8"
