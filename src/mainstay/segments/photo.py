"""A photo in a few colours: which there are, how much of each, and the picture drawn with them alone.

Pixels of one colour are one row with a weight, which is exact: K-means of twelve million pixels and of their different
colours are the same, and the latter are ten to a hundred times fewer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.image_colour import lab_to_srgb, srgb_to_lab
from mainstay.data.image_file import open_picture, pillow
from mainstay.learners.cluster.choose_k import choose_k
from mainstay.learners.cluster.kmeans_path import kmeans_path
from mainstay.segments.settings import Wanted, read_k

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.choose_k import Choice
    from mainstay.learners.cluster.kmeans_path import KMeansPath

    Doubles = NDArray[np.float64]

__all__ = ["ColourSpace", "CurvePoint", "PhotoSegments", "segment_photo"]

ColourSpace = Literal["lab", "rgb"]

_MOST_COLOURS = 256
_EXPLAINED = 0.9
_TABLE_FROM = 1_000_000
_SUFFIXES = {".png": "PNG", ".webp": "WEBP", ".bmp": "BMP", ".gif": "GIF", ".jpg": "JPEG", ".jpeg": "JPEG"}


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One number of colours.

    Parameters
    ----------
    k : int
    inertia : float
        Sum over all pixels of the squared distance to the nearest of the k colours, in the colour space used.
    explained : float
        By how much that is less than with one colour, as a share: 0 to 1.
    silhouette : float
        Simplified silhouette; NaN for one colour.
    """

    k: int
    inertia: float
    explained: float
    silhouette: float


@dataclass(frozen=True, slots=True)
class PhotoSegments:
    """A photo in a few colours.

    Parameters
    ----------
    labels : uint8 array of shape (height, width)
        Which colour each pixel has, 0 for the most frequent.
    colours : int64 array of shape (k, 3)
        sRGB, 0 to 255: the mean colours.
    shares : float64 array of shape (k,)
        Of the pixels; falling.
    curve : tuple of CurvePoint
        One for each number of colours up to the most that was looked at.
    sentence : str
        Why it is this number, in plain words.
    different : int
        How many different colours the photo had.
    space : {"lab", "rgb"}
        In which distances were measured.
    choice : Choice, optional
        The evidence, where the number was found.
    """

    labels: NDArray[np.uint8]
    colours: NDArray[np.int64]
    shares: Doubles
    curve: tuple[CurvePoint, ...]
    sentence: str
    different: int
    space: ColourSpace
    choice: Choice | None = field(default=None, repr=False)

    @property
    def k(self) -> int:
        """How many colours there are."""
        return len(self.colours)

    @property
    def names(self) -> tuple[str, ...]:
        """The colours as the web writes them: ``"#ff8000"``."""
        return tuple("#" + "".join(f"{value:02x}" for value in colour) for colour in self.colours.tolist())

    def image(self) -> NDArray[np.uint8]:
        """Return the photo in these colours, uint8 of shape (height, width, 3)."""
        drawn: NDArray[np.uint8] = self.colours.astype(np.uint8)[self.labels]
        return drawn

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the photo in these colours; a PNG with a palette of k colours is some kilobytes.

        Raises
        ------
        UsageError
            When the name does not end in .png, .webp, .bmp, .gif or .jpg.
        DataError
            When the file cannot be written.
        MissingPackageError
            When Pillow is not installed.
        """
        target = Path(path)
        kind = _SUFFIXES.get(target.suffix.lower())
        if kind is None:
            raise UsageError(
                f"a picture is written as {', '.join(_SUFFIXES)}, and {target.name!r} was asked for", where="output",
                hint="Name it out.png.",
            )  # fmt: skip
        drawn = pillow().fromarray(self.labels)
        drawn.putpalette(self.colours.astype(np.uint8).tobytes())
        try:
            if kind in ("PNG", "GIF", "BMP"):
                drawn.save(target, kind, optimize=kind == "PNG")
            else:
                drawn.convert("RGB").save(target, kind, quality=95)
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(f"the picture cannot be written ({reason})", where=str(target)) from error

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data: no pixels, and None where a criterion does not apply."""
        height, width = self.labels.shape
        return {
            "k": self.k,
            "verdict": self.choice.verdict if self.choice else None,
            "sentence": self.sentence,
            "width": width,
            "height": height,
            "different_colours": self.different,
            "space": self.space,
            "colours": [
                {"colour": name, "rgb": colour, "share": share}
                for name, colour, share in zip(self.names, self.colours.tolist(), self.shares.tolist(), strict=True)
            ],
            "curve": [
                {
                    "k": point.k, "inertia": point.inertia, "explained": point.explained,
                    "silhouette": None if np.isnan(point.silhouette) else point.silhouette,
                }
                for point in self.curve
            ],
        }  # fmt: skip


