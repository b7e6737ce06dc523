"""Is this installation fit to work? Versions, store, disk, clock, caches, and what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from arbresearch import __version__
from arbresearch.core import ArbError
from arbresearch.settings import Settings
from arbresearch.store import TickStore

__all__ = ["Finding", "State", "examine"]

_PACKAGES: Final = (
    "polars",
    "duckdb",
    "pyarrow",
    "numpy",
    "numba",
    "scipy",
    "matplotlib",
    "papermill",
    "ipykernel",
    "ccxt",
)
_OPTIONAL: Final = {"jupyterlab": "pip install 'arbresearch[lab]'", "playwright": "pip install 'arbresearch[dev]'"}
_WANTED_FREE_BYTES: Final = 5 * 10**9


class State(StrEnum):
    """How a finding is to be read."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what, its state, what was found, and what to do if it is not right."""

    what: str
    state: State
    found: str
    todo: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything once; nothing is changed but a temporary file that is removed."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _python,
        _packages,
        _store,
        _disk,
        _clock,
        _caches,
        _notebooks,
        _browser,
    )
    return [finding for check in checks for finding in check(settings)]


def _python(_: Settings) -> Iterator[Finding]:
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding("arbresearch", State.OK, __version__)
    todo = "" if good else "use Python 3.11, 3.12 or 3.13"
    yield Finding(
        "python", State.OK if good else State.FAIL, f"{platform.python_version()} on {platform.system()}", todo
    )


def _packages(_: Settings) -> Iterator[Finding]:
    for name in _PACKAGES:
        try:
            yield Finding(name, State.OK, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, State.FAIL, "not installed", "install again from requirements.lock (make setup)")
    for name, todo in _OPTIONAL.items():
        try:
            yield Finding(name, State.OK, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, State.WARN, "not installed (optional)", todo)


def _store(settings: Settings) -> Iterator[Finding]:
    if not (settings.store / "store.json").exists():
        yield Finding("store", State.WARN, f"none at {settings.store}", "make one: arb sample, or arb import")
        return
    try:
        with TickStore(settings.store, create=False) as store:
            coverage = store.coverage()
            megabytes = sum(part.bytes for part in store.parts()) / 1e6
            yield Finding(
                "store",
                State.OK,
                f"{coverage['rows'].sum():,} rows, {coverage.height} streams, {megabytes:,.1f} MB at {settings.store}",
            )
            for one in store.dropped:
                yield Finding(
                    "store", State.WARN, f"dropped unfinished {one.path}", "the writer died; repeat what it was doing"
                )
            days = len({(part.table, part.venue, part.date) for part in store.parts()})
            if len(store.parts()) > 20 * max(days, 1):
                yield Finding(
                    "store parts", State.WARN, f"{len(store.parts())} for {days} venue days", "run arb compact"
                )
    except ArbError as error:
        yield Finding("store", State.FAIL, str(error), "see the message")


def _existing(path: Path) -> Path:
    for one in (path.absolute(), *path.absolute().parents):
        if one.exists():
            return one
    return Path("/")


def _disk(settings: Settings) -> Iterator[Finding]:
    for what, path in (("disk of store", settings.store), ("disk of reports", settings.reports)):
        free = shutil.disk_usage(_existing(path)).free
        good = free >= _WANTED_FREE_BYTES
        todo = (
            ""
            if good
            else f"less than {_WANTED_FREE_BYTES / 1e9:.0f} GB: free some, or move it (ARB_STORE, ARB_REPORTS)"
        )
        yield Finding(what, State.OK if good else State.WARN, f"{free / 1e9:,.1f} GB free", todo)
        writable = os.access(_existing(path), os.W_OK)
        if not writable:
            yield Finding(what, State.FAIL, f"{_existing(path)} is not writable", "change its owner or choose another")


def _clock(_: Settings) -> Iterator[Finding]:
    wall, steady = time.time_ns(), time.monotonic_ns()
    time.sleep(0.05)
    drift_ms = abs((time.time_ns() - wall) - (time.monotonic_ns() - steady)) / 1e6
    good = drift_ms < 5
    todo = "" if good else "the wall clock is being stepped: run one time service (chrony), slewing"
    yield Finding(
        "clock", State.OK if good else State.WARN, f"wall and steady clock differ by {drift_ms:.3f} ms in 50 ms", todo
    )
    resolution = time.get_clock_info("time").resolution
    fine = resolution <= 1e-6
    yield Finding(
        "clock resolution", State.OK if fine else State.WARN, f"{resolution * 1e9:.0f} ns", "" if fine else "use Linux"
    )


def _caches(_: Settings) -> Iterator[Finding]:
    if sys.dont_write_bytecode:
        yield Finding(
            "byte code cache",
            State.WARN,
            "off: imports of scipy, matplotlib and ccxt take seconds each time",
            "unset PYTHONDONTWRITEBYTECODE and set PYTHONPYCACHEPREFIX to a writable folder",
        )
    else:
        yield Finding("byte code cache", State.OK, sys.pycache_prefix or "beside the sources")
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(__file__).parent)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        yield Finding("kernel cache", State.OK, str(folder))
    except OSError as error:
        yield Finding(
            "kernel cache",
            State.WARN,
            f"{folder} is not writable ({error})",
            "set NUMBA_CACHE_DIR to a writable folder",
        )


def _notebooks(_: Settings) -> Iterator[Finding]:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        KernelSpecManager().get_kernel_spec("python3")
        yield Finding("notebook kernel", State.OK, "python3")
    except NoSuchKernel:
        yield Finding("notebook kernel", State.FAIL, "no python3 kernel", "python -m ipykernel install --sys-prefix")


def _browser(_: Settings) -> Iterator[Finding]:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found:
        yield Finding("browser for tests", State.OK, found)
    else:
        yield Finding(
            "browser for tests", State.WARN, "no Chromium (optional)", "apt-get install chromium; its tests are skipped"
        )
