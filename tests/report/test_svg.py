"""Figures as text: the same twice, nothing fetched, ids that do not meet on one page."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest

from arbresearch.core import BadInput
from arbresearch.report import draw, external_references, show
from arbresearch.report.svg import figure_svg, scope_ids, strip_svg
from arbresearch.report.theme import context
from tests.report.kit import FRAMES


def _svg(name: str) -> str:
    return figure_svg(draw(name, FRAMES[name]).figure)


@pytest.mark.parametrize("name", ["edge_over_time", "episodes", "venue_matrix"])
def test_same_figure_same_text(name: str) -> None:
    assert _svg(name) == _svg(name)


def test_svg_stands_alone() -> None:
    text = _svg("episodes")
    ET.fromstring(text)
    assert text.startswith("<svg ")
    assert "<style" not in text
    assert "<metadata" not in text
    assert "matplotlib.org" not in text
    assert "<text" in text
    assert "data:image/png;base64," in text
    assert external_references(text) == []


def test_scoped_ids_and_references_agree() -> None:
    text = scope_ids(_svg("edge_over_time"), "c7o0-")
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert all(one.startswith("c7o0-") for one in ids)
    used = set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text))
    assert used
    assert used <= set(ids)


def test_strip_removes_what_runs() -> None:
    hostile = (
        '<?xml version="1.0"?><!DOCTYPE svg><svg width="9pt" height="9pt" viewBox="0 0 9 9" onload="x()">'
        "<style>*{color:red}</style><script>x()</script><g/></svg>"
    )
    assert strip_svg(hostile) == ('<svg stroke-linejoin="round" stroke-linecap="butt" viewBox="0 0 9 9"><g/></svg>')


def test_theme_does_not_leak() -> None:
    before = mpl.rcParams["svg.fonttype"]
    with context():
        assert mpl.rcParams["svg.fonttype"] == "none"
    assert mpl.rcParams["svg.fonttype"] == before


def test_show_gives_png_in_notebooks_and_svg_in_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARB_FIGURES", raising=False)
    shown = show(draw("survival", FRAMES["survival"]), caption="below")
    data, metadata = shown._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert "image/svg+xml" not in data
    assert metadata["arbresearch"] == {"alt": "How long an edge lasts", "caption": "below"}
    monkeypatch.setenv("ARB_FIGURES", "svg")
    data, _ = shown._repr_mimebundle_()
    assert data["image/svg+xml"].startswith("<svg ")
    assert "image/png" not in data
    with pytest.raises(BadInput, match="axes or a figure of matplotlib, was str"):
        show("x")  # type: ignore[arg-type]
