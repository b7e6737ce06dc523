"""What a notebook cell returns so that the same cell reads well in a notebook and in a report."""

from __future__ import annotations

import base64
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from arbresearch.core import BadInput, expected
from arbresearch.report.svg import figure_png, figure_svg

__all__ = ["FIGURES_VARIABLE", "FigureDisplay", "HtmlDisplay", "show"]

FIGURES_VARIABLE: Final = "ARB_FIGURES"
"""Environment variable: ``svg`` in reports; anything else gives the PNG that notebooks keep."""


@dataclass(frozen=True, slots=True)
class HtmlDisplay:
    """A piece of HTML with a plain text form."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class FigureDisplay:
    """A finished figure with what it shows in words."""

    figure: Figure
    caption: str
    alt: str

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        del include, exclude
        words = {"alt": self.alt, "caption": self.caption}
        if os.environ.get(FIGURES_VARIABLE) == "svg":
            mime, content = "image/svg+xml", figure_svg(self.figure, self.alt)
        else:
            mime, content = "image/png", base64.b64encode(figure_png(self.figure)).decode("ascii")
        return {mime: content, "text/plain": repr(self)}, {"arbresearch": words}

    def __repr__(self) -> str:
        return f"<figure: {self.alt}>"


def show(drawn: Axes | Figure, *, caption: str = "", alt: str = "") -> FigureDisplay:
    """Wrap a chart for display: PNG in a notebook, inline SVG where ``ARB_FIGURES=svg``.

    Parameters
    ----------
    drawn
        Axes as a ``plot_x`` function returns them, or a whole figure.
    caption
        A line below the figure; none by default, as charts carry their titles.
    alt
        What the figure shows, for readers who do not see it; the titles of its axes by default.
    """
    figure = drawn.figure if isinstance(drawn, Axes) else drawn
    if not isinstance(figure, Figure):
        raise BadInput(expected("figure", "axes or a figure of matplotlib", type(figure).__name__))
    titles = [axes.get_title(loc) for axes in figure.axes for loc in ("left", "center", "right")]
    words = alt or "; ".join(dict.fromkeys(" ".join(title.split()) for title in titles if title)) or "chart"
    return FigureDisplay(figure, caption, words)
