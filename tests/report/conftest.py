"""One rendered report for all tests of this folder."""

from __future__ import annotations

from typing import Any

import pytest

from arbresearch.report import render_report
from arbresearch.report.display import FIGURES_VARIABLE
from tests.report.kit import executed_notebook, header


@pytest.fixture(scope="session")
def executed() -> Any:
    """Return a notebook as the runner leaves it, figures as SVG."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FIGURES_VARIABLE, "svg")
        return executed_notebook()


@pytest.fixture(scope="session")
def page(executed: Any) -> str:
    """Return the page of that notebook."""
    return render_report(executed, header()).html
