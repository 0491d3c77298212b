"""A colour and a shape for each cluster: eight colours that colour-blind readers tell apart, then the next shape.

Nobody tells fifty colours apart. Beyond eight clusters the shape of the dots changes too, and every picture also writes
the number of the cluster where it lies.
"""

from __future__ import annotations

from mainstay.evaluate.theme import CLASSES

__all__ = ["SHAPES", "colour_of", "shape_of"]

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


def colour_of(cluster: int) -> str:
    """Return the colour of a cluster.

    Examples
    --------
    >>> colour_of(0), colour_of(8) == colour_of(0)
    ('#0067a5', True)
    """
    return CLASSES[cluster % len(CLASSES)]


def shape_of(cluster: int) -> str:
    """Return the shape of a cluster's dots.

    Examples
    --------
    >>> shape_of(0), shape_of(8)
    ('circle', 'square')
    """
    return SHAPES[cluster // len(CLASSES) % len(SHAPES)]
