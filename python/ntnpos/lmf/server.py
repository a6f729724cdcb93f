# SPDX-License-Identifier: GPL-3.0-or-later
"""The location server's sockets and its loop."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import zmq

from ..errors import InputError, describe
from ..network.wire import CurveKeys, check_address
from . import security
from .exporter import Exporter
from .service import Receipt, Service

_QUEUE = 10_000              # messages that ZeroMQ keeps for each socket
_LARGEST_QUEUED = 2 << 20    # ZeroMQ itself drops the peer that sends more in one message
_TURN_MESSAGES = 500         # of one turn of the loop
_TURN_S = 0.05
_POLL_MS = 50
_MOST_PENDING = 2000         # rows after which a commit does not wait
_EXPORT_S = 1.0
_LAST_S = 5.0                # what is asked for when it is stopped may take so long


@dataclass(frozen=True)
class Endpoints:
    """ZeroMQ endpoints that are bound; None for none. All but `connect` are the server's own."""

    sub: str | None = "tcp://127.0.0.1:5570"
    """Publishers of measurements connect to it."""
    pull: str | None = "tcp://127.0.0.1:5571"
    """Pushers of measurements connect to it."""
    ack: str | None = "tcp://127.0.0.1:5572"
    """Requests, each answered once what it brought has been committed."""
    pub: str | None = "tcp://127.0.0.1:5573"
    """Fixes and verdicts."""
    connect: tuple[str, ...] = ()
    """Publishers of measurements that are bound themselves."""


