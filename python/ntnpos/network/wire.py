# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's end of the wire: a ZeroMQ subscriber that nothing received can stop."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, Callable, Collection, Iterator

import zmq

from ..errors import InputError, describe
from .accounts import MAX_GAP, MAX_SOURCES, Accounts, SourceCounts, WireCounts, log
from .measurements import Measurement, from_wire
from .pmt import WireError, decode

SCHEMA = "ntnpos.wire/1"
MAX_SOURCE_CHARS = 64
_POLL_MS = 100
_QUEUE = 10_000
_LARGEST_QUEUED = 1 << 24  # ZeroMQ itself drops the peer that sends more in one message

__all__ = ["MAX_GAP", "MAX_SOURCES", "CurveKeys", "SourceCounts", "WireCounts", "WireError", "WireReceiver",
           "check_address", "check_header", "decode"]


@dataclass(frozen=True)
class CurveKeys:
    """Keys (Z85) for ZeroMQ's CURVE security. `server` is None at the end that binds."""

    public: bytes
    secret: bytes
    server: bytes | None = None


class WireReceiver(Accounts):
    """Subscribes to measurement messages, decodes and counts them. Use from one thread; a context manager.

    Parameters
    ----------
    address : str
        ZeroMQ endpoint, such as ``tcp://127.0.0.1:5555``.
    bind : bool
        Bind to it instead of connecting.
    curve : CurveKeys, optional
        Required for any TCP address off the loopback.
    sources : collection of str, optional
        The iterators end when all of these have sent ``end``. None: when any source has.
    clock : callable
        Monotonic seconds, for the idle time and the rate of log lines.

    Raises
    ------
    InputError
        The address is malformed, taken, or off the loopback without keys.
    """

    def __init__(self, address: str, *, bind: bool = False, curve: CurveKeys | None = None,
                 sources: Collection[str] | None = None, clock: Callable[[], float] = time.monotonic):
        check_address(address, curve)
        super().__init__(clock)
        self._wanted = None if sources is None else frozenset(sources)
        self._done: set[str] = set()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        for option, value in ((zmq.LINGER, 0), (zmq.RCVHWM, _QUEUE), (zmq.MAXMSGSIZE, _LARGEST_QUEUED)):
            self._socket.setsockopt(option, value)
        try:
            if curve is not None:
                self._secure(curve, bind)
            self._socket.setsockopt(zmq.SUBSCRIBE, b"")
            (self._socket.bind if bind else self._socket.connect)(address)
        except zmq.ZMQError as error:
            self.close()
            raise InputError("wire", "address", f"{describe(address)}: {error}",
                             "a free ZeroMQ endpoint") from None
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def _secure(self, curve: CurveKeys, bind: bool) -> None:
        self._socket.curve_publickey, self._socket.curve_secretkey = curve.public, curve.secret
        if bind:
            self._socket.curve_server = True
        else:
            self._socket.curve_serverkey = curve.server or b""

    def __enter__(self) -> WireReceiver:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; the counts remain."""
        self._socket.close(0)
        self._context.term()

    @property
    def ended(self) -> bool:
        """The sources that end the iterators have all sent ``end``."""
        return bool(self._done) if self._wanted is None else self._wanted <= self._done

    def messages(self, idle_timeout_s: float | None = None,
                 stop: Callable[[], bool] | None = None) -> Iterator[dict[str, Any]]:
        """Valid messages as they come, of all kinds: dicts with `schema`, `source`, `seq`, `kind` checked.

        Ends after the last ``end`` message (which is passed on), when `idle_timeout_s` have passed without a
        message of any sort, or when `stop()` is true (asked every 100 ms and after each message).
        """
        last = self._clock()
        while not (self.ended or (stop is not None and stop())):
            try:
                if not self._socket.poll(_POLL_MS):
                    if idle_timeout_s is not None and self._clock() - last >= idle_timeout_s:
                        return
                    continue
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                continue
            except zmq.ZMQError as error:
                log.warning("receiving ended: %s", error)
                return
            last = self._clock()
            message = self.accept(parts[0] if len(parts) == 1 else None)
            if message is not None:
                yield message

    def measurements(self, idle_timeout_s: float | None = None,
                     stop: Callable[[], bool] | None = None) -> Iterator[Measurement]:
        """As `messages`, only those of kind ``toa``, as `Measurement`; one that is malformed is counted
        bad."""
        for message in self.messages(idle_timeout_s, stop):
            if message["kind"] == "toa":
                try:
                    measurement = from_wire(message)
                except InputError as error:
                    self.refuse(message, str(error))
                else:
                    yield measurement

    def refuse(self, message: dict[str, Any], problem: str) -> None:
        """Count a message that was passed on as bad after all."""
        if message["source"] in self.sources:
            self.sources[message["source"]].received -= 1
        self.bad(problem)

    def accept(self, data: bytes | None) -> dict[str, Any] | None:
        """Count one message as received; the decoded message, or None where it is bad or a repeat. Never
        raises."""
        self.counts.received += 1
        try:
            if data is None:
                raise WireError("a message of several parts")
            message = decode(data)
            check_header(message)
        except WireError as error:
            self.bad(str(error))
            return None
        if not self.follow(message["source"], message["seq"], hash(data)):
            return None
        ended = self.sources[message["source"]].ended = message["kind"] == "end"
        if ended and (self._wanted is None or message["source"] in self._wanted):
            self._done.add(message["source"])
        return message

    def _forgotten(self, name: str) -> None:
        """See `Accounts`."""
        if self._wanted is None:
            self._done.discard(name)


def check_header(message: Any) -> None:
    """`WireError` where a decoded PMT lacks a valid `schema`, `source`, `kind` or `seq`."""
    if not isinstance(message, dict):
        raise WireError("not a dict")
    schema = message.get("schema")
    if not isinstance(schema, str) or schema != SCHEMA:
        raise WireError(f"schema {describe(schema)} is not {SCHEMA}")
    for key in ("source", "kind"):
        value = message.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= MAX_SOURCE_CHARS or not value.isprintable():
            raise WireError(f"{key} {describe(value)} is not 1 to {MAX_SOURCE_CHARS} printable characters")
    seq = message.get("seq")
    if isinstance(seq, bool) or not isinstance(seq, int) or seq < 0:
        raise WireError(f"seq {describe(seq)} is not a count")


def check_address(address: str, curve: CurveKeys | None) -> None:
    """`InputError` where an endpoint is malformed, or off the loopback without keys."""
    allowed = "tcp://HOST:PORT, ipc://PATH"
    readable = isinstance(address, str) and address.isprintable()
    if not readable or not address.startswith(("tcp://", "ipc://")):
        raise InputError("wire", "address", f"{describe(address)} is not an endpoint", allowed)
    host, _, port = address[len("tcp://"):].rpartition(":")
    if address.startswith("tcp://"):
        if port != "*" and not (port.isascii() and port.isdigit() and int(port) <= 65535):
            raise InputError("wire", "address", f"{describe(address)} has no port",
                             "tcp://HOST:PORT, port up to 65535")
        loopback = host in ("localhost", "[::1]") or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host)
        if not loopback and curve is None:
            raise InputError("wire", "address",
                             f"{describe(address)} is off the loopback and there are no CURVE keys",
                             "tcp://127.0.0.1:PORT, ipc://PATH, or CURVE keys")
    if curve is not None and not zmq.has("curve"):
        raise InputError("wire", "curve", "this ZeroMQ has no CURVE security", "an address on the loopback")
