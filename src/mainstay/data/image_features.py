"""A picture in some sixty numbers that a person can read: its colours, where they are, its edges and its texture.

They are for tables: every algorithm for numbers can group pictures, and a profile says "more green, finer detail".
What a picture shows, a dog or a cat, they hardly tell; that takes learned features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.image_colour import srgb_to_lab

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["FEATURES", "picture_features"]

_HUES = ("pink", "red", "orange", "yellow", "green", "turquoise", "blue", "violet")
_EDGES = ("upright", "tilted_22", "tilted_45", "tilted_67", "flat", "tilted_112", "tilted_135", "tilted_157")
_PLACES = tuple(f"{row}_{column}" for row in ("top", "middle", "bottom") for column in ("left", "centre", "right"))
_SCALES = ("finest", "fine", "medium", "coarse")
_PATTERNS = ("light_spot", "light_end", "edge_2", "edge_3", "straight_edge", "edge_5", "edge_6", "dark_end",
             "flat_or_dark_spot", "irregular")  # fmt: skip

FEATURES: tuple[str, ...] = (
    "shape_width_to_height",
    "lightness_mean", "lightness_deviation", "lightness_dark_tenth", "lightness_light_tenth", "lightness_entropy",
    "green_to_red_mean", "green_to_red_deviation", "blue_to_yellow_mean", "blue_to_yellow_deviation",
    "colour_strength_mean", "colour_strength_deviation", "colourfulness", "share_grey",
    *(f"hue_{name}" for name in _HUES),
    *(f"lightness_{place}" for place in _PLACES),
    "centre_more_red", "centre_more_yellow", "centre_more_coloured",
    "edge_strength", "edge_share",
    *(f"edge_{name}" for name in _EDGES),
    *(f"detail_{name}" for name in _SCALES),
    *(f"pattern_{name}" for name in _PATTERNS),
    "mirror_left_right", "mirror_top_bottom",
)  # fmt: skip
"""The names, in their order.

- Lightness is L* of CIELAB, 0 to 100; ``lightness_dark_tenth`` is its 10 % quantile; entropy in bits of 32 steps.
- ``green_to_red`` and ``blue_to_yellow`` are a* and b*; colour strength is chroma, ``share_grey`` the share of pixels
  with a chroma below 8; colourfulness as Hasler and Suesstrunk (2003, doi:10.1117/12.477378).
- ``hue_*``: the share of each of eight hues, pixels weighted by chroma; all 0 in a grey picture.
- ``lightness_top_left`` ...: the lightness of nine fields, less that of the whole picture. ``centre_more_*``: the
  middle ninth less the border.
- ``edge_strength``: the mean slope of lightness a pixel; ``edge_share``: the pixels with a slope above 10;
  ``edge_upright`` ...: the share of each of eight directions (in degrees), weighted by slope.
- ``detail_*``: the deviation of what is lost when 2, 4, 8, 16 pixels are taken together, for pictures of 128 pixels.
- ``pattern_*``: local binary patterns, those that turn into each other taken as one (Ojala and others 2002,
  doi:10.1109/TPAMI.2002.1017623), as shares.
