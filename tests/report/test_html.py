"""The page of a run: complete, self-contained, safe, and within its size."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest

from arbresearch.report import RunCard, external_references, render_index, render_redirect, render_report
from arbresearch.report.definitions import DEFINITIONS, used_definitions
from arbresearch.report.html import MAX_BYTES
from arbresearch.report.sanitize import clean_html, markdown_html, strip_ansi
from tests.report.kit import FRAMES, START_NS, header


def _notebook(*cells: Any) -> Any:
    return nbformat.v4.new_notebook(cells=list(cells))


def test_page_is_self_contained_and_small(page: str) -> None:
    assert external_references(page) == []
    assert len(page.encode()) < MAX_BYTES
    assert "<script" not in page
    assert "onclick" not in page
    assert "default-src 'none'" in page


def test_ids_are_unique_on_the_page(page: str) -> None:
    ids = re.findall(r'<[a-zA-Z][^>]*?\sid="([^"]+)"', page)
    assert len(ids) > 50
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
    assert used <= set(ids)


def test_same_input_same_bytes(executed: Any, page: str) -> None:
    assert render_report(executed, header()).html == page


def test_page_says_everything_about_the_run(page: str) -> None:
    for words in (
        "<h1>How far apart are two venues?</h1>",
        "2025-10-06 00:00:00 UTC",
        "took 1 min 15 s",
        "0123456789ab",
        "LUNC/USDT",
        "mexc, gate",
        "! caution",
        "Selling on MEXC pays 3.4 bps net.",
        "2.9 to 3.8",
        '<h2 id="definitions">',
        "<dt>survival</dt>",
        "&#34;10_discovery&#34;",
        "(https://example.org/x)",
        "<summary>Messages</summary><pre>UserWarning: mind this",
    ):
        assert words in page, words
    assert page.count("<h1>") == 1
    assert page.count("<figure") == len(FRAMES)


def test_order_is_header_verdict_parameters_body_definitions_manifest(page: str) -> None:
    marks = ["<h1>", 'class="verdict', "Parameters</summary>", 'id="part-', 'id="definitions"', 'id="manifest"']
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)


def test_failure_page_shows_the_traceback() -> None:
    error = nbformat.v4.new_output(
        "error", ename="ValueError", evalue="no <b>", traceback=["\x1b[0;31mValueError\x1b[0m: no <b>"]
    )
    notebook = _notebook(nbformat.v4.new_code_cell("f()", outputs=[error]), nbformat.v4.new_code_cell("never()"))
    failed = header(
        status="failed",
        verdict="",
        failure="cell 1 of 2 (f()): ValueError: no <b>",
        traceback="line 1\nValueError: no <b>",
    )
    page = render_report(notebook, failed).html
    assert 'class="verdict failed"' in page
    assert "<strong>cell 1 of 2 (f()): ValueError: no &lt;b&gt;</strong>" in page
    assert '<pre class="error">line 1\nValueError: no &lt;b&gt;</pre>' in page
    assert "\x1b" not in page
    assert "Net edge" not in page.split('class="meta"')[0]
    assert external_references(page) == []


def test_largest_outputs_are_left_out_until_it_fits() -> None:
    big = nbformat.v4.new_output("display_data", {"image/png": "A" * 60_000})
    bigger = nbformat.v4.new_output("display_data", {"image/png": "A" * 90_000})
    notebook = _notebook(
        nbformat.v4.new_code_cell("one()", outputs=[big]), nbformat.v4.new_code_cell("two()", outputs=[bigger])
    )
    page = render_report(notebook, header(), max_bytes=100_000)
    assert len(page.html.encode()) <= 100_000
    assert len(page.warnings) == 1
    assert re.search(
        r"expected a page of at most 0.1 MB, was 0.2 MB; left out the image/png output of cell 2 \(0.09 MB\)",
        page.warnings[0],
    )
    assert "Left out: 0.09 MB" in page.html
    assert 'src="data:image/png' in page.html


def test_blank_lines_in_code_survive() -> None:
    page = render_report(_notebook(nbformat.v4.new_code_cell("a = 1\n\n\nb = 2")), header()).html
    assert "a = 1\n\n\nb = 2" in page


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<img src="https://example.org/a.png">', ["img src=https://example.org/a.png"]),
        ('<img src="a.png">', ["img src=a.png"]),
        ('<img srcset="data:x 1x, //e.org/b.png 2x">', ["img srcset=//e.org/b.png 2x"]),
        ('<script src="x.js"></script>', ["script src=x.js"]),
        ('<link rel="stylesheet" href="x.css">', ["link href=x.css"]),
        (
            "<style>@import 'x.css'; b { background: url(//e.org/y) }</style>",
            ["style css=//e.org/y", "style css=x.css"],
        ),
        ("<p style=\"background:url( 'http://e.org/x' )\">", ["p css=http://e.org/x"]),
        ('<use xlink:href="other.svg#a"/>', ["use xlink:href=other.svg#a"]),
        ('<rect fill="url(http://e.org/f.svg#g)"/>', ["rect css=http://e.org/f.svg#g"]),
        ('<a href="https://example.org">', ["a href=https://example.org"]),
        ('<a href="/etc">', ["a href=/etc"]),
        ('<meta http-equiv="refresh" content="0; url=http://e.org">', ["meta refresh=http://e.org"]),
        ('<iframe srcdoc="x"></iframe>', ["iframe srcdoc"]),
        ('<form action="x">', ["form action=x"]),
        ('<a href="../index.html"><img src="data:image/png;base64,AA"></a><use xlink:href="#a"/>', []),
        ('<style>b { background: url("data:image/png;base64,AA"); clip-path: url(#a) }</style>', []),
        ('<meta http-equiv="refresh" content="0; url=run/report.html"><link rel="icon" href="data:,">', []),
        ("<pre>url(http://e.org) src=http://e.org</pre>", []),
    ],
)
def test_external_references(html: str, found: list[str]) -> None:
    assert external_references(html) == found


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("<b>x</b><script>alert(1)</script>y", "<b>x</b>y"),
        ("<style>p{}</style><p style='x' id='a' onclick='b'>t</p>", "<p>t</p>"),
        ("<div><p>open", "<div><p>open</p></div>"),
        ("</div>stray", "stray"),
        ('<a href="javascript:x()">t</a>', "<span>t</span>"),
        (
            '<a href="https://e.org/?a=1&b=2">t</a>',
            '<span>t <span class="address">(https://e.org/?a=1&amp;b=2)</span></span>',
        ),
        ('<a href="#part">t</a>', '<a href="#part">t</a>'),
        ('<img src="http://e.org/x.png" alt="a<b">', '<span class="note">[image: a&lt;b]</span>'),
        ('<img src="data:image/png;base64,AA" alt="x">', '<img alt="x" src="data:image/png;base64,AA">'),
        ("1 &lt; 2 &amp; 3", "1 &lt; 2 &amp; 3"),
        ("<iframe src='x'>inside</iframe>after", "after"),
    ],
)
def test_clean_html(given: str, kept: str) -> None:
    assert clean_html(given) == kept


def test_markdown_has_tables_but_no_raw_html() -> None:
    assert "<td>1</td>" in markdown_html("| a |\n|---|\n| 1 |")
    assert "<script>" not in markdown_html("<script>x()</script>")
    assert markdown_html("$x$ and **b**") == "<p>$x$ and <strong>b</strong></p>\n"


def test_ansi_is_removed() -> None:
    assert strip_ansi("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07") == "red link"


def test_definitions_are_those_used() -> None:
    found = used_definitions("Two Episodes above 5 bps; the crossed\nbooks are counted.")
    assert list(found) == ["basis point", "crossed book", "episode"]
    assert used_definitions("the edges of it, no headers") == {"edge": DEFINITIONS["edge"]}


def _card(name: str, second: int, status: str, verdict: str = "v") -> RunCard:
    return RunCard(name, f"r{second}", f"{name}/r{second}/report.html", START_NS + second * 10**9, 1.0, status, verdict)


def test_index_newest_first_with_the_last_good_run_on_top() -> None:
    cards = [
        _card("a", 1, "ok", "good a"),
        _card("a", 3, "failed", "broke <b>"),
        _card("b", 2, "warn"),
        _card("c", 0, "failed"),
    ]
    page = render_index(cards, updated_ns=START_NS)
    top, below = page.split("All runs, newest first")
    assert re.findall(r'href="(\w/r\d)/report.html"', below) == ["a/r3", "b/r2", "a/r1", "c/r0"]
    assert re.findall(r'class="card (\w+)" href="(\w/r\d)/', top) == [
        ("ok", "a/r1"),
        ("warn", "b/r2"),
        ("failed", "c/r0"),
    ]
    assert "the latest run failed; this is the last good one" in top
    assert "broke &lt;b&gt;" in below
    assert "4 runs, 2 failed" in page
    assert external_references(page) == []


def test_empty_index_and_redirect() -> None:
    assert "No runs yet." in render_index([], updated_ns=START_NS)
    page = render_redirect("r1/report.html", "Latest")
    assert 'content="0; url=r1/report.html"' in page
    assert external_references(page) == []


def test_code_that_shows_nothing_joins_its_neighbour() -> None:
    new = nbformat.v4
    shown = new.new_output("stream", name="stdout", text="seen")
    cells = [new.new_code_cell("a = 1"), new.new_code_cell("print(a)", outputs=[shown]), new.new_code_cell("b = 2")]
    page = render_report(_notebook(*cells), header()).html
    assert page.count("<summary>Code</summary>") == 1
    assert "<pre>a = 1\n\nprint(a)\n\nb = 2</pre>" in page


def test_parameters_read_plainly() -> None:
    values = {"none": None, "empty": [], "flag": True, "rate": 30.0, "fees": {"gate": 7.5}, "text": "<b>"}
    page = render_report(_notebook(), header(parameters=values)).html
    rows = dict(re.findall(r"<tr><td>(\w+)</td><td>(.*?)</td></tr>", page.split("Versions")[0]))
    assert rows == {"none": "–", "empty": "–", "flag": "yes", "rate": "30", "fees": "gate: 7.5", "text": "&lt;b&gt;"}
