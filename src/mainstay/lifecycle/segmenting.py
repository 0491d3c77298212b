"""The verb that divides a picture into its main colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mainstay.compute.clock import Clock, parse_seconds
from mainstay.compute.interrupt import hold_interrupts
from mainstay.contracts.events import silent
from mainstay.lifecycle.grouped import SegmentResult
from mainstay.lifecycle.outputs import check_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mainstay.contracts.events import Listener
    from mainstay.segments.photo import ColourSpace

__all__ = ["segment"]

_ENDINGS = (".png", ".webp", ".bmp", ".gif", ".jpg", ".jpeg")


def segment(
    photo: Any,
    *,
    k: str | int | Sequence[int] = "auto",
    space: str = "lab",
    seed: int = 0,
    time_budget: str | float | Clock | None = "60s",
    out: str | Path | Sequence[str | Path] = (),
    listener: Listener = silent,
) -> SegmentResult:
    """Divide a picture into its main colours.

    Every pixel counts: pixels of one colour are one row with a weight, which is exact.

    Parameters
    ----------
    photo : path or uint8 array of shape (height, width, 3) or (height, width)
        A picture file, or pixels in sRGB.
    k : str, int or pair of int, default "auto"
        How many colours, up to 256: found, given, or found in a range such as ``"2..6"``.
    space : {"lab", "rgb"}, default "lab"
        Where colours are compared: as an eye sees them, or as a screen mixes them.
    seed : int, default 0
    time_budget : str, float or Clock, default "60s"
    out : path or sequence of paths
        Where the picture is written with each pixel in the colour of its group: ``.png`` and other usual endings.
    listener : callable
        Is told what happens.

    Returns
    -------
    SegmentResult
        ``.labels``, ``.pixels``, ``.to_dict()``, ``.save(path)``.

    Raises
    ------
    MainstayError
        A sentence for everything that can go wrong.

    Examples
    --------
    >>> import mainstay
    >>> import numpy as np
    >>> flag = np.full((20, 30, 3), 255, np.uint8)
    >>> flag[:, 20:] = [200, 0, 0]
    >>> found = mainstay.segment(flag, k=2)
    >>> [(one["colour"], round(one["share"], 2)) for one in found.to_dict()["colours"]]
    [('#ffffff', 0.67), ('#c80000', 0.33)]
    """
    from mainstay.compute.around import Around
    from mainstay.segments.photo import segment_photo

    clock = time_budget if isinstance(time_budget, Clock) else Clock(parse_seconds(time_budget))
    places = check_outputs(out, _ENDINGS)
    with hold_interrupts() as held:
        around = Around(clock, listener, held)
        around.begin("colours")
        found = segment_photo(photo, k=k, space=cast("ColourSpace", space), seed=seed, deadline=around.part(0.8))
        for place in places:
            found.save(place)
    figures = {
        **found.to_dict(),
        "outputs": [str(place) for place in places],
        "seconds": round(clock.elapsed(), 2),
    }
    return SegmentResult(figures, found, around.interrupted)
