# SPDX-License-Identifier: GPL-3.0-or-later
"""The location server as a process: what it answers, what it survives, how it ends.

NTNPOS_KILLS sets how often it is killed (default 5), NTNPOS_LMF_S the seconds of sustained load (default 2).
"""

import contextlib
import itertools
import json
import os
import random
import resource
import signal
import socket
import sqlite3
import time
import urllib.request
from collections import deque

import lmf_scene
import numpy as np
import position_scene as scene
import pytest
import zmq
from lmf_process import LmfProcess
from ntnpos.lmf.security import make_keys
from ntnpos.lmf.store import StoreReader
from zmq.utils.monitor import recv_monitor_message

KILLS = int(os.environ.get("NTNPOS_KILLS", "5"))
SOAK_S = float(os.environ.get("NTNPOS_LMF_S", "2"))
ROWS = lmf_scene.measurements()


def test_from_every_socket_to_a_fix_that_is_published_and_stored(tmp_path):
    with LmfProcess(tmp_path, "--metrics-port", "0") as server:
        watcher = server.socket(zmq.SUB, "pub", lambda socket: socket.setsockopt(zmq.SUBSCRIBE, b"fix/phone"))
        publisher, pusher, asker = (
            server.socket(zmq.XPUB, "sub"),
            server.socket(zmq.PUSH, "pull"),
            server.asker(),
        )
        assert publisher.poll(30_000) and publisher.recv() == b"\x01"
        for seq, row in enumerate(ROWS[:8]):
            publisher.send(lmf_scene.pmt(row, seq))
        for row in ROWS[8:16]:
            pusher.send_multipart([b"json/phone", row.to_json_line().encode()])
        requester = server.socket(zmq.REQ, "ack")
        for row in ROWS[16:]:
            requester.send(lmf_scene.line(row))
            assert requester.poll(30_000)
            assert json.loads(requester.recv())["accepted"] == 1
        while (metrics := asker.metrics())["measurements"] < 24:
            pass
        fix = server.line()
        while fix["measurements"]["count"] < 24:
            fix = server.line()
        assert np.linalg.norm(np.array(fix["ecef_m"]) - scene.ecef()) < 1e-3
        while watcher.poll(30_000):  # it may have been there for the later fixes alone
            topic, text = watcher.recv_multipart()
            assert topic == b"fix/phone"
            if json.loads(text) == fix:
                break
        else:
            raise AssertionError("the fix was not published")
        with StoreReader(server.store) as reader:
            assert json.dumps(fix) in [row["line"] for row in reader.rows("SELECT line FROM fix")]
        assert (metrics["bad"], metrics["lost"], metrics["duplicates"]) == (0, 0, 0)
        while True:  # the text is made anew every second
            with urllib.request.urlopen(server.addresses["metrics"], timeout=30) as page:
                if b"ntnpos_lmf_measurements_total 24\n" in page.read():
                    break
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(server.addresses["metrics"].replace("metrics", "etc/passwd"), timeout=30)
        assert server.stop() == 0


def test_nothing_that_is_sent_stops_it(tmp_path):
    rng = random.Random(3)
    good = lmf_scene.line(ROWS[0])
    with LmfProcess(tmp_path, "--workers", "0", "--quiet-s", "100") as server:
        pusher, asker = server.socket(zmq.PUSH, "pull"), server.asker()
        junk = [
            b"",
            b"\x00",
            b"\xff" * 100,
            b"{" * 3000,
            b"[" * 100_000,
            b'{"type": NaN}',
            b'{"type": "measurement", "t_s": 1e999}',
            good[:-1],
            good + good,
            b"\x09" * 5000,
            b"9" * 100_000,
            b"{" + b" " * 1_500_000,
            b'"\xed\xa0\x80"',
        ]
        sent = 0
        for _ in range(600):
            for to in (pusher, asker.socket):
                count = rng.choice([1, 1, 1, 2, 3, 9])
                parts = [
                    rng.choice(junk) if rng.random() < 0.5 else rng.randbytes(rng.randrange(400))
                    for _ in range(count)
                ]
                to.send_multipart(parts)
                sent += 1
                if to is asker.socket:
                    answer = asker.answer()
                    assert (answer["accepted"], answer["bad"] > 0) == (0, True) and answer["problem"]
        while (metrics := asker.metrics())["messages"] < sent + metrics["requests"]:
            pass
        assert metrics["bad"] >= sent and metrics["measurements"] == 0
        for address in server.addresses.values():  # bytes that are no ZeroMQ at all
            if isinstance(address, str) and address.startswith("tcp://"):
                host, port = address.removeprefix("tcp://").split(":")
                for data in (
                    b"GET / HTTP/1.0\r\n\r\n",
                    rng.randbytes(5000),
                    b"\xff" + b"\x00" * 8 + b"\x01\x7f" + rng.randbytes(300),
                ):
                    with socket.create_connection((host, int(port)), timeout=30) as raw, contextlib.suppress(
                        ConnectionError
                    ):
                        raw.sendall(data)
        oversized = server.asker()
        oversized.send(b"{" + b" " * (4 << 20))  # ZeroMQ drops who sends that; it comes back
        assert asker.ask(good)["accepted"] == 1
        assert oversized.ask(good)["accepted"] == 1
        assert server.stop() == 0
        said = [line for line in server.errors if "bad messages dropped" in line]
        assert 1 <= len(said) <= 100 and all(len(line) < 400 for line in said)
        assert not any("Traceback" in line for line in server.errors)


