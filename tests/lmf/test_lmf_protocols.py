# SPDX-License-Identifier: GPL-3.0-or-later
"""LPP and NRPPa PDUs into the location server."""

import json
import random

import lmf_scene
import numpy as np
import protocol_scene as scene
import pytest
from ntnpos.lmf.protocols import Context, decode_measurements
from ntnpos.lmf.protocols.lpp_measurements import provide_location
from ntnpos.lmf.protocols.nrppa_measurements import measurement_message
from ntnpos.lmf.replay import replay
from ntnpos.lmf.store import StoreReader
from ntnpos.network.measurements import Measurement
from ntnpos.position import solve

DATA = scene.scene()
EPOCH_S = DATA.epoch.utc.timestamp()


@pytest.fixture(scope="module")
def lpp() -> bytes:
    """Times of arrival of six satellites as one ProvideLocationInformation."""
    return provide_location(scene.arrivals(DATA, scene.true_place(DATA)), scene.directory(DATA))


@pytest.fixture(scope="module")
def nrppa() -> bytes:
    """Relative times of arrival of the uplink at two satellites."""
    rows = [
        Measurement(
            s.id, kind="ul_rtoa", t_s=scene.on_grid(s, 10), extra={"rtoa_s": 3e-4, "rtoa_std_s": 1e-8}
        )
        for s in DATA.satellites[:2]
    ]
    return measurement_message(rows, scene.directory(DATA), 1)


@pytest.mark.parametrize(
    "label, now", [("phone?t=0.02", 9e9), ("phone?t=0.02&assistance=sky", 9e9), ("phone", EPOCH_S)]
)
def test_an_lpp_message_gives_the_fix_of_its_measurements(tmp_path, lpp, label, now):
    with lmf_scene.Bench(tmp_path, data=DATA, utc=lambda: now) as bench:
        assert bench.service.receive(f"lpp/{label}".encode(), lpp).accepted == 6
        bench.quiet()
        ((topic, fix),) = bench.published
        assert topic == "fix/phone" and fix["status"] == "ok"
        rows = decode_measurements("lpp", lpp, Context(DATA, 0.02))
        wanted = json.loads(solve(rows, DATA).to_json())
        assert {name: fix[name] for name in wanted} == wanted
        off = np.array(fix["ecef_m"]) - scene.true_place(DATA)
        assert np.linalg.norm(off) < 4.0 * np.sqrt(np.trace(fix["covariance_ecef_m2"]))
        with StoreReader(bench.path) as reader:
            assert replay(reader).difference is None


def test_nrppa_rows_are_stored_as_they_are_decoded(tmp_path, nrppa):
    with lmf_scene.Bench(tmp_path, data=DATA) as bench:
        assert bench.service.receive(b"nrppa/phone?t=0.02", nrppa).accepted == 2
        bench.quiet()
        with StoreReader(bench.path) as reader:
            lines = [
                row["line"]
                for row in reader.rows("SELECT line FROM measurement WHERE kind = 'ul_rtoa' AND used")
            ]
    assert lines == [row.to_json_line() for row in decode_measurements("nrppa", nrppa, Context(DATA, 0.02))]


@pytest.mark.parametrize(
    "topic, says",
    [
        (b"lpp", "names no UE"),
        (b"lpp/?t=1", "names no UE"),
        (b"lpp/phone?t=x", "is no time"),
        (b"lpp/phone?t=nan", "is no time"),
        (b"lpp/phone?t=1e99", "is no time"),
        (b"lpp/phone?assistance=moon", "moon"),
        (b"nrppa/phone?t=0.02", "NRPPA"),
    ],
)
def test_topics_that_are_wrong(tmp_path, lpp, topic, says):
    with lmf_scene.Bench(tmp_path, data=DATA) as bench:
        receipt = bench.service.receive(topic, lpp)
        assert (receipt.accepted, receipt.bad) == (0, 1) and says.lower() in receipt.problem.lower()


def test_mutated_pdus_stop_nothing(tmp_path, lpp, nrppa):
    rng = random.Random(8)
    with lmf_scene.Bench(tmp_path, data=DATA) as bench:
        for _ in range(120):
            topic, pdu = rng.choice([(b"lpp/phone?t=0.02", lpp), (b"nrppa/phone?t=0.02", nrppa)])
            data = bytearray(pdu)
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            if rng.random() < 0.3:
                del data[rng.randrange(len(data)) :]
            bench.service.receive(topic, bytes(data))
        counts = bench.service.counts
        assert counts.bad > 30 and counts.messages == 120
        bench.quiet()
        assert bench.service.receive(b"lpp/phone?t=0.02", lpp).accepted == 6


def test_a_reader_that_fails_is_a_bad_message(tmp_path):
    def fails(payload, label):
        raise RecursionError("too deep")
        yield

    with lmf_scene.Bench(tmp_path) as bench:
        bench.service.add_reader("fragile", fails)
        assert "RecursionError" in bench.service.receive(b"fragile", b"x").problem
