"""Parameters of the notebook about the drift of thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from arbresearch.settings import load_settings

__all__ = ["ThresholdDriftParams"]


class ThresholdDriftParams(BaseModel):
    """Parameters of ``45_threshold_drift``.

    Parameters
    ----------
    reports
        Folder in which runs are published; empty: the setting ``reports`` (``ARB_REPORTS``, else ``reports``).
    report
        Name under which the runs that found thresholds are published.
    weeks
        Weeks looked at, the last ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reports: str = ""
    report: Annotated[str, Field(min_length=1)] = "40_thresholds"
    weeks: Annotated[int, Field(ge=1, le=520)] = 26

    def folder(self) -> Path:
        """Return the reports folder; a relative one is looked for here, then one up, where Jupyter does not start."""
        path = Path(self.reports) if self.reports else load_settings().reports
        above = Path("..") / path
        return above if not path.exists() and above.exists() else path
