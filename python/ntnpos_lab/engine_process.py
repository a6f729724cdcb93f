# SPDX-License-Identifier: GPL-3.0-or-later
"""The position engine as a process of its own, seen from the process that feeds it."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

from .receive import ReceiverError

ANSWER_S = 60.0
"""An engine that has nothing to say for so long has failed."""


class Engine:
    """The position engine in a process of its own, its lines in a queue.

    Parameters
    ----------
    assistance_path : Path
        Assistance data (JSON).
    bind : str
        ZeroMQ endpoint it binds, on the loopback; by default a free port. `address` tells which.

    Raises
    ------
    ReceiverError
        It did not start; what is wrong it has said on stderr.
    """

    def __init__(self, assistance_path: Path, bind: str = "tcp://127.0.0.1:*"):
        command = [sys.executable, "-m", "ntnpos.commands.engine", "--assistance", str(assistance_path),
                   "--bind", bind]
        # A block's thread has all signals blocked, and a process it starts would have too: nothing could end it.
        blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGHUP})
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                             text=True)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        listening = self.line(ANSWER_S)
        if listening is None:
            self.stop()
            raise ReceiverError("the position engine did not start")
        self.address = json.loads(listening)["address"]

    def _read(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def line(self, timeout_s: float) -> str | None:
        """The next line; None when none comes in time, or the engine has ended."""
        try:
            found = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if found is None:
            self._lines.put(None)  # it stays ended
        return found

    def heard(self, timeout_s: float) -> bool:
        """Whether the engine has had a `config` message, waiting up to so long."""
        return self.line(timeout_s) is not None

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()
