"""A picture as a notebook shows it and a file keeps it: static, so that it needs neither a network nor a script."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainstay.contracts.errors import UsageError

__all__ = ["Picture"]

_SHARP = 2.0  # pixels of a PNG for each of the picture


@dataclass(frozen=True, repr=False)
class Picture:
    """A picture of a report, drawn without a browser.

    A notebook shows it as it is. An Altair chart by itself would load its drawing program from the network.

    Parameters
    ----------
    name : str
    chart : altair chart
        To change it, or to build on it.

    Examples
    --------
    >>> from mainstay.evaluate.charts import class_balance_chart
    >>> Picture("balance", class_balance_chart({"No": 3, "Yes": 1})).svg()[:4]
    '<svg'
    """

    name: str
    chart: Any

    def svg(self) -> str:
        """Return the picture as SVG, on white: its words are dark, and a notebook may be dark too."""
        from mainstay.evaluate.charts import svg

        return svg(self._on_white(), name=self.name, words=self.name)

    def save(self, path: str | Path) -> Path:
        """Write ``.svg`` or ``.png``.

        Raises
        ------
        UsageError
            When the file ends otherwise or cannot be written.
        """
        place = Path(path)
        try:
            content = {".svg": lambda: self.svg().encode(), ".png": self._png}[place.suffix.lower()]()
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        except KeyError:
            raise UsageError(
                f"a picture is written as .svg or .png, and {place.name!r} came", where=str(place)
            ) from None
        except OSError as error:
            raise UsageError(f"the picture could not be written ({error.strerror})", where=str(place)) from error
        return place

    def _on_white(self) -> Any:
        return self.chart.properties(background="white")

    def _png(self) -> bytes:
        import vl_convert

        spec = self._on_white().to_dict(validate=False)
        return bytes(vl_convert.vegalite_to_png(spec, scale=_SHARP, allowed_base_urls=[]))

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"<picture {self.name!r}: save it as .svg or .png; .chart is the Altair chart>"
