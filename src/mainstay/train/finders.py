"""What is told in a report beside the scores: each finder of something looks at the same scene and fills a section.

A finder is a function from a Scene to a section, or to None where it has nothing to say. They run in the order of
:data:`FINDERS` after the held-out rows were opened, while the clock allows; nothing that they see changes the model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mainstay.contracts.errors import MainstayError
from mainstay.evaluate.sections import Section

if TYPE_CHECKING:
    from mainstay.train.scene import Scene

__all__ = ["FINDERS", "find_sections"]

# Dotted function names, cheapest first: a short budget shows the first ones.
FINDERS: tuple[str, ...] = (
    "mainstay.train.tell_decisions:find_weights",
    "mainstay.train.tell_decisions:find_probabilities",
    "mainstay.train.tell_decisions:find_decisions",
    "mainstay.train.tell_uncertainty:find_uncertainty",
    "mainstay.train.show_leaks:find_leak_audit",
    "mainstay.train.show_leaks:find_proof_by_shuffle",
    "mainstay.train.nested:find_nested",
    "mainstay.train.fold_scores:find_fold_scores",
    "mainstay.train.tell_slices:find_worst_slices",
    "mainstay.train.tell_slices:find_label_suspects",
    "mainstay.train.tell_pushes:find_pushes",
    "mainstay.train.tell_effects:find_effects",
    "mainstay.train.tell_inside:find_inside",
    "mainstay.train.diagnose:find_learning_curve",
    "mainstay.train.diagnose:find_complexity",
)


def find_sections(scene: Scene, finders: tuple[str, ...] = FINDERS) -> tuple[Section, ...]:
    """Return what the finders have to say, in their order; one that fails says why in its place."""
    found: list[Section] = []
    for name in finders:
        if scene.clock.left() <= 0:
            break
        module, _, function = name.partition(":")
        try:
            section = getattr(import_module(module), function)(scene)
        except MainstayError as error:
            title = function.removeprefix("find_").replace("_", " ").capitalize()
            section = Section(key=function.replace("_", "-"), title=title, text=(f"This could not be told: {error}",))
        if section is not None:
            found.append(section)
    return tuple(found)
