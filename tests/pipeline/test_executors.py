"""Tasks in processes of their own: answers, exceptions, deaths, endings."""

from __future__ import annotations

import operator
import os
import time
from concurrent.futures import wait

import pytest

from arbresearch.core import ParameterError
from arbresearch.pipeline import LocalProcesses, WorkerDied


def test_answers_exceptions_and_deaths_stay_apart() -> None:
    with LocalProcesses(2) as executor:
        good, other = executor.submit(os.getpid), executor.submit(os.getpid)
        bad = executor.submit(operator.truediv, 1, 0)
        dead = executor.submit(os._exit, 7)
        wait([good, other, bad, dead])
        assert len({good.result(), other.result(), os.getpid()}) == 3
        assert isinstance(bad.exception(), ZeroDivisionError)
        with pytest.raises(WorkerDied, match=r"worker process: expected an answer, was none \(exit code 7\)"):
            dead.result()


def test_answer_that_cannot_be_pickled() -> None:
    with LocalProcesses(1) as executor, pytest.raises(WorkerDied, match="a result that can be pickled"):
        executor.submit(memoryview, b"x").result()


def test_leaving_ends_what_runs() -> None:
    began = time.monotonic()
    with LocalProcesses(1) as executor:
        running = executor.submit(time.sleep, 300)
        waiting = executor.submit(time.sleep, 300)
        while not running.running():
            time.sleep(0.01)
        time.sleep(1.0)
    assert time.monotonic() - began < 60
    assert isinstance(running.exception(), WorkerDied)
    assert waiting.cancelled()


def test_workers_are_counted() -> None:
    with pytest.raises(ParameterError, match="workers: expected at least 1, was 0"):
        LocalProcesses(0)