def segment_photo(
    photo: str | os.PathLike[str] | NDArray[np.uint8],
    *,
    k: int | str | Sequence[int] = "auto",
    k_max: int = 16,
    space: ColourSpace = "lab",
    seed: int = 0,
    deadline: Deadline | None = None,
) -> PhotoSegments:
    """Group the pixels of a photo by colour, without loss: every pixel counts.

    Parameters
    ----------
    photo : path or uint8 array of shape (height, width, 3) or (height, width)
        A PNG, JPEG, WebP, BMP, GIF or TIFF file (see :func:`mainstay.data.image_file.open_picture` for what becomes
        of transparency, 16 bits and animations), or pixels in sRGB.
    k : int, "auto" or range such as "2..6", default "auto"
        How many colours; of a range the one that "auto" takes, or the nearest to it.
        "auto" takes all where there are no more than ``k_max``, else the one clear number that
        :func:`mainstay.learners.cluster.choose_k.choose_k` finds. Where none is clear, for in most photos colours flow
        into each other, it is the least with which nine tenths of the differences between pixels are told, not
        below the knee of the curve.
    k_max : int, default 16
        The most that "auto" looks at; up to 256.
    space : {"lab", "rgb"}, default "lab"
        Where distances are measured: in CIELAB they are about those that people see.
    seed : int, default 0
    deadline : Deadline, optional
        When it is over, colours are less polished.

    Raises
    ------
    UsageError
        When k is neither "auto" nor a number from 1 to 256 nor a range of such, or more than the photo has
            different colours.
    DataError
        When the photo cannot be read, or has no pixels.
    MissingPackageError
        When Pillow is not installed and a file is given.

    Examples
    --------
    >>> flag = np.zeros((20, 30, 3), np.uint8) + 255
    >>> flag[:, 20:] = [200, 0, 0]
    >>> found = segment_photo(flag, k=2)
    >>> found.names, found.shares.round(2).tolist()
    (('#ffffff', '#c80000'), [0.67, 0.33])
    """
    wanted = _wanted(k, k_max, space)
    given = wanted.given
    pixels = _pixels(photo)
    keys = _keys(pixels)
    codes, counts = _different(keys)
    if wanted.low is not None and wanted.low > len(codes):
        raise UsageError(
            f"{wanted.low} colours were asked for, and the photo has {len(codes)}", where="k",
            hint=f"Ask for at most {len(codes)}.",
        )  # fmt: skip
    weights = counts.astype(np.float64)
    places = _place(codes, space)
    longest = min(wanted.high or k_max, len(codes))
    path = kmeans_path(places, longest, sample_weight=weights, seed=seed, deadline=deadline)
    choice = None
    if given is None and len(codes) > longest:
        choice = choose_k(path, places, sample_weight=weights, seed=seed, deadline=deadline)
    number, sentence = _within(*_number(path, choice, given), wanted)
    return _drawn(
        keys, codes, counts, path, space=space, number=number, sentence=sentence, choice=choice, places=places
    )


def _wanted(k: int | str | Sequence[int], k_max: int, space: str) -> Wanted:
    """Return how many colours are asked for."""
    if space not in ("lab", "rgb"):
        raise UsageError(f"the colour space is lab or rgb, and {space!r} came", where="space")
    if isinstance(k_max, bool) or not isinstance(k_max, int) or not 1 <= k_max <= _MOST_COLOURS:
        raise UsageError(f"k_max is a number from 1 to {_MOST_COLOURS}, and {k_max!r} came", where="k_max")
    try:
        wanted = Wanted.of(read_k(k))
    except UsageError:
        wanted = Wanted(0, 0)
    if isinstance(k, bool) or (wanted.high is not None and not 1 <= wanted.high <= _MOST_COLOURS):
        raise UsageError(
            f"k is auto, a number from 1 to {_MOST_COLOURS} or a range of such, and {k!r} came", where="k",
            hint="Write auto, 5 or 2..6.",
        )  # fmt: skip
    return wanted


