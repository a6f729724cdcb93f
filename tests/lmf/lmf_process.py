# SPDX-License-Identifier: GPL-3.0-or-later
"""A location server in a process of its own, and clients of it."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading

import lmf_scene
import zmq

ANSWER_MS = 30_000
FREE = "tcp://127.0.0.1:*"


class LmfProcess:
    """`lmf` on free ports. A context manager.

    Parameters
    ----------
    folder : Path
        Holds the assistance data and the store.
    arguments : str
        Beside those that name the folder and the ports.
    endpoint : str
        For all four sockets.
    prepare : callable, optional
        Called in the new process before it becomes the server.
    """

    def __init__(self, folder, *arguments: str, endpoint: str = FREE, prepare=None):
        assistance, self.store = folder / "sky.json", folder / "store.sqlite"
        if not assistance.exists():
            assistance.write_text(lmf_scene.assistance().to_json())
        ports = [word for name in ("sub", "pull", "ack", "pub") for word in (f"--{name}", endpoint)]
        command = [
            sys.executable,
            "-m",
            "ntnpos.commands.lmf",
            "--assistance",
            assistance,
            "--store",
            self.store,
        ]
        self.process = subprocess.Popen(
            [*map(str, command), *ports, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=prepare,
        )
        self._lines, self.errors = queue.SimpleQueue(), []
        self._threads = [
            threading.Thread(target=self._read_lines),
            threading.Thread(target=self._read_errors),
        ]
        for thread in self._threads:
            thread.start()
        self.addresses = self.line()
        self.context = zmq.Context()

    def _read_lines(self) -> None:
        for text in self.process.stdout:
            self._lines.put(json.loads(text))
        self._lines.put(None)

    def _read_errors(self) -> None:
        self.errors += self.process.stderr

    def line(self):
        """Its next line on stdout; None after the last."""
        found = self._lines.get(timeout=ANSWER_MS / 1e3)
        assert found is not None or self.process.wait() is not None
        return found

    def lines(self) -> list:
        """All lines until it ends."""
        return list(iter(self.line, None))

    def socket(self, kind: int, name: str, prepare=lambda socket: None) -> zmq.Socket:
        """A client's socket, connected to that endpoint."""
        found = self.context.socket(kind)
        found.setsockopt(zmq.LINGER, 0)
        found.setsockopt(zmq.SNDHWM, 0)
        prepare(found)
        found.connect(self.addresses[name])
        return found

    def asker(self, prepare=lambda socket: None) -> "Asker":
        """A client of the endpoint that answers."""
        return Asker(self.socket(zmq.DEALER, "ack", prepare))

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def resident_bytes(self) -> int:
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        """CPU time that it has used, without the processes that solve."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            user, system = file.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(ANSWER_MS / 1e3)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.context.destroy(0)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()


class Asker:
    """Sends requests and takes their answers, which come in the order of the requests."""

    def __init__(self, socket: zmq.Socket):
        self.socket = socket

    def send(self, *parts: bytes) -> None:
        self.socket.send_multipart(parts)

    def answer(self) -> dict:
        assert self.socket.poll(ANSWER_MS), "no answer"
        return json.loads(self.socket.recv_multipart()[-1])  # an empty part before the request comes back

    def ask(self, *parts: bytes) -> dict:
        self.send(*parts)
        return self.answer()

    def metrics(self) -> dict:
        return self.ask(b'{"type": "metrics"}')
