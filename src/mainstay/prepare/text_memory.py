"""Text steps fitted once for all recipes of a fold: candidates differ in their learners, not in what they read."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.prepare.text import TextFeatures, Written, fit_text

if TYPE_CHECKING:
    from pathlib import Path

    from mainstay.contracts.learner import Deadline
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Seen

__all__ = ["recall_text"]


def recall_text(recipe: Recipe, seen: Seen, deadline: Deadline | None, memory: Path | None) -> list[Written]:
    """Return the fitted text steps, from the memory where they are there.

    Parameters
    ----------
    recipe : Recipe
    seen : Seen
    deadline : Deadline, optional
    memory : Path, optional
        Beginning of the file names; the same beginning must always mean the same rows and target. None fits anew.
    """
    if memory is None or not seen.block.texts or recipe.text == "none":
        return fit_text(recipe, seen, deadline)
    wishes = f"{recipe.text} {recipe.components} {recipe.vocabulary} {seen.seed} {seen.rows}"
    file = memory.with_name(f"{memory.name}-{hashlib.sha256(wishes.encode()).hexdigest()[:16]}.npz")
    if file.exists():
        with np.load(file, allow_pickle=False) as arrays:
            steps = msgspec.json.decode(arrays["steps"].tobytes(), type=list[TextFeatures])
            return [Written(step, arrays[f"training_{place}"]) for place, step in enumerate(steps)]
    made = fit_text(recipe, seen, deadline)
    text = msgspec.json.encode([one.step for one in made])
    training = {f"training_{place}": one.training for place, one in enumerate(made)}
    part = file.with_suffix(f".{os.getpid()}.part.npz")  # two workers may come at once; the last one stays
    np.savez(part, steps=np.frombuffer(text, np.uint8), **training)  # type: ignore[arg-type]
    part.replace(file)
    return made
