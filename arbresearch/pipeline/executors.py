"""Where tasks run: processes of this machine now; anything that can submit a function later."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, Self

from arbresearch.core import ArbError, ParameterError, expected

__all__ = ["Executor", "LocalProcesses", "WorkerDied"]


class WorkerDied(ArbError):
    """A worker process ended without an answer."""


class Executor(Protocol):
    """What a pipeline needs: to hand a function and picklable arguments over and get a future."""

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Run ``function(*args)`` some time, somewhere; its result or exception comes by the future."""
        ...


class LocalProcesses:
    """At most ``workers`` processes at a time, a fresh one for each task.

    A task that takes its process down fails alone: the others and the ones to come are not touched, which a pool of
    reused processes cannot promise. Leaving the ``with`` block ends what still runs.

    Parameters
    ----------
    workers
        How many tasks run at the same time, at least 1.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ParameterError(expected("workers", "at least 1", workers))
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="arb-worker")
        self._running: set[BaseProcess] = set()
        self._lock = Lock()
        self._closed = False

    def submit(self, function: Callable[..., Any], /, *args: Any) -> Future[Any]:
        """Run ``function(*args)`` in a process of its own; :class:`WorkerDied` when that ends without an answer."""
        return self._threads.submit(self._run, function, args)

    def _run(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(theirs, function, args))
        with self._lock:
            if self._closed:
                raise WorkerDied("the executor was closed before the task began")
            process.start()
            self._running.add(process)
        theirs.close()
        try:
            with ours:
                done, answer = ours.recv()
        except EOFError:
            process.join()
            code = process.exitcode
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            raise WorkerDied(expected("worker process", "an answer", f"none ({how})")) from None
        finally:
            process.join()
            with self._lock:
                self._running.discard(process)
        if not done:
            raise answer
        return answer

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what still runs and wait for it."""
        with self._lock:
            self._closed = True
            for process in self._running:
                process.terminate()
        self._threads.shutdown(wait=True, cancel_futures=True)


def _work(answer: Connection, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Run in the child: a termination unwinds, so that a notebook's kernel is stopped with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        outcome: tuple[bool, Any] = (True, function(*args))
    except Exception as error:
        outcome = (False, error)
    with answer, contextlib.suppress(BrokenPipeError):
        try:
            answer.send(outcome)
        except (TypeError, AttributeError, ValueError) as error:
            answer.send((False, WorkerDied(expected("task", "a result that can be pickled", str(error)))))
