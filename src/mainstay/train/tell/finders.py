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
    from mainstay.train.tell.scene import Scene

__all__ = ["FINDERS", "find_sections"]

# Dotted function names, cheapest first: a short budget shows the first ones.
FINDERS: tuple[str, ...] = (
    "mainstay.train.tell.decisions:find_weights",
    "mainstay.train.tell.decisions:find_probabilities",
    "mainstay.train.tell.decisions:find_decisions",
    "mainstay.train.tell.uncertainty:find_uncertainty",
    "mainstay.train.tell.leaks:find_leak_audit",
    "mainstay.train.tell.leaks:find_proof_by_shuffle",
    "mainstay.train.nested:find_nested",
    "mainstay.train.tell.folds:find_fold_scores",
    "mainstay.train.tell.slices:find_worst_slices",
    "mainstay.train.tell.slices:find_label_suspects",
    "mainstay.train.tell.inside:find_inside",
    "mainstay.train.tell.pushes:find_pushes",
    "mainstay.train.tell.effects:find_effects",
    "mainstay.train.tell.complexity:find_learning_curve",
    "mainstay.train.tell.complexity:find_complexity",
)


_ALWAYS = {
    "find_worst_slices": "where it is worst",
    "find_label_suspects": "answers that look wrong",
    "find_inside": "the model inside",
    "find_pushes": "what pushes answers",
    "find_effects": "how answers move",
}
"""What every report has where there is time for it."""


def find_sections(scene: Scene, finders: tuple[str, ...] = FINDERS) -> tuple[Section, ...]:
    """Return what the finders have to say, in their order; what fails or has no time is named with the reason."""
    found: list[Section] = []
    left_out: list[str] = []
    for name in finders:
        function = name.rpartition(":")[2]
        if scene.clock.left() <= 0:
            left_out += [_ALWAYS[function]] if function in _ALWAYS else []
            continue
        section = _found(name, scene)
        if section is not None:
            found.append(section)
    if left_out:
        text = f"{', '.join(left_out)}: a longer time budget shows them."
        found.append(Section(key="no-time", title="What there was no time for", text=(text[0].upper() + text[1:],)))
    return tuple(found)


def _found(name: str, scene: Scene) -> Section | None:
    module, _, function = name.partition(":")
    try:
        section: Section | None = getattr(import_module(module), function)(scene)
    except Exception as error:  # noqa: BLE001 - a finished model is not lost to a flaw in a section, which says so
        what = str(error) if isinstance(error, MainstayError) else f"a bug of mainstay, {type(error).__name__}: {error}"
        title = function.removeprefix("find_").replace("_", " ").capitalize()
        return Section(key=function.replace("_", "-"), title=title, text=(f"This could not be told: {what}",))
    return section
