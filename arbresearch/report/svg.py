"""Figures as text: the same figure gives the same SVG, and several live on one page."""

from __future__ import annotations

import io
import re
from html import escape
from typing import Final

from matplotlib.figure import Figure

from arbresearch.report import theme

__all__ = ["figure_png", "figure_svg", "scope_ids", "strip_svg"]

_FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
_VARIABLES: Final = {theme.INK: "--ink", theme.MUTED: "--muted", theme.GRID: "--line"} | {
    colour: f"--series-{number}" for number, colour in enumerate(theme.PALETTE[:3])
}

_PROLOG = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<script\b.*?</script\s*>",
    re.DOTALL | re.IGNORECASE,
)
_STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.DOTALL | re.IGNORECASE)
_HANDLER = re.compile(r"\son[a-z]+\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_ID = re.compile(r"(?<=\sid=\")([^\"]+)(?=\")")
_LINK = re.compile(r"(?<=href=\"#)([^\"]+)(?=\")|(?<=url\(#)([^)]+)(?=\))")
_SIZE = re.compile(r"(<svg\b[^>]*?)\s+width=\"[^\"]*\"|(<svg\b[^>]*?)\s+height=\"[^\"]*\"")
_FAMILY = re.compile(r"'DejaVu Sans'(?:, [^;\"]*)?")


def figure_svg(figure: Figure, title: str = "") -> str:
    """Return a figure as one ``<svg>`` element.

    The output depends on the figure alone: no date, no random ids. Text stays text in the reader's own sans-serif
    font, and the theme's ink, muted, grid and first series colours become CSS variables with themselves as fall-back,
    so that a page may turn them for a dark screen.
    """
    target = io.StringIO()
    with theme.context():
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    text = strip_svg(target.getvalue())
    text = _FAMILY.sub(_FONT, text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(f": {colour}", f": var({variable}, {colour})")
    opening = text.index(">") + 1
    label = f"<title>{escape(title)}</title>" if title else ""
    return text[:opening] + label + text[opening:]


def figure_png(figure: Figure, dpi: int = 110) -> bytes:
    """Return a figure as PNG on white, for notebooks."""
    target = io.BytesIO()
    with theme.context():
        figure.savefig(target, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return target.getvalue()


def strip_svg(text: str) -> str:
    """Reduce an SVG document to its element: no prolog, metadata, script, page-wide style or event handler.

    Width and height go too: the ``viewBox`` remains, so that the figure fills the box it is put into.
    """
    text = _HANDLER.sub("", _STYLE.sub("", _PROLOG.sub("", text)))
    text = text[text.index("<svg") :].strip()
    for _ in range(2):
        text = _SIZE.sub(lambda found: found[1] or found[2], text, count=1)
    return text.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)


def scope_ids(text: str, prefix: str) -> str:
    """Put ``prefix`` before every id of an SVG and before every reference to one."""
    text = _ID.sub(lambda found: prefix + found[1], text)
    return _LINK.sub(lambda found: prefix + (found[1] or found[2]), text)
