"""The command ``mainstay``: the verbs of :mod:`mainstay.lifecycle` for a shell, one command each.

Standard output carries the answer (a table, or one JSON object with ``--json``); progress and messages go to standard
error. This room reads options and shows results, and decides nothing.
"""

from mainstay.apps.cli.app import main

__all__ = ["main"]
