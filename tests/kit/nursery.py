"""A process that stays imported and forks children on request, so that a hundred of them can be killed in seconds.

It must not use Polars itself: a forked child cannot use the thread pool of its parent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Nursery"]

ROOT = Path(__file__).resolve().parents[2]


class Nursery:
    """Starts jobs of :mod:`tests.kit.store_jobs` in children of a warm process; use it as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._alive: set[int] = set()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)

    def _ask(self, **request: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the nursery died"
        return int(json.loads(answer))

    def start(self, job: str, **arguments: Any) -> int:
        """Fork a child that runs a job, and return its process id."""
        pid = self._ask(job=job, arguments=arguments)
        self._alive.add(pid)
        return pid

    def wait(self, pid: int) -> int:
        """Wait for a child and return its exit code, negative for a signal."""
        self._alive.discard(pid)
        return self._ask(wait=pid)

    def kill(self, pid: int) -> int:
        """Kill a child with SIGKILL and return its exit code (it may have ended before)."""
        os.kill(pid, signal.SIGKILL)
        return self.wait(pid)

    def kill_after(self, pid: int, seconds: float) -> int:
        """Let a child run for a while, then kill it."""
        time.sleep(seconds)
        return self.kill(pid)

    def clear(self) -> None:
        """Kill whatever still runs."""
        for pid in list(self._alive):
            self.kill(pid)

    def run(self, job: str, **arguments: Any) -> int:
        """Run a job to its end and return its exit code."""
        return self.wait(self.start(job, **arguments))


def main() -> None:
    """Serve requests from standard input until it ends."""
    import tests.kit.store_jobs as jobs

    jobs.warm()
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                _child(jobs.JOBS[request["job"]], request["arguments"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _child(job: Any, arguments: dict[str, Any]) -> None:
    os.close(0)
    os.dup2(2, 1)
    code = 1
    try:
        job(**arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
