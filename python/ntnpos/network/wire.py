# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's end of the wire: a ZeroMQ subscriber that nothing received can stop."""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Callable, Collection, Iterator

import zmq

from ..errors import InputError, describe
from .measurements import Measurement, from_wire
from .pmt import WireError, decode

SCHEMA = "ntnpos.wire/1"
MAX_SOURCES = 64
MAX_SOURCE_CHARS = 64
MAX_GAP = 1_000_000
_RECENT = 64  # messages of a source that are remembered, to know a repeat
_POLL_MS = 100
_QUEUE = 10_000
_LARGEST_QUEUED = 1 << 24  # ZeroMQ itself drops the peer that sends more in one message

__all__ = ["CurveKeys", "SourceCounts", "WireCounts", "WireError", "WireReceiver", "decode"]
log = logging.getLogger("ntnpos.wire")


@dataclass
class SourceCounts:
    """What one source sent, by its `seq`."""

    received: int = 0
    """Messages passed on."""
    lost: int = 0
    """Numbers missing between messages (a gap of up to `MAX_GAP`)."""
    restarts: int = 0
    """Times the numbers began again, or jumped further than any loss."""
    duplicates: int = 0
    """Messages repeated, and dropped."""
    ended: bool = False
    """Its last message was of kind ``end``."""
    next_seq: int = -1
    """The number its next message should have; -1 before the first."""
    recent: OrderedDict[int, int] = field(default_factory=OrderedDict, repr=False)
    """Number and hash of its last messages."""

    def follow(self, seq: int, digest: int) -> bool:
        """Account for a message; False where it repeats a recent one, number and content."""
        if self.recent.get(seq) == digest:
            self.duplicates += 1
            return False
        gap = seq - self.next_seq
        if self.next_seq >= 0:
            if 0 <= gap <= MAX_GAP:
                self.lost += gap
            else:
                self.restarts += 1
        self.next_seq = seq + 1
        self.recent[seq] = digest
        if len(self.recent) > _RECENT:
            self.recent.popitem(last=False)
        self.received += 1
        return True


@dataclass
class WireCounts:
    """What arrived, over all sources: received = passed on + bad + duplicates."""

    received: int = 0
    bad: int = 0
    duplicates: int = 0


@dataclass(frozen=True)
class CurveKeys:
    """Keys (Z85) for ZeroMQ's CURVE security. `server` is None at the end that binds."""

    public: bytes
    secret: bytes
    server: bytes | None = None


class WireReceiver:
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
        _check_address(address, curve)
        self.counts = WireCounts()
        self.sources: OrderedDict[str, SourceCounts] = OrderedDict()
        self._wanted = None if sources is None else frozenset(sources)
        self._done: set[str] = set()
        self._clock = clock
        self._quiet_until, self._unlogged = float("-inf"), 0
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

    @property
    def lost(self) -> int:
        """Messages lost, over the sources still tracked."""
        return sum(source.lost for source in self.sources.values())

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
        self._bad(problem)

    def accept(self, data: bytes | None) -> dict[str, Any] | None:
        """Count one message as received; the decoded message, or None where it is bad or a repeat. Never
        raises."""
        self.counts.received += 1
        try:
            if data is None:
                raise WireError("a message of several parts")
            message = decode(data)
            _check_header(message)
        except WireError as error:
            self._bad(str(error))
            return None
        source = self._source(message["source"])
        if not source.follow(message["seq"], hash(data)):
            self.counts.duplicates += 1
            return None
        source.ended = message["kind"] == "end"
        if source.ended and (self._wanted is None or message["source"] in self._wanted):
            self._done.add(message["source"])
        return message

    def _source(self, name: str) -> SourceCounts:
        """The counts of a source, now the most recent; the least recent is forgotten beyond `MAX_SOURCES`."""
        if name in self.sources:
            self.sources.move_to_end(name)
        else:
            if len(self.sources) >= MAX_SOURCES:
                forgotten, _ = self.sources.popitem(last=False)
                if self._wanted is None:
                    self._done.discard(forgotten)
            self.sources[name] = SourceCounts()
        return self.sources[name]

    def _bad(self, problem: str) -> None:
        """Count, and log once a second at most."""
        self.counts.bad += 1
        self._unlogged += 1
        if self._clock() >= self._quiet_until:
            log.warning("%d bad messages dropped (%d in all), the last: %s", self._unlogged, self.counts.bad,
                        describe(problem, 200))
            self._quiet_until, self._unlogged = self._clock() + 1.0, 0


def _check_header(message: Any) -> None:
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


def _check_address(address: str, curve: CurveKeys | None) -> None:
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
