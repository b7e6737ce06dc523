"""Pages in a real browser: no errors, no requests, no sideways scrolling on a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arbresearch.report import RunCard, StageRow, render_index, render_pipeline
from tests.report.kit import FRAMES, START_NS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Chromium, or skip."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = (os.environ.get("ARB_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium found (install it, or name it in ARB_CHROMIUM)")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=flags)
        yield started
        started.close()


def _visit(browser: Any, path: Path, width: int, scheme: str = "light") -> tuple[list[str], list[str], int]:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    messages: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    return messages, [one for one in requests if not one.startswith("data:") and one != path.as_uri()], wide


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("kind", ["report", "index", "pipeline"])
def test_page_is_quiet_and_fits(browser: Any, page: str, tmp_path: Path, kind: str, width: int) -> None:
    long = "a verdict of some length that has to wrap, about LUNC/USDT:USDT and a_name_without_any_break_" * 2
    if kind == "index":
        cards = [
            RunCard(f"{n}_a_long_name_of_a_report", "r", f"x/r{n}/report.html", START_NS, 3.0, "ok", long)
            for n in range(4)
        ]
        page = render_index(cards, updated_ns=START_NS)
    elif kind == "pipeline":
        rows = [
            StageRow(f"stage_{n}", "10_discovery", "failed", long, 3.0, depends=["a", "b"], parameters=long)
            for n in range(4)
        ]
        page = render_pipeline(
            "demo",
            rows,
            doc=long,
            started_ns=START_NS,
            seconds=9.0,
            status="failed",
            verdict=long,
            manifest="{" + "x" * 500 + "}",
        )
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    messages, requests, wide = _visit(browser, path, width, "dark" if width == 1280 else "light")
    assert messages == []
    assert requests == []
    assert wide <= width


def test_figures_show_and_scale(browser: Any, page: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    context = browser.new_context(viewport={"width": 390, "height": 844})
    tab = context.new_page()
    tab.goto(path.as_uri())
    boxes = tab.evaluate(
        "[...document.querySelectorAll('figure svg')].map(one => one.getBoundingClientRect().toJSON())"
    )
    context.close()
    assert len(boxes) == len(FRAMES)
    assert all(300 < box["width"] <= 390 and 120 < box["height"] < 600 for box in boxes)