- ``mirror_*``: the correlation of lightness with its mirror image.
"""

_GREY, _STEEP = 8.0, 10.0
_HUE_EDGES = np.array([15.0, 55.0, 80.0, 110.0, 165.0, 225.0, 310.0, 335.0])  # degrees of CIELAB, where each ends


def picture_features(pixels: NDArray[np.uint8]) -> Doubles:
    """Return the numbers of :data:`FEATURES` for a picture.

    Parameters
    ----------
    pixels : uint8 array of shape (height, width, 3)
        sRGB; up to some hundred pixels a side.

    Examples
    --------
    >>> red = np.zeros((8, 8, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    >>> found = dict(zip(FEATURES, picture_features(red).round(2).tolist()))
    >>> found["hue_red"], found["lightness_mean"], found["edge_strength"]
    (1.0, 53.24, 0.0)
    """
    lab = srgb_to_lab(pixels)
    light = lab[..., 0]
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    parts = [
        [np.log2(pixels.shape[1] / pixels.shape[0])],
        _lightness(light),
        _colours(pixels, lab, chroma),
        _hues(lab, chroma),
        _fields(light) - light.mean(),
        _centre(lab, chroma),
        _edges(light),
        _details(light),
        _patterns(light),
        [_correlation(light, light[:, ::-1]), _correlation(light, light[::-1])],
    ]
    return np.concatenate([np.asarray(part, np.float64) for part in parts])


def _lightness(light: Doubles) -> list[float]:
    shares = np.bincount(np.minimum(light.ravel() * 0.32, 31).astype(np.int64), minlength=32) / light.size
    some = shares[shares > 0]
    low, high = np.percentile(light, [10, 90])
    return [float(light.mean()), float(light.std()), float(low), float(high), float(-(some * np.log2(some)).sum())]


def _colours(pixels: NDArray[np.uint8], lab: Doubles, chroma: Doubles) -> list[float]:
    red, green, blue = (pixels[..., place].astype(np.float64) for place in range(3))
    one, two = red - green, 0.5 * (red + green) - blue
    colourful = np.hypot(one.std(), two.std()) + 0.3 * np.hypot(one.mean(), two.mean())
    a, b = lab[..., 1], lab[..., 2]
    found = [a.mean(), a.std(), b.mean(), b.std(), chroma.mean(), chroma.std(), colourful, (chroma < _GREY).mean()]
    return [float(value) for value in found]


def _hues(lab: Doubles, chroma: Doubles) -> Doubles:
    angle = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360.0
    place = np.searchsorted(_HUE_EDGES, angle.ravel(), side="right") % len(_HUES)
    weight = np.where(chroma < _GREY, 0.0, chroma).ravel()
    sums = np.bincount(place, weight, len(_HUES))
    shares: Doubles = sums / max(float(sums.sum()), 1e-9)
    return shares


def _fields(values: Doubles) -> Doubles:
    """Return the means of nine fields, the rows from top to bottom; a picture of a pixel or two repeats its own."""
    cuts = [np.array_split(np.arange(max(3, size)) * size // max(3, size), 3) for size in values.shape]
    return np.array([values[np.ix_(rows, columns)].mean() for rows in cuts[0] for columns in cuts[1]])


def _centre(lab: Doubles, chroma: Doubles) -> list[float]:
    found = []
    for values in (lab[..., 1], lab[..., 2], chroma):
        fields = _fields(values)
        found.append(float(fields[4] - np.delete(fields, 4).mean()))
    return found


def _edges(light: Doubles) -> Doubles:
    wide = np.pad(light, 1, mode="edge")
    across = 0.5 * (wide[1:-1, 2:] - wide[1:-1, :-2])
    down = 0.5 * (wide[2:, 1:-1] - wide[:-2, 1:-1])
    slope = np.hypot(across, down)
    turn = np.arctan2(down, across) % np.pi  # 0 is a change from left to right: an upright edge
    place = np.rint(turn / (np.pi / 8)).astype(np.int64) % 8
    sums = np.bincount(place.ravel(), slope.ravel(), 8)
    shares = sums / max(float(sums.sum()), 1e-9)
    return np.concatenate([[slope.mean(), (slope > _STEEP).mean()], shares])


def _details(light: Doubles) -> list[float]:
    """Return what is lost at each halving; 0 where the picture is too small for more."""
    found, now = [], light
    for _ in _SCALES:
        rows, columns = (size // 2 * 2 for size in now.shape)
        if not rows or not columns:
            found.append(0.0)
            continue
        even = now[:rows, :columns]
        half = 0.25 * (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2])
        found.append(float((even - np.repeat(np.repeat(half, 2, axis=0), 2, axis=1)).std()))
        now = half
    return found


def _patterns(light: Doubles) -> Doubles:
    """Return the shares of local binary patterns by how many neighbours are as light; those of many changes are one."""
    steps = np.round(light * 2.55)  # as coarse as the bytes they come from: no pattern is made of rounding
    wide = np.pad(steps, 1, mode="edge")
    rows, columns = steps.shape
    ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]
    lighter = np.stack([wide[y : y + rows, x : x + columns] >= steps for y, x in ring])
    changes = (lighter != np.roll(lighter, 1, axis=0)).sum(axis=0)
    kind = np.where(changes <= 2, lighter.sum(axis=0), 9)
    shares: Doubles = np.bincount(kind.ravel(), minlength=10) / kind.size
    return shares


def _correlation(one: Doubles, two: Doubles) -> float:
    first, second = one - one.mean(), two - two.mean()
    size = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / size if size > 1e-9 else 1.0
