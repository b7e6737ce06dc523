"""Running a notebook's cells in a kernel of its own, and saying exactly how far they came.

papermill injects the parameters and walks the cells; what is added here is a kernel that no other run can meet (own
sockets, own folder, own history), one deadline for the whole run, and an account of every way in which a run can end.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from arbresearch.core import NotebookFailed, expected

__all__ = ["Execution", "execute"]

_LOG: Final = logging.getLogger("arbresearch.kernel")
_LOG.addHandler(logging.NullHandler())

_KERNEL_LOG: Final = "kernel.log"
_LONGEST_SOCKET_FOLDER: Final = 80
"""A Unix socket's path holds about 107 bytes, the name included (unix(7))."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of running the cells.

    ``failure`` is empty when every code cell completed; else one line: which cell, and why. ``cells_s`` are the
    seconds of each cell that ran, by its position from 1 in ``notebook``.
    """

    notebook: Any
    failure: str
    traceback: str
    cells_s: dict[int, float]
    seconds: float


def execute(
    path: Path,
    parameters: Mapping[str, Any],
    *,
    environment: Mapping[str, str],
    cwd: Path,
    timeout_s: float,
    startup_s: float = 90,
) -> Execution:
    """Execute a notebook with parameters in a fresh kernel.

    Parameters
    ----------
    path
        The notebook; it is not changed.
    parameters
        JSON values, put into a cell after the one tagged ``parameters``.
    environment
        Variables the kernel gets besides those of this process.
    cwd
        Working directory of the kernel.
    timeout_s
        For all cells together, from when the kernel is up.
    startup_s
        For the kernel to come up.

    Returns
    -------
    Execution
        Also of a failed run: a cell that raises, leaves early, kills the kernel or outlasts the deadline is
        reported there, with the outputs up to then.
    """
    papermill = _papermill()
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    _register()
    progress = _Progress(time.monotonic() + timeout_s, timeout_s)
    failure, started = "", time.monotonic()
    with _folder() as folder:
        try:
            papermill.execute_notebook(
                str(path),
                None,
                parameters=dict(parameters),
                engine_name="arbresearch",
                kernel_name="python3",
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                start_timeout=startup_s,
                autosave_cell_every=0,
                arb_progress=progress,
                arb_folder=folder,
                arb_environment=dict(environment),
                arb_cwd=cwd,
            )
        except PapermillExecutionError as error:
            failure = f"{error.ename}: {error.evalue}".strip().removesuffix(":").splitlines()[0]
        except CellTimeoutError:
            failure = f"expected all cells within {timeout_s:g} s, was still running; raise the time-out, or do less"
        except DeadKernelError:
            failure = f"the kernel died ({progress.exit_words()})"
        except RuntimeError as error:
            failure = f"the kernel did not start: {error}"
        last_words = _last_words(folder / _KERNEL_LOG) if progress.exit_code is not None else ""
    seconds = time.monotonic() - started
    if progress.notebook is None:
        raise NotebookFailed(expected(f"notebook {path.name}", "a kernel that starts", failure or "none"))
    return _account(progress, failure, seconds, last_words)


def _papermill() -> Any:
    """Import papermill without the grammar of internationalised addresses that jsonschema would load.

    Where ``rfc3987_syntax`` is installed (JupyterLab brings it), building that grammar takes longer than all the rest
    of the import: 1.5 s of 2.5 s here. No notebook needs it.
    """
    grammar = "rfc3987_syntax"
    hidden = grammar not in sys.modules
    if hidden:
        sys.modules[grammar] = None  # type: ignore[assignment]
    try:
        import papermill
    finally:
        if hidden:
            del sys.modules[grammar]
    return papermill


def _account(progress: _Progress, failure: str, seconds: float, last_words: str) -> Execution:
    from papermill.execute import remove_error_markers

    notebook = remove_error_markers(progress.notebook)
    code = [(number, cell) for number, cell in enumerate(notebook.cells, start=1) if cell.cell_type == "code"]
    total = len(notebook.cells)
    errors = [(number, output) for number, cell in code for output in cell.outputs if output.output_type == "error"]
    traceback = "\n".join(errors[-1][1].traceback) if errors and failure else last_words
    if not failure:
        undone = [number for number, cell in code if cell.metadata.get("papermill", {}).get("status") != "completed"]
        if undone:
            progress.cell, traceback = undone[0], ""
            failure = "the notebook ended early (SystemExit); expected every cell to run to its end"
    if failure and progress.cell:
        line = next(iter(notebook.cells[progress.cell - 1].source.strip().splitlines()), "")
        failure = f"cell {progress.cell} of {total} ({line[:60]}): {failure}"
    durations = {
        number: round(float(cell.metadata.papermill.duration), 3)
        for number, cell in code
        if cell.metadata.get("papermill", {}).get("duration") is not None
    }
    return Execution(notebook, failure, traceback, durations, seconds)


def _last_words(path: Path) -> str:
    """Return the end of what the kernel's process itself wrote, such as the report of a crash."""
    return path.read_text(encoding="utf-8", errors="replace")[-4000:].strip() if path.is_file() else ""