def _within(number: int, sentence: str, wanted: Wanted) -> tuple[int, str]:
    """Return the number within the range that was asked for, and say so where it is another."""
    if wanted.low is None or wanted.high is None or wanted.low <= number <= wanted.high:
        return number, sentence
    nearest = max(wanted.low, min(number, wanted.high))
    return nearest, f"{sentence} Of {wanted.low} to {wanted.high} colours, as asked for, {nearest} is nearest to that."


def _pixels(photo: str | os.PathLike[str] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    if isinstance(photo, (str, os.PathLike)):
        path = Path(photo).expanduser()
        if not path.is_file():
            what = "a picture file was expected, and a folder came" if path.is_dir() else "there is no such file"
            raise DataError(what, where=str(path), hint="Give the path of one picture.", code="data.missing_file")
        return open_picture(path)
    pixels = np.asarray(photo)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise DataError(
            f"uint8 pixels of shape (height, width, 3) were expected, and {pixels.dtype} of shape {pixels.shape} came",
            where="photo", hint="Turn them into sRGB of 8 bits.",
        )  # fmt: skip
    if not pixels.size:
        raise DataError("the photo has no pixels", where="photo", hint="Give at least one.")
    return np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels


def _keys(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the colour of each pixel as one whole number."""
    keys = pixels[:, :, 0].astype(np.int32)
    for channel in (1, 2):
        keys <<= 8
        keys |= pixels[:, :, channel]
    return keys


def _different(keys: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different colours, ascending, and how many pixels have each."""
    if keys.size < _TABLE_FROM:
        found, counts = np.unique(keys, return_counts=True)
        return found.astype(np.int64), counts.astype(np.int64)
    whole = np.bincount(keys.ravel())
    codes = np.flatnonzero(whole)
    return codes.astype(np.int64), whole[codes].astype(np.int64)


def _place(codes: NDArray[np.int64], space: ColourSpace) -> Doubles:
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)
    return srgb_to_lab(colours) if space == "lab" else colours.astype(np.float64)


def _number(path: KMeansPath, choice: Choice | None, wanted: int | None) -> tuple[int, str]:
    """Return how many colours to take, and why."""
    if choice is None:
        many = f"{len(path)} colours" if len(path) > 1 else "one colour"
        return len(path), "The number was given." if wanted else f"The photo has {many}, and no others."
    if choice.verdict == "one clear k":
        return choice.k, choice.sentence
    enough = next((fit.k for fit in path if fit.inertia <= (1.0 - _EXPLAINED) * path[1].inertia), len(path))
    number, knee = max(enough, choice.knee or 1), f", and the curve bends at {choice.knee}" if choice.knee else ""
    told = 1.0 - path[number].inertia / path[1].inertia
    return number, (
        "Its colours flow into each other, as in most photos, and no number of groups stands out: "
        f"{number} tell {told:.0%} of the differences between pixels{knee}."
    )


def _drawn(
    keys: NDArray[np.int32],
    codes: NDArray[np.int64],
    counts: NDArray[np.int64],
    path: KMeansPath,
    *,
    space: ColourSpace,
    number: int,
    sentence: str,
    choice: Choice | None,
    places: Doubles,
) -> PhotoSegments:
    labels = path.labels(places, number)
    sizes = np.bincount(labels, counts, number)
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    rank = np.zeros(number, np.uint8)
    rank[order] = np.arange(len(order))
    centres = path[number].centres[order]
    colours = lab_to_srgb(centres) if space == "lab" else np.rint(np.clip(centres, 0, 255)).astype(np.uint8)
    table = np.zeros(int(codes[-1]) + 1, np.uint8)
    table[codes] = rank[labels]
    first = path[1].inertia or 1.0
    curve = tuple(CurvePoint(fit.k, fit.inertia, 1.0 - fit.inertia / first, fit.silhouette) for fit in path)
    return PhotoSegments(
        labels=table[keys],
        colours=colours.astype(np.int64),
        shares=sizes[order] / sizes.sum(),
        curve=curve,
        sentence=sentence,
        different=len(codes),
        space=space,
        choice=choice,
    )