@pytest.mark.parametrize("number, workers", [(signal.SIGTERM, "1"), (signal.SIGINT, "0")])
def test_a_clean_stop_solves_and_stores_what_came(tmp_path, number, workers):
    with LmfProcess(tmp_path, "--workers", workers, "--quiet-s", "1000", "--fix-every-s", "1000") as server:
        asker = server.asker()
        assert asker.ask(b"\n".join(map(lmf_scene.line, ROWS)))["accepted"] == 24
        server.signal(number)
        assert server.process.wait(30) == 0
        (fix,) = server.lines()
        last = json.loads(server.errors[-1])
        assert (last["type"], last["measurements"], last["fixes"], last["places"]) == ("metrics", 24, 1, 1)
        with StoreReader(server.store) as reader:
            assert [json.loads(row["line"]) for row in reader.rows("SELECT line FROM fix")] == [fix]


def numbered(numbers):
    """Endless measurements, each with a number of its own."""
    for seq in numbers:
        yield seq, lmf_scene.line(ROWS[seq % len(ROWS)], f"ue {seq % 7}", source="rx", seq=seq)


def test_killed_at_any_moment_it_loses_nothing_that_it_acknowledged(tmp_path):
    """Requests run ahead of their answers by 100. It is killed a seeded number of answers and up to 60 ms later: while
    it receives, solves, commits or answers. Answers that were on their way count."""
    rng, numbers = random.Random(11), itertools.count()
    acknowledged, seen = {}, []
    for _ in range(KILLS):
        with LmfProcess(tmp_path, "--workers", "0", "--fix-every-s", "0", "--quiet-s", "0.01") as server:
            asker, waiting = server.asker(), deque()
            messages = numbered(numbers)

            def take(answer) -> None:
                seq, text = waiting.popleft()
                assert answer["accepted"] == 1
                acknowledged[seq] = text.decode()

            for _ in range(rng.randrange(1, 600)):
                while len(waiting) < 100:
                    waiting.append(next(messages))
                    asker.send(waiting[-1][1])
                take(asker.answer())
            until = time.monotonic() + rng.uniform(0.0, 0.06)
            while time.monotonic() < until:
                pass
            server.signal(signal.SIGKILL)
            seen += server.lines()
            while asker.socket.poll(100):
                take(asker.answer())
        database = sqlite3.connect(tmp_path / "store.sqlite")
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        stored = dict(database.execute("SELECT seq, line FROM measurement"))
        fixes = {line for line, in database.execute("SELECT line FROM fix")}
        database.close()
        assert {seq: stored.get(seq) for seq in acknowledged} == acknowledged
        assert all(json.dumps(fix) in fixes for fix in seen)  # what was printed had been stored
    assert len(acknowledged) > 50 * KILLS and seen


def test_a_store_that_cannot_be_written_ends_it_and_nothing_is_acknowledged_that_is_not_there(tmp_path):
    most = 2_000_000  # bytes of a file: the write-ahead log gets there first

    def prepare():
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    with LmfProcess(tmp_path, "--workers", "0", "--quiet-s", "1000", prepare=prepare) as server:
        asker, acknowledged = server.asker(), {}
        for seq, text in numbered(range(5000)):
            asker.send(text)
            while not asker.socket.poll(20) and server.process.poll() is None:
                pass
            if not asker.socket.poll(0):
                break
            assert asker.answer()["accepted"] == 1
            acknowledged[seq] = text.decode()
        assert server.process.wait(30) == 1
        assert server.lines() == [] and len(server.errors) == 1
        assert "store.sqlite: cannot be written" in server.errors[0]
    with StoreReader(tmp_path / "store.sqlite") as reader:
        stored = {row["seq"]: row["line"] for row in reader.rows("SELECT seq, line FROM measurement")}
    assert len(acknowledged) > 100 and {seq: stored.get(seq) for seq in acknowledged} == acknowledged


