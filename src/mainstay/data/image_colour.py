"""Colours as people see them: sRGB to CIELAB and back, in which equal distances look about equally different.

IEC 61966-2-1 for sRGB, CIE 15 for L*a*b* with the white of D65 and the standard observer of 2 degrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["lab_to_srgb", "srgb_to_lab"]

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)
_BEND, _SLOPE = (6 / 29) ** 3, (29 / 6) ** 2 / 3
_STEPS = np.arange(256) / 255.0
_LINEAR = np.where(_STEPS <= 0.04045, _STEPS / 12.92, ((_STEPS + 0.055) / 1.055) ** 2.4)


def srgb_to_lab(colours: NDArray[np.uint8]) -> Doubles:
    """Return L* (0 to 100), a* (green to red) and b* (blue to yellow) of 8-bit sRGB colours, shape (..., 3).

    Examples
    --------
    >>> srgb_to_lab(np.array([[255, 255, 255], [255, 0, 0]], np.uint8)).round(1).tolist()
    [[100.0, 0.0, 0.0], [53.2, 80.1, 67.2]]
    """
    relative = (_LINEAR[colours] @ _TO_XYZ.T) / _WHITE
    bent = np.where(relative > _BEND, np.cbrt(relative), _SLOPE * relative + 4.0 / 29.0)
    x, y, z = bent[..., 0], bent[..., 1], bent[..., 2]
    lab: Doubles = np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)
    return lab


def lab_to_srgb(lab: Doubles) -> NDArray[np.uint8]:
    """Return the nearest 8-bit sRGB colours; what lies outside of sRGB is held to its edge.

    Examples
    --------
    >>> lab_to_srgb(np.array([[53.24, 80.09, 67.2], [100.0, 0.0, 0.0]])).tolist()
    [[255, 0, 0], [255, 255, 255]]
    """
    y = (lab[..., 0] + 16.0) / 116.0
    bent = np.stack([y + lab[..., 1] / 500.0, y, y - lab[..., 2] / 200.0], axis=-1)
    relative = np.where(bent > 6 / 29, bent**3, (bent - 4.0 / 29.0) / _SLOPE)
    linear = np.clip((relative * _WHITE) @ np.linalg.inv(_TO_XYZ).T, 0.0, 1.0)
    values = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    colours: NDArray[np.uint8] = np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)
    return colours
