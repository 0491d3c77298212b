"""Writes notebooks/*.ipynb from the scripts beside it, so that the two cannot say different things.

A script is cut where a line begins with ``# %%``: ``# %% [markdown]`` begins words, ``# %%`` alone begins code.
Notebooks are written without outputs: a stored output would say what an older version did. ``make docs`` runs this
program; ``tests/examples`` fails where the notebooks lie behind, and runs them.
"""

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

FOLDER = Path(__file__).resolve().parent
SCRIPTS = tuple(sorted(path for path in FOLDER.glob("*.py") if path.name != Path(__file__).name))
"""The examples."""

_MARK = re.compile(r"^# %%(.*)$", re.MULTILINE)
_KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def cells(script: str) -> list[nbformat.NotebookNode]:
    r"""Return the cells of a script in the percent format, numbered by their place, so that each run writes the same.

    Examples
    --------
    >>> [(cell.cell_type, cell.source) for cell in cells("# %% [markdown]\n# # Title\n\n# %%\n1 + 1\n")]
    [('markdown', '# Title'), ('code', '1 + 1')]
    """
    parts = _MARK.split(script)
    if parts[0].strip():
        message = "a script begins with '# %%'"
        raise ValueError(message)
    made = []
    for place, (kind, text) in enumerate(zip(parts[1::2], parts[2::2], strict=True)):
        if kind.strip() == "[markdown]":
            words = "\n".join(re.sub(r"^# ?", "", line) for line in text.strip().splitlines())
            made.append(new_markdown_cell(words, id=f"cell-{place}"))
        else:
            made.append(new_code_cell(text.strip(), id=f"cell-{place}"))
    return made


def notebook(script: Path) -> str:
    """Return the notebook of a script, as the text of its file."""
    made = new_notebook(cells=cells(script.read_text(encoding="utf-8")), metadata=_KERNEL)
    nbformat.validate(made)
    return nbformat.writes(made) + "\n"


def place_of(script: Path) -> Path:
    """Return where the notebook of a script stands."""
    return FOLDER / "notebooks" / f"{script.stem}.ipynb"


def main() -> None:
    """Write all notebooks."""
    for script in SCRIPTS:
        place_of(script).parent.mkdir(exist_ok=True)
        place_of(script).write_text(notebook(script), encoding="utf-8")


if __name__ == "__main__":
    main()