def load(rng, ues: int):
    """Endless messages: one in twenty of a UE that is seldom heard, else of `ues` in turn, whose measurements go on
    through 20 s of message time again and again."""
    rows = sorted(lmf_scene.measurements(21, 3.2, 1.0), key=lambda row: row.t_s)
    rows = [json.loads(row.to_json_line()) for row in rows]
    for seq in itertools.count():
        ue = f"ue {seq % ues}" if rng.random() < 0.95 else f"passer-by {rng.randrange(100_000)}"
        yield json.dumps(
            rows[seq // ues % len(rows)] | {"ue": ue, "source": f"rx {seq % 5}", "seq": seq // 5}
        ).encode()


def test_sustained_load_in_flat_memory(tmp_path):
    """As fast as it acknowledges, 200 requests ahead. At 600 s and more it is judged too whether one core is enough
    for 5000 messages a second."""
    settle = min(20.0, 0.3 * SOAK_S)
    with LmfProcess(tmp_path, "--ues", "400", "--per-ue", "50", "--window-s", "10") as server:
        asker, waiting, messages = server.asker(), 0, load(random.Random(5), 300)
        start, cpu_s, before, count = time.monotonic(), server.cpu_s(), None, 0
        while (elapsed := time.monotonic() - start) < SOAK_S:
            while waiting < 200:
                asker.send(next(messages))
                waiting += 1
            assert asker.answer()["accepted"] == 1
            waiting, count = waiting - 1, count + 1
            if before is None and elapsed > settle:
                before = server.resident_bytes()
        rate, grown = count / (time.monotonic() - start), server.resident_bytes() - before
        by_cpu = count / (server.cpu_s() - cpu_s)
        for _ in range(waiting):
            asker.answer()
        until = time.monotonic() + 60.0
        while (metrics := asker.metrics())["fixes"] == 0 and time.monotonic() < until:
            pass
        print(
            f"{rate:.0f} messages/s acknowledged over {SOAK_S:g} s, {by_cpu:.0f} a second of its CPU time, "
            f"{grown / 1e6:+.1f} MB of {before / 1e6:.0f}, {metrics}"
        )
        assert metrics["measurements"] == count + waiting and metrics["lost"] == metrics["bad"] == 0
        assert metrics["sessions"] <= 400 and metrics["fixes"] > 0 and metrics["solver_failures"] == 0
        assert grown < 20e6
        assert SOAK_S < 600 or by_cpu >= 5000
        assert server.stop() == 0


def curve(secret):
    """Prepares a client's socket with its keys, the server's public one among them."""
    own, server = zmq.auth.load_certificate(secret), zmq.auth.load_certificate(
        secret.parents[1] / "server.key"
    )

    def prepare(socket):
        socket.curve_publickey, socket.curve_secretkey = own
        socket.curve_serverkey = server[0]

    return prepare


def test_curve_admits_those_whose_keys_it_has_and_nobody_else(tmp_path):
    keys, others = tmp_path / "keys", tmp_path / "others"
    make_keys(keys, ["receiver"])
    make_keys(others, ["stranger"])
    (others / "server.key").write_bytes((keys / "server.key").read_bytes())
    with LmfProcess(
        tmp_path,
        "--server-key-file",
        str(keys / "server.key_secret"),
        "--authorized-keys",
        str(keys / "authorized"),
        "--workers",
        "0",
        endpoint="tcp://0.0.0.0:*",
    ) as server:
        server.addresses = {
            name: text.replace("0.0.0.0", "127.0.0.1") for name, text in server.addresses.items()
        }
        friend = server.asker(curve(keys / "clients" / "receiver.key_secret"))
        assert friend.ask(lmf_scene.line(ROWS[0]))["accepted"] == 1
        for prepare, event in (
            (curve(others / "clients" / "stranger.key_secret"), zmq.EVENT_HANDSHAKE_FAILED_AUTH),
            (lambda socket: None, zmq.EVENT_DISCONNECTED),
        ):
            watched = []
            stranger = server.asker(
                lambda socket: (prepare(socket), watched.append(socket.get_monitor_socket(event)))
            )
            stranger.send(lmf_scene.line(ROWS[1]))
            assert watched[0].poll(30_000) and recv_monitor_message(watched[0])["event"] == event
            stranger.socket.disable_monitor()
        assert friend.metrics()["measurements"] == 1
        assert server.stop() == 0
