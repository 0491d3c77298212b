"""Gives the examples in docstrings the files that they name, in a folder of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def example_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write later.csv (300 rows with a target), new.csv (20 without) and left.mainstay, trained on the former."""
    import numpy as np
    import polars as pl

    import mainstay

    folder = tmp_path_factory.mktemp("examples")
    rng = np.random.default_rng(0)
    age, city = rng.integers(18, 80, 300), rng.choice(["Bern", "Rome"], 300)
    left = np.where(0.1 * (age - 50) + (city == "Rome") + rng.logistic(size=300) > 0.5, "yes", "no")
    frame = pl.DataFrame({"age": age, "city": city, "left": left})
    frame.write_csv(folder / "later.csv")
    frame.drop("left").head(20).write_csv(folder / "new.csv")
    mainstay.train(frame, target="left", models=["logistic"], out=folder / "left.mainstay")
    return folder


@pytest.fixture(autouse=True)
def stand_beside_example_files(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the examples of the verbs where their files are."""
    if request.node.__class__.__name__ == "DoctestItem" and {"lifecycle", "serve"} & set(request.node.path.parts):
        monkeypatch.chdir(request.getfixturevalue("example_folder"))
