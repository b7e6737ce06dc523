"""Pages about runs rather than of one: the index, a pipeline, and the pointer to the latest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arbresearch.report.html import KeyFigure, render_template

__all__ = ["RunCard", "StageRow", "render_index", "render_pipeline", "render_redirect"]


@dataclass(frozen=True, slots=True)
class RunCard:
    """One run as the index shows it; ``address`` is relative to the index, ``overview`` are rows of text, all alike."""

    name: str
    run_id: str
    address: str
    started_ns: int
    seconds: float
    status: str
    verdict: str
    figures: Sequence[KeyFigure] = ()
    kind: str = "notebook"
    part_of: str = ""
    overview: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class StageRow:
    """One run of a stage as the page of its pipeline shows it; ``address`` is relative to that page, or empty."""

    stage: str
    notebook: str
    status: str
    verdict: str
    seconds: float
    attempts: int = 1
    address: str = ""
    depends: Sequence[str] = ()
    parameters: str = ""
    figures: Sequence[KeyFigure] = ()


def render_index(cards: Sequence[RunCard], *, updated_ns: int) -> str:
    """Render the index of all runs, newest first, with the latest good run of each name on top.

    A name that has no good run shows its latest failure there.
    """
    newest = sorted(cards, key=lambda card: (card.started_ns, card.run_id), reverse=True)
    last = {card.name: card for card in reversed(newest)}
    latest = last | {card.name: card for card in reversed(newest) if card.status != "failed"}
    failing = {name for name, card in last.items() if card.status == "failed" and latest[name].status != "failed"}
    return render_template(
        "index.html.j2",
        runs=newest,
        latest=[latest[name] for name in sorted(latest)],
        failing=failing,
        failed=sum(card.status == "failed" for card in newest),
        updated_ns=updated_ns,
    )


def render_pipeline(
    title: str,
    stages: Sequence[StageRow],
    *,
    doc: str,
    started_ns: int,
    seconds: float,
    status: str,
    verdict: str,
    manifest: str,
    figures: Sequence[KeyFigure] = (),
    overview: Sequence[Mapping[str, str]] = (),
) -> str:
    """Render the summary page of a pipeline run, stages in the order they are given; ``overview`` are rows of text."""
    return render_template(
        "pipeline.html.j2",
        title=title,
        doc=doc,
        stages=stages,
        started_ns=started_ns,
        seconds=seconds,
        status=status,
        verdict=verdict,
        manifest=manifest,
        figures=figures,
        overview_rows=overview,
    )


def render_redirect(address: str, title: str) -> str:
    """Render a page that leads on to a relative address."""
    return render_template("redirect.html.j2", address=address, title=title)
