"""The page of a pipeline run: its stages, what each found, and what stopped the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from arbresearch.core import format_ns
from arbresearch.pipeline import manifest as made_of
from arbresearch.pipeline.dag import Pipeline
from arbresearch.pipeline.files import write_atomically
from arbresearch.pipeline.manifest import Manifest, StageRecord
from arbresearch.pipeline.publish import REPORT, draft, index_rows, key_figures, publish
from arbresearch.pipeline.result import Figure, Result
from arbresearch.report.pages import StageRow, render_pipeline

if TYPE_CHECKING:
    from arbresearch.pipeline.runner import StageOutcome

__all__ = ["publish_summary"]

_LONGEST: Final = 400


def publish_summary(
    path: Path,
    pipeline: Pipeline,
    stages: Sequence[StageOutcome],
    parameters: Mapping[str, Any],
    out_root: Path,
    started_ns: int,
    seconds: float,
    data_hash: str | None,
) -> tuple[Path, Path]:
    """Publish the summary of a pipeline run and return its folder and its page."""
    counts = Counter(stage.status for stage in stages)
    verdict = ", ".join(f"{counts[status]} {status}" for status in ("ok", "failed", "skipped") if counts[status])
    verdict = f"{len(stages)} run{'' if len(stages) == 1 else 's'} of {len(pipeline.stages)} stages: {verdict}."
    headline = _headline(pipeline, stages)
    if headline is not None:
        verdict = (
            headline.verdict if len(headline.verdict) + len(verdict) >= _LONGEST else f"{headline.verdict} {verdict}"
        )
    failed = [f"{stage.stage}: {stage.reason}" for stage in stages if stage.status == "failed"]
    source_hash = made_of.content_hash(path)
    manifest = Manifest(
        kind="pipeline",
        name=pipeline.name,
        run_id=made_of.run_id(started_ns, source_hash, parameters, data_hash),
        status="failed" if failed else "ok",
        failure="; ".join(failed),
        started_ns=started_ns,
        started=format_ns(started_ns),
        seconds=round(seconds, 3),
        parameters=dict(parameters),
        versions=made_of.versions(),
        lock_hash=made_of.lock_hash(),
        git_revision=made_of.git_revision(),
        data_hash=data_hash,
        source_hash=source_hash,
        stages=[
            StageRecord(
                stage=one.stage,
                status=one.status,
                name=one.report,
                run_id=one.run.run_id if one.run else "",
                attempts=one.attempts,
                seconds=round(one.seconds, 3),
                reason=one.reason,
            )
            for one in stages
        ],
    )
    page = render_pipeline(
        pipeline.name,
        [_row(pipeline, stage) for stage in stages],
        doc=pipeline.doc,
        started_ns=started_ns,
        seconds=seconds,
        status="failed" if failed else headline.status if headline else "ok",
        verdict=verdict,
        manifest=manifest.text(),
        figures=key_figures(headline) if headline else (),
        overview=index_rows(headline) if headline else (),
    )
    with draft(out_root, pipeline.name) as folder:
        write_atomically(folder / REPORT, page)
        if not failed:
            figures = {status: Figure(value=counts[status]) for status in ("ok", "skipped") if counts[status]}
            result = Result(verdict=verdict, figures=figures)
            if headline is not None:
                result = Result(verdict=verdict, status=headline.status, figures={**headline.figures, **figures})
            write_atomically(folder / "result.json", result.model_dump_json(indent=2) + "\n")
        target = publish(folder, out_root, manifest)
    return target, target / REPORT


def _headline(pipeline: Pipeline, stages: Sequence[StageOutcome]) -> Result | None:
    found = [one.run.result for one in stages if one.stage == pipeline.headline and one.run is not None]
    return found[0] if found else None


def _row(pipeline: Pipeline, outcome: StageOutcome) -> StageRow:
    stage = pipeline.stages[outcome.stage]
    result = outcome.run.result if outcome.run else None
    chosen = (
        {*stage.matrix_map, *(key for row in stage.matrix for key in row)}
        if stage.matrix or stage.matrix_from
        else set()
    )
    return StageRow(
        stage=outcome.stage,
        notebook=stage.notebook,
        status=result.status if result else outcome.status,
        verdict=result.verdict if result else outcome.reason,
        seconds=outcome.seconds,
        attempts=outcome.attempts,
        address=f"../../{outcome.report}/{outcome.run.run_id}/{REPORT}" if outcome.run else "",
        depends=stage.needs,
        parameters=", ".join(f"{key} {value}" for key, value in outcome.parameters.items() if key in chosen),
        figures=key_figures(result) if result else (),
    )