class _Progress:
    """How far a run is; shared with the engine, and what is known when the kernel dies."""

    def __init__(self, deadline: float, timeout_s: float) -> None:
        self.deadline = deadline
        self.timeout_s = timeout_s
        self.notebook: Any = None
        self.cell = 0
        self.exit_code: int | None = None

    def begin(self, **_: object) -> None:
        self.deadline = time.monotonic() + self.timeout_s

    def at(self, cell_index: int, **_: object) -> None:
        self.cell = cell_index + 1

    def left_s(self, _: object) -> float:
        return max(0.001, self.deadline - time.monotonic())

    def exit_words(self) -> str:
        if self.exit_code is None:
            return "no exit code"
        return f"signal {-self.exit_code}" if self.exit_code < 0 else f"exit code {self.exit_code}"


@contextmanager
def _folder() -> Iterator[Path]:
    base = tempfile.gettempdir()
    if len(base) > _LONGEST_SOCKET_FOLDER and Path("/tmp").is_dir():  # noqa: S108
        base = "/tmp"  # noqa: S108
    folder = Path(tempfile.mkdtemp(prefix="arb-kernel-", dir=base)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _register() -> None:
    """Register the engine with papermill, once."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines

    if "arbresearch" in papermill_engines._engines:
        return

    class Kernel(AsyncKernelManager):
        """A kernel of this very interpreter, on sockets nobody else uses."""

        arb_environment: dict[str, str]
        arb_cwd: Path
        arb_log: Path
        arb_progress: _Progress

        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            options["env"] = {**os.environ, **self.arb_environment}
            options["cwd"] = str(self.arb_cwd)
            with self.arb_log.open("ab") as log:
                await super().start_kernel(stdout=log, stderr=log, **options)

        async def is_alive(self) -> bool:  # type: ignore[override]
            alive: bool = await super().is_alive()
            if not alive and self.provisioner is not None and self.provisioner.has_process:
                self.arb_progress.exit_code = await self.provisioner.poll()
            return alive

    class Client(PapermillNotebookClient):  # type: ignore[misc]
        arb_engine: dict[str, Any]

        def create_kernel_manager(self) -> Any:
            folder: Path = self.arb_engine["arb_folder"]
            options: dict[str, Any] = {"connection_file": str(folder / "kernel.json")}
            if os.name == "posix":
                options |= {"transport": "ipc", "ip": str(folder / "k")}
            kernel = Kernel(**options)
            kernel._kernel_spec = KernelSpec(
                argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                display_name="Python 3",
                language="python",
            )
            kernel.arb_environment = {"IPYTHONDIR": str(folder / "ipython"), **self.arb_engine["arb_environment"]}
            kernel.arb_log = folder / _KERNEL_LOG
            kernel.arb_cwd = self.arb_engine["arb_cwd"]
            kernel.arb_progress = self.arb_engine["arb_progress"]
            self.km = kernel
            return kernel

    class ArbEngine(Engine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, _kernel_name: str, **options: Any) -> None:
            progress: _Progress = options["arb_progress"]
            progress.notebook = nb_man.nb
            client = Client(
                nb_man,
                startup_timeout=options["start_timeout"],
                timeout_func=progress.left_s,
                on_notebook_start=progress.begin,
                on_cell_start=progress.at,
                shutdown_kernel="graceful",
                record_timing=False,
                log=_LOG,
            )
            client.arb_engine = options
            client.execute()

    papermill_engines.register("arbresearch", ArbEngine)
