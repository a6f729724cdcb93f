# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver: accounting, ends, addresses, and a fuzz over a real socket.

NTNPOS_FUZZ_N sets the number of mutated messages (default 20000; a million takes some minutes).
"""

import contextlib
import gc
import itertools
import logging
import os
import random

import pytest
import zmq
from ntnpos.errors import InputError
from ntnpos.network.wire import MAX_SOURCES, CurveKeys, WireReceiver

from pmt_encode import encode

FUZZ_N = int(os.environ.get("NTNPOS_FUZZ_N", "20000"))
TEN_MEGABYTES = 10_000_000
LOOPBACK = "tcp://127.0.0.1:*"


def message(seq, kind="toa", source="rx", **more):
    fields = {"schema": "ntnpos.wire/1", "source": source, "seq": seq, "kind": kind}
    if kind == "toa":
        fields |= {"satellite": "SAT-1", "slot_count": 30, "t": (3, 0.25), "toa_s": 2.5e-3, "toa_std_s": 1e-9,
                   "doppler_hz": 1e4, "doppler_std_hz": 1.0, "snr_db": 10.0, "rsrp_db": -60.0,
                   "los_probability": 1.0, "window_min_s": 2e-3, "window_max_s": 3e-3, "status": "ok"}
    return encode(fields | more)


@contextlib.contextmanager
def publishing(receiver, prepare=lambda socket: None):
    """A publisher connected to a receiver that is bound. XPUB reports the subscription, so nothing sent is
    lost; the receiver must be waiting for that, as it then takes in the new connection."""
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)
    try:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, 0)
        prepare(socket)
        socket.connect(receiver.address)
        for _ in range(100):
            assert list(receiver.messages(idle_timeout_s=0.0)) == []
            if socket.poll(0):
                break
        assert socket.recv(zmq.NOBLOCK) == b"\x01"
        yield socket
    finally:
        socket.close(0)
        context.term()


@pytest.fixture
def receiver():
    with WireReceiver(LOOPBACK, bind=True) as made:
        yield made


@pytest.fixture
def publisher(receiver):
    with publishing(receiver) as socket:
        yield socket


def test_messages_arrive_until_the_end(receiver, publisher):
    for data in (message(0, "config", place="x"), message(1), message(2), message(3, "end", count=2),
                 message(4)):
        publisher.send(data)
    found = list(receiver.messages(idle_timeout_s=5))
    assert [m["kind"] for m in found] == ["config", "toa", "toa", "end"]
    assert receiver.ended and receiver.counts.bad == 0 and receiver.lost == 0
    assert receiver.sources["rx"].received == 4


def test_measurements_are_measurements_and_bad_ones_are_counted(receiver, publisher):
    publisher.send(message(0))
    publisher.send(message(1, toa_s=float("nan")))
    publisher.send(message(2, status="no_signal", toa_s=None, toa_std_s=None, snr_db=None))
    publisher.send(message(3, satellite=5))
    publisher.send(message(4, "end"))
    first, second = receiver.measurements(idle_timeout_s=5)
    assert (first.toa_s, first.t_s, first.slot_count) == (2.5e-3, 3.25, 30)
    assert (second.status, second.toa_s) == ("no_signal", None)
    assert receiver.counts.bad == 2
    assert receiver.counts.received == receiver.sources["rx"].received + receiver.counts.bad


def test_all_named_sources_must_end():
    with WireReceiver(LOOPBACK, bind=True, sources=("a", "b")) as receiver:
        for source in ("c", "a"):
            receiver.accept(message(0, "end", source))
            assert not receiver.ended
        receiver.accept(message(0, "end", "b"))
        assert receiver.ended


def test_idle_and_stop_end_the_wait(receiver):
    clock = itertools.count(0.0, 0.25)
    with WireReceiver(LOOPBACK, bind=True, clock=lambda: next(clock)) as quick:
        assert list(quick.messages(idle_timeout_s=0.5)) == []
    answers = iter([False, True])
    assert list(receiver.messages(stop=lambda: next(answers))) == []


@pytest.mark.parametrize("numbers, received, lost, restarts, duplicates", [
    ([0, 1, 2, 3], 4, 0, 0, 0), ([5, 6], 2, 0, 0, 0), ([0, 1, 4, 5], 4, 2, 0, 0), ([0, 1, 1, 2], 3, 0, 0, 1),
    ([0, 1, 2, 1, 3], 4, 0, 0, 1), ([0, 1, 2**63, 2], 4, 0, 2, 0), ([0, 0, 1], 2, 0, 0, 1)])
def test_numbers_are_accounted_for(receiver, numbers, received, lost, restarts, duplicates):
    for seq in numbers:
        receiver.accept(message(seq))
    source = receiver.sources["rx"]
    assert (source.received, source.lost) == (received, lost)
    assert (source.restarts, source.duplicates) == (restarts, duplicates)
    assert receiver.counts.received == source.received + receiver.counts.duplicates


@pytest.mark.parametrize("first", [0, 1, 3])
def test_a_restarted_source_loses_nothing(receiver, first):
    for seq in range(6):
        receiver.accept(message(seq))
    passed = [receiver.accept(message(seq, satellite="SAT-2")) for seq in range(first, 9)]
    assert None not in passed
    assert receiver.sources["rx"].restarts == 1 and receiver.lost == 0


def test_sources_are_bounded_and_the_busy_one_stays(receiver):
    for i in range(5 * MAX_SOURCES):
        receiver.accept(message(0, source=f"noise {i}"))
        receiver.accept(message(i))
    assert len(receiver.sources) == MAX_SOURCES
    assert receiver.sources["rx"].received == 5 * MAX_SOURCES and receiver.sources["rx"].lost == 0


@pytest.mark.parametrize("data", [
    None, b"", b"hello", encode([1]), encode({"a": 1}), message(0, schema="ntnpos.wire/2"),
    message(0, schema=None),
    message(-1), message(1.0), message(True), message(None), message(0, source=""),
    message(0, source="x" * 65),
    message(0, source="a\nb"), message(0, source=3), message(0, kind=None), message(0, kind=[])])
def test_bad_messages_are_counted_and_nothing_else(receiver, data):
    assert receiver.accept(data) is None
    assert (receiver.counts.received, receiver.counts.bad, len(receiver.sources)) == (1, 1, 0)


def test_several_parts_are_one_bad_message(receiver, publisher):
    publisher.send_multipart([message(0), message(1)])
    publisher.send(message(0, "end"))
    assert [m["kind"] for m in receiver.messages(idle_timeout_s=5)] == ["end"]
    assert (receiver.counts.received, receiver.counts.bad) == (2, 1)


def test_bad_messages_are_logged_once_a_second(caplog):
    now = [100.0]
    caplog.set_level(logging.WARNING)
    with WireReceiver(LOOPBACK, bind=True, clock=lambda: now[0]) as receiver:
        for _ in range(1000):
            receiver.accept(b"\nevil\n")
        assert len(caplog.records) == 1
        now[0] += 1.5
        receiver.accept(message(0, schema="a\nb"))
    assert len(caplog.records) == 2
    assert "1000 bad messages dropped (1001 in all)" in caplog.records[1].getMessage()
    assert all(record.getMessage().isprintable() for record in caplog.records)


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:5555", "tcp://*:5555", "tcp://example.org:5555",
                                     "tcp://127.evil:1",
                                     "udp://127.0.0.1:5", "", None, "tcp://127.0.0.1:99999",
                                     "tcp://127.0.0.1"])
def test_addresses_that_are_refused(address):
    with pytest.raises(InputError, match="^wire: address: "):
        WireReceiver(address, bind=True)


def test_a_taken_address_is_refused(receiver):
    with pytest.raises(InputError, match="Address already in use"):
        WireReceiver(receiver.address, bind=True)


@pytest.mark.skipif(not zmq.has("curve"), reason="this ZeroMQ has no CURVE")
def test_curve_lets_in_who_has_the_servers_key():
    server, client = zmq.curve_keypair(), zmq.curve_keypair()
    with WireReceiver("tcp://127.0.0.1:*", bind=True, curve=CurveKeys(*server)) as receiver:
        def prepare(socket):
            socket.curve_publickey, socket.curve_secretkey = client
            socket.curve_serverkey = server[0]

        with publishing(receiver, prepare) as socket:
            socket.send(message(0, "end"))
            assert len(list(receiver.messages(idle_timeout_s=5))) == 1


def test_a_receiver_connects_to_a_publisher_that_is_bound():
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)
    socket.bind(LOOPBACK)
    with WireReceiver(socket.getsockopt_string(zmq.LAST_ENDPOINT)) as receiver:
        assert socket.poll(5000) and socket.recv() == b"\x01"
        socket.send(message(0, "end"))
        assert len(list(receiver.messages(idle_timeout_s=5))) == 1
    socket.close(0)
    context.term()


def resident_bytes() -> int:
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def mutate(rng: random.Random, data: bytes) -> bytes:
    """Flipped, cut, inserted, repeated bytes and false lengths; sometimes no message at all."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at, choice = rng.randrange(len(out)), rng.randrange(6)
        if choice == 0:
            out[at] = rng.randrange(256)
        elif choice == 1:
            out[at] ^= 1 << rng.randrange(8)
        elif choice == 2 and len(out) > 10:
            del out[at:at + rng.randint(1, 8)]
        elif choice == 3:
            out[at:at] = rng.randbytes(rng.randint(1, 8))
        elif choice == 4:
            out[at:at + 4] = b"\xff\xff\xff\xff"
        elif rng.random() < 0.05:
            out += bytes(out) * rng.randint(1, 20)
        if not out:
            out = bytearray(b"\x09")
    return rng.randbytes(rng.randint(0, 300)) if rng.random() < 0.02 else bytes(out)


