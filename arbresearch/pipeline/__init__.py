"""Running it: notebooks with checked parameters, pipelines of them, and published reports. It knows no arbitrage."""

from arbresearch.pipeline.dag import Pipeline, Stage, load_pipeline
from arbresearch.pipeline.executors import Executor, LocalProcesses, WorkerDied
from arbresearch.pipeline.history import table_history
from arbresearch.pipeline.manifest import Manifest
from arbresearch.pipeline.notebook import Notebook, RunOutcome, run_notebook
from arbresearch.pipeline.parameters import check_cell, parameters_cell, parse_assignments, validate_parameters
from arbresearch.pipeline.publish import Run, latest_run, list_runs, prune, rebuild_index
from arbresearch.pipeline.result import Figure, Result, load_result, save_result
from arbresearch.pipeline.runner import PipelineOutcome, StageOutcome, run_pipeline

__all__ = [
    "Executor",
    "Figure",
    "LocalProcesses",
    "Manifest",
    "Notebook",
    "Pipeline",
    "PipelineOutcome",
    "Result",
    "Run",
    "RunOutcome",
    "Stage",
    "StageOutcome",
    "WorkerDied",
    "check_cell",
    "latest_run",
    "list_runs",
    "load_pipeline",
    "load_result",
    "parameters_cell",
    "parse_assignments",
    "prune",
    "rebuild_index",
    "run_notebook",
    "run_pipeline",
    "save_result",
    "table_history",
    "validate_parameters",
]
