"""How every chart looks: colours that colour-blind readers tell apart, sizes for paper and phone, fixed output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

__all__ = ["BAD", "DIVERGING", "GRID", "INK", "MUTED", "PALETTE", "SEQUENTIAL", "context", "new_axes", "panels"]

PALETTE: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a6a00")
"""Series colours, from Okabe and Ito (2008), Color Universal Design; its yellow is darkened to read on white."""

INK: Final = "#24313f"
MUTED: Final = "#5d6b7a"
GRID: Final = "#dde3ea"
BAD: Final = "#b8c2cc"
"""What missing data are drawn in."""

DIVERGING: Final[Colormap] = LinearSegmentedColormap.from_list(
    "arb_diverging", ["#a63f00", "#e88a4f", "#f8f8f6", "#5fa8d3", "#00558a"]
)
SEQUENTIAL: Final[Colormap] = LinearSegmentedColormap.from_list(
    "arb_sequential", ["#e6f0f7", "#7db8da", "#0072b2", "#003f66"]
)

WIDTH_IN: Final = 5.8
HEIGHT_IN: Final = 3.1

_RC: Final[dict[Any, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.0,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.4,
    "lines.solid_joinstyle": "round",
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "arbresearch",
    "svg.image_inline": True,
    "text.color": INK,
    "timezone": "UTC",
    "xtick.color": MUTED,
    "xtick.labelsize": 9.5,
    "ytick.color": MUTED,
    "ytick.labelsize": 9.5,
}


@contextmanager
def context() -> Iterator[None]:
    """Draw and save under this theme; what was set before returns at the end.

    It starts from the defaults of matplotlib, so that no user's ``matplotlibrc`` changes a report.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def new_axes(height_in: float = HEIGHT_IN, width_in: float = WIDTH_IN) -> Axes:
    """Return the axes of a new figure, sizes in inches; no window and no global figure is made."""
    return panels(1, height_in=height_in, width_in=width_in)[0]


def panels(count: int, height_in: float = HEIGHT_IN, width_in: float = WIDTH_IN) -> list[Axes]:
    """Return ``count`` axes below one another in one new figure, each ``height_in`` inches high."""
    with context():
        figure = Figure(figsize=(width_in, height_in * count), layout="constrained")
        return [figure.add_subplot(count, 1, position + 1) for position in range(count)]