def test_mutated_messages_never_stop_the_receiver_nor_fill_memory(caplog):
    """Batches of mutated messages and one good one each, over a real socket."""
    caplog.set_level(logging.CRITICAL)
    rng, batch = random.Random(20251007), 500
    with WireReceiver(LOOPBACK, bind=True, sources=("good",)) as receiver, publishing(receiver) as socket:
        sent, good, before = 0, 0, None
        for round_ in range(FUZZ_N // batch):
            for _ in range(batch):
                data = message(rng.randrange(1000), rng.choice(["toa", "config", "end"]),
                               rng.choice(["rx", "other"]))
                socket.send(mutate(rng, data))
            socket.send(message(round_, source="good", satellite="GOOD"))
            sent += batch + 1
            for measurement in receiver.measurements(idle_timeout_s=10):
                if measurement.satellite == "GOOD":
                    good += 1
                    break
            assert receiver.counts.received == sent
            if round_ == 4:
                before = resident_bytes()
        assert receiver.sources["good"].received == good == FUZZ_N // batch
        assert receiver.sources["good"].lost == 0
        assert receiver.counts.bad > 0.5 * FUZZ_N
        assert len(receiver.sources) <= MAX_SOURCES
        assert resident_bytes() - before < TEN_MEGABYTES
        socket.send(message(FUZZ_N // batch, "end", "good"))
        assert [m["kind"] for m in receiver.messages(idle_timeout_s=10)] == ["end"]
