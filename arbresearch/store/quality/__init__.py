"""The data check: coverage, gaps, crossed books, stale spans, outliers, duplicates, clocks; a verdict per stream."""

from arbresearch.store.quality.check import CHECKED_TABLES, check_store
from arbresearch.store.quality.report import QualityReport
from arbresearch.store.quality.settings import QualitySettings
from arbresearch.store.quality.verdict import Verdict, duration_text, judge
from arbresearch.store.quality.words import PARTS, describe

__all__ = [
    "CHECKED_TABLES",
    "PARTS",
    "QualityReport",
    "QualitySettings",
    "Verdict",
    "check_store",
    "describe",
    "duration_text",
    "judge",
]