class Server:
    """Binds, and works until it is told to stop. Use from one thread; a context manager.

    Parameters
    ----------
    endpoints : Endpoints
    curve : CurveKeys, optional
        The server's keys; with them every socket that it binds speaks CURVE, to the holders of the `authorized`
        keys alone.
    authorized : Path, optional
    metrics_port : int, optional
        Port on the loopback for Prometheus; 0 for a free one.
    commit_s : float
        What nobody waits for is committed after so long at most.
    clock : callable
        Monotonic seconds.

    Raises
    ------
    InputError
        An endpoint is malformed, taken, or off the loopback without keys.
    """

    def __init__(self, endpoints: Endpoints, curve: CurveKeys | None = None, authorized: Path | None = None,
                 metrics_port: int | None = None, commit_s: float = 0.2,
                 clock: Callable[[], float] = time.monotonic):
        self._clock, self._commit_s = clock, commit_s
        self._context = zmq.Context()
        self._sockets: dict[str, zmq.Socket] = {}
        self._authenticator, self._exporter = None, None
        self._acks: list[tuple[list[bytes], Receipt]] = []
        self._pending_since: float | None = None
        self.addresses: dict[str, str] = {}
        try:
            if curve is not None:
                self._authenticator = security.authenticator(self._context, authorized)
            for name, kind in (("sub", zmq.SUB), ("pull", zmq.PULL), ("ack", zmq.ROUTER), ("pub", zmq.PUB)):
                address = getattr(endpoints, name)
                if address is not None:
                    self._bind(name, kind, address, curve)
            self._connect(endpoints.connect)
            if metrics_port is not None:
                self._exporter = Exporter(metrics_port)
                self.addresses["metrics"] = self._exporter.address
        except InputError:
            self.close()
            raise
        self._poller = zmq.Poller()
        for name in ("ack", "pull", "sub", "connect"):
            if name in self._sockets:
                self._poller.register(self._sockets[name], zmq.POLLIN)

    def _socket(self, name: str, kind: int) -> zmq.Socket:
        found = self._sockets[name] = self._context.socket(kind)
        for option, value in ((zmq.LINGER, 0), (zmq.RCVHWM, _QUEUE), (zmq.SNDHWM, _QUEUE),
                              (zmq.MAXMSGSIZE, _LARGEST_QUEUED)):
            found.setsockopt(option, value)
        if kind == zmq.SUB:
            found.setsockopt(zmq.SUBSCRIBE, b"")
        if kind == zmq.ROUTER:
            found.setsockopt(zmq.ROUTER_MANDATORY, 1)
        return found

    def _bind(self, name: str, kind: int, address: str, curve: CurveKeys | None) -> None:
        check_address(address, curve)
        socket = self._socket(name, kind)
        if curve is not None:
            socket.curve_publickey, socket.curve_secretkey = curve.public, curve.secret
            socket.curve_server = True
        try:
            socket.bind(address)
        except zmq.ZMQError as error:
            raise InputError("wire", name, f"{describe(address)}: {error}",
                             "a free ZeroMQ endpoint") from None
        self.addresses[name] = socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def _connect(self, addresses: tuple[str, ...]) -> None:
        for address in addresses:
            check_address(address, None)
            socket = self._sockets.get("connect") or self._socket("connect", zmq.SUB)
            try:
                socket.connect(address)
            except zmq.ZMQError as error:
                raise InputError("wire", "connect", f"{describe(address)}: {error}",
                                 "a ZeroMQ endpoint") from None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close everything that was bound."""
        if self._exporter is not None:
            self._exporter.close()
        if self._authenticator is not None:
            self._authenticator.stop()
        for socket in self._sockets.values():
            socket.close(0)
        self._context.term()

    def publish(self, topic: str, line: str) -> bool:
        """Send a line to the subscribers; those that lag behind lose it."""
        socket = self._sockets.get("pub")
        if socket is None:
            return True
        try:
            socket.send_multipart([topic.encode(), line.encode()], zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    # ------------------------------------------------------------------------------------------ the loop

    def run(self, service: Service, descriptors: Callable[[], list[int]], stop: Callable[[], bool],
            tell: Callable[[str], None], metrics_every_s: float) -> None:
        """Work until `stop()`; then finish what has been received, within some seconds.

        Parameters
        ----------
        service : Service
        descriptors : callable
            What else wakes the loop: the solver's file descriptors.
        stop : callable
        tell : callable
            Takes a metrics line, every `metrics_every_s` and at the end.
        metrics_every_s : float
        """
        tell_at, export_at = self._clock() + metrics_every_s, self._clock()
        while not stop():
            self.turn(service, descriptors(), _POLL_MS)
            now = self._clock()
            if now >= tell_at:
                tell(json.dumps(service.metrics()))
                tell_at = now + metrics_every_s
            if self._exporter is not None and now >= export_at:
                self._exporter.text = service.prometheus()
                export_at = now + _EXPORT_S
        until = self._clock() + _LAST_S
        while self._receive(service) and self._clock() < until:
            pass
        service.sessions.ask_all()
        while not service.idle and self._clock() < until:
            self._wait(descriptors(), _POLL_MS, receiving=False)
            service.work()
            self._commit(service)
        self._commit(service)
        tell(json.dumps(service.metrics()))

    def turn(self, service: Service, descriptors: list[int], poll_ms: int) -> None:
        """Wait for something, and do a bounded piece of work."""
        self._wait(descriptors, 0 if service.busy else poll_ms)
        self._receive(service)
        service.work()
        now = self._clock()
        if service.pending and self._pending_since is None:
            self._pending_since = now
        waited = self._pending_since is not None and now - self._pending_since >= self._commit_s
        if self._acks or service.lines_pending or waited or service.pending > _MOST_PENDING:
            self._commit(service)

    def _wait(self, descriptors: list[int], poll_ms: int, receiving: bool = True) -> None:
        poller = zmq.Poller()
        for socket, flags in self._poller.sockets if receiving else ():
            poller.register(socket, flags)
        for descriptor in descriptors:
            poller.register(descriptor, zmq.POLLIN)
        poller.poll(poll_ms)

    def _receive(self, service: Service) -> int:
        """Take messages that are there, some from each socket in turn; how many."""
        count, until = 0, self._clock() + _TURN_S
        open_ = [name for name in ("ack", "pull", "sub", "connect") if name in self._sockets]
        while open_ and count < _TURN_MESSAGES and self._clock() < until:
            for name in list(open_):
                try:
                    parts = self._sockets[name].recv_multipart(zmq.NOBLOCK)
                except zmq.ZMQError:
                    open_.remove(name)
                    continue
                count += 1
                self._message(service, name, parts)
        return count

    def _message(self, service: Service, name: str, parts: list[bytes]) -> None:
        head: list[bytes] = []
        if name == "ack":
            split = 2 if len(parts) > 2 and parts[1] == b"" else 1
            head, parts = parts[:split], parts[split:]
        if len(parts) in (1, 2):
            receipt = service.receive(parts[0] if len(parts) == 2 else None, parts[-1])
        else:
            receipt = service.refuse(f"a message of {len(parts)} parts")
        if head:
            self._acks.append((head, receipt))

    def _commit(self, service: Service) -> None:
        """Commit and publish; then, and only then, acknowledge."""
        service.commit()
        self._pending_since = None
        acks, self._acks = self._acks, []
        for head, receipt in acks:
            answer = service.metrics() if receipt.asked else receipt.to_dict()
            try:
                self._sockets["ack"].send_multipart([*head, json.dumps(answer).encode()], zmq.NOBLOCK)
            except zmq.ZMQError:
                service.counts.acks_unsent += 1
