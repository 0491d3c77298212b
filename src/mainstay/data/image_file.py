"""A picture file as pixels, whatever its format holds: turned upright, on white, eight bits a channel.

Pillow is imported here alone, at first use.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import DataError, MissingPackageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["IMAGE_SUFFIXES", "INSTALL", "open_picture", "pillow"]

INSTALL = 'pip install "mainstay[images]"'
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".webp", ".bmp"})

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_MOST_PIXELS = 200_000_000
_WIDE = 65_535 / 255.0


def pillow() -> Any:
    """Return the module ``PIL.Image``.

    Raises
    ------
    MissingPackageError
        With the line that installs it.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPackageError(
            "pictures need the package pillow, which is not installed", where="images", hint=f"Run: {INSTALL}"
        ) from error
    return Image


def open_picture(path: Path, *, most: int | None = None) -> NDArray[np.uint8]:
    """Return the pixels of a picture as sRGB, uint8 of shape (height, width, 3).

    It is turned as its EXIF data say; what is transparent stands on white; 16 bits a channel become 8; CMYK becomes
    RGB; of an animation the first picture is taken. Colour profiles are not applied.

    Parameters
    ----------
    path : Path
        PNG, JPEG, WebP, BMP, GIF or TIFF.
    most : int, optional
        The longest side; a larger picture is made smaller.

    Raises
    ------
    DataError
        When it is no picture, is damaged, has more than 200 million pixels, or pixels that are no colours.
    MissingPackageError
        When Pillow is not installed.
    """
    image_module = pillow()
    where = path.name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on its size, which is looked at here, and on odd metadata
            with image_module.open(path, formats=_FORMATS) as image:
                return _pixels(image, most, where)
    except image_module.UnidentifiedImageError as error:
        hint = "Give PNG, JPEG, WebP or BMP."
        raise DataError("a picture was expected, and it is none", where=where, hint=hint, code="data.image") from error
    except image_module.DecompressionBombError as error:
        raise _too_large(where) from error
    except (OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0] if str(error) else "damaged"
        hint = "Fetch or write it again."
        raise DataError(f"the picture cannot be read ({reason})", where=where, hint=hint, code="data.image") from error


def _too_large(where: str) -> DataError:
    return DataError(
        f"a picture of at most {_MOST_PIXELS // 1_000_000} million pixels was expected, and a larger one came",
        where=where, hint="Make it smaller first.", code="data.image",
    )  # fmt: skip


def _pixels(image: Any, most: int | None, where: str) -> NDArray[np.uint8]:
    from PIL import ImageOps

    if image.width * image.height > _MOST_PIXELS:
        raise _too_large(where)
    if most is not None and image.format == "JPEG":
        image.draft("RGB", (2 * most, 2 * most))  # decodes at a half, a quarter, an eighth: several times as fast
    upright = ImageOps.exif_transpose(image)
    coloured = _coloured(upright, where)
    if most is not None and max(coloured.size) > most:
        share = most / max(coloured.size)
        size = tuple(max(1, round(side * share)) for side in coloured.size)
        coloured = coloured.resize(size, pillow().Resampling.BOX)
    pixels: NDArray[np.uint8] = np.asarray(coloured, np.uint8)
    return pixels


def _coloured(image: Any, where: str) -> Any:
    """Return the picture as 8-bit RGB on white."""
    module = pillow()
    if image.mode.startswith("I;16") or image.mode == "I":
        grey = np.asarray(image).astype(np.float64)
        if grey.min(initial=0) < 0 or grey.max(initial=0) > 65_535:
            raise DataError(
                "colours of 8 or 16 bits were expected, and 32 came", where=where,
                hint="Save it with 8 bits a channel.", code="data.image",
            )  # fmt: skip
        image = module.fromarray(np.rint(grey / _WIDE).astype(np.uint8))
    if image.mode == "F":
        raise DataError(
            "colours of 8 or 16 bits were expected, and pixels are numbers with a fraction", where=where,
            hint="Save it with 8 bits a channel.", code="data.image",
        )  # fmt: skip
    if image.has_transparency_data:
        over = image.convert("RGBA")
        ground = module.new("RGBA", over.size, (255, 255, 255, 255))
        return module.alpha_composite(ground, over).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
