"""An executed notebook as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from arbresearch.core import format_ns
from arbresearch.report.cells import Block, Output, report_blocks
from arbresearch.report.definitions import used_definitions
from arbresearch.report.references import external_references
from arbresearch.report.tables import BADGES

__all__ = ["MAX_BYTES", "KeyFigure", "Page", "RunHeader", "external_references", "render_report", "render_template"]

MAX_BYTES: Final = 1_500_000
"""The largest page published; bigger outputs are left out, with a note in their place."""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure of a verdict: its name and how it reads, unit included."""

    name: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What is said about a run above and below its cells.

    ``status`` is ok, warn, no or failed; ``failure`` is one line saying where and why, ``traceback`` the rest;
    ``manifest`` is shown as it is; ``links`` are (label, relative address).
    """

    name: str
    run_id: str
    started_ns: int
    seconds: float
    status: str
    verdict: str
    figures: Sequence[KeyFigure] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    data_hash: str | None = None
    failure: str = ""
    traceback: str = ""
    manifest: str = ""
    links: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page and what had to be left out of it."""

    html: str
    warnings: tuple[str, ...]


def render_report(notebook: Mapping[str, Any], header: RunHeader, *, max_bytes: int = MAX_BYTES) -> Page:
    """Render an executed notebook by the report template.

    The same notebook and header give the same bytes. When the page would be larger than ``max_bytes`` (UTF-8), its
    largest outputs are left out one by one until it fits, each with a note in its place and a warning that names
    its cell, type and size.

    Parameters
    ----------
    notebook
        An nbformat 4 notebook with outputs.
    header
        What is known about the run.
    """
    title, blocks = report_blocks(notebook)
    title = title or header.name
    warnings: list[str] = []
    page = _render(title, blocks, header)
    size = len(page.encode())
    while size > max_bytes and (largest := _largest(blocks)) is not None:
        cell, output = largest
        warnings.append(
            f"{header.name}: expected a page of at most {max_bytes / 1e6:.1f} MB, was {size / 1e6:.1f} MB; left out "
            f"the {output.kind} output of cell {cell} ({output.size / 1e6:.2f} MB): show fewer points or rows there"
        )
        output.omit(
            f"Left out: {output.size / 1e6:.2f} MB is too large for a report. It is in the executed notebook beside it."
        )
        page = _render(title, blocks, header)
        size = len(page.encode())
    return Page(page, tuple(warnings))


def _largest(blocks: list[Block]) -> tuple[int, Output] | None:
    sized = [(output.size, block.number, output) for block in blocks for output in block.outputs if not output.omitted]
    if not sized:
        return None
    _, number, output = max(sized, key=lambda item: item[0])
    return number, output


def _render(title: str, blocks: list[Block], header: RunHeader) -> str:
    words = " ".join([header.verdict, *(figure.name for figure in header.figures), *(block.words for block in blocks)])
    return render_template(
        "report.html.j2",
        title=title,
        blocks=blocks,
        run=header,
        contents=[(one.anchor, one.heading) for one in blocks if one.anchor],
        definitions=used_definitions(words),
    )


def render_template(template: str, /, **values: object) -> str:
    """Render one of the package's templates."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("arbresearch.report", "templates"),
        autoescape=select_autoescape(("html.j2",), default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["utc"] = lambda nanoseconds: format_ns(nanoseconds, 0).replace("T", " ").replace("Z", " UTC")
    environment.filters["duration"] = _duration
    environment.filters["plain"] = _plain
    environment.filters["badge"] = lambda status: BADGES.get(status, (status, status))
    return environment


def _plain(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(one) for one in value) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(one)}" for key, one in value.items()) or "–"
    return str(value)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
