# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to records: whatever the bytes, a record or a `Bad`.

NTNPOS_FUZZ_N sets the number of mutated messages (default 8000).
"""

import json
import os
import random

import lmf_scene
import pytest
from ntnpos.lmf.records import (
    AssistanceUpdate,
    Bad,
    ClaimMessage,
    Notice,
    Reading,
    Request,
    check_claim,
    read_message,
)
from ntnpos.network.fields import Fields
from ntnpos.network.measurements import from_json_line
from pmt_encode import encode

FUZZ_N = int(os.environ.get("NTNPOS_FUZZ_N", "8000"))
ROW = lmf_scene.measurements()[0]


def one(payload: bytes, topic: bytes | None = None):
    (found,) = read_message(topic, payload)
    return found


def test_a_json_line_is_the_measurement_that_was_written():
    found = one(lmf_scene.line(ROW, "phone-7", source="rx", seq=5))
    assert isinstance(found, Reading)
    assert (found.ue, found.source, found.seq, found.assistance) == ("phone-7", "rx", 5, None)
    assert (found.measurement.satellite, found.measurement.toa_s, found.t_s) == (
        ROW.satellite,
        ROW.toa_s,
        ROW.t_s,
    )
    assert from_json_line(found.line) == found.measurement


def test_a_pmt_gives_the_same_measurement_and_its_line_reads_back_to_every_bit():
    found = one(
        lmf_scene.pmt(
            ROW,
            3,
            "rx-1",
            additional_paths=[{"delay_s": 1e-7, "delay_std_s": 1e-9, "rsrpp_db": -70.0}],
            carrier_phase_cycles=-6465971.649,
            carrier_phase_continuous=False,
        )
    )
    assert (found.ue, found.source, found.seq) == ("rx-1", "rx-1", 3)
    assert (found.measurement.toa_s, found.measurement.t_s) == (ROW.toa_s, pytest.approx(ROW.t_s, abs=1e-15))
    again = from_json_line(found.line)
    assert again.to_json_line() == found.measurement.to_json_line()
    assert (again.toa_s, again.t_s, again.extra["carrier_phase_cycles"]) == (
        ROW.toa_s,
        found.measurement.t_s,
        -6465971.649,
    )


def test_whose_it_is_comes_from_the_message_then_the_topic():
    assert one(lmf_scene.pmt(ROW, 0, "rx", ue="phone")).ue == "phone"
    assert one(lmf_scene.pmt(ROW, 0, "rx"), b"pmt/phone-9").ue == "phone-9"
    assert one(ROW.to_json_line().encode(), b"json/phone-9").ue == "phone-9"
    assert one(lmf_scene.line(ROW, "phone"), b"json/phone-9").ue == "phone"
    assert "ue" in one(ROW.to_json_line().encode()).problem


def test_every_line_of_a_message_stands_for_itself():
    payload = b"\n".join(
        [
            lmf_scene.line(ROW),
            b"",
            b'{"type": "measurement"}',
            lmf_scene.line(ROW, ""),
            lmf_scene.line(ROW, "other"),
        ]
    )
    assert [type(found) for found in read_message(None, payload)] == [Reading, Bad, Bad, Reading]


def test_what_is_no_measurement():
    claim = one(
        json.dumps(
            {"type": "claim", "ue": "p", "latitude_deg": 53.0, "longitude_deg": -6.0, "level": 2}
        ).encode()
    )
    assert isinstance(claim, ClaimMessage) and claim.ue == "p"
    assert check_claim(Fields("claim", "", json.loads(claim.line))) == {
        "latitude_deg": 53.0,
        "longitude_deg": -6.0,
        "height_m": None,
        "horizontal_std_m": 0.0,
        "height_std_m": 0.0,
        "level": 2,
        "radius_km": 10.0,
    }
    update = one(
        json.dumps(
            {"type": "assistance", "name": "a", "assistance": lmf_scene.assistance().to_dict()}
        ).encode()
    )
    assert isinstance(update, AssistanceUpdate) and len(update.assistance.satellites) == 6
    assert one(b'{"type": "metrics"}') == Request("metrics")
    header = {"schema": "ntnpos.wire/1", "source": "rx", "seq": 0}
    assert one(encode(header | {"kind": "end", "count": 4})) == Notice("end", "rx", 0)


CLAIM = {"type": "claim", "ue": "p", "latitude_deg": 53.0, "longitude_deg": -6.0, "level": 2}


@pytest.mark.parametrize(
    "payload, says",
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", ""),
        (b'{"a": "\xff"}', "utf-8"),
        (b"{}", "type"),
        (b"[1]", ""),
        (b'{"type": "nonsense"}', "type"),
        (b'{"type": "measurement", "ue": "p", "satellite": "A", "status": "ok", "t_s": NaN}', "t_s"),
        (b'{"type": "measurement", "ue": "p", "ue": "q"}', "twice"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "deeply"),
        (lmf_scene.line(ROW, 7), "ue"),
        (lmf_scene.line(ROW, "x" * 65), "ue"),
        (lmf_scene.line(ROW, "a\nb"), "ue"),
        (lmf_scene.line(ROW, seq=1), "source"),
        (lmf_scene.line(ROW, source="rx"), "seq"),
        (lmf_scene.line(ROW, source="rx", seq=-1), "seq"),
        (lmf_scene.line(ROW, source="rx", seq=1.5), "seq"),
        (lmf_scene.line(ROW, assistance=3), "assistance"),
        (lmf_scene.line(ROW, toa_std_s=0), "toa_std_s"),
        (lmf_scene.line(ROW, note="x" * 70000), "characters"),
        (json.dumps(CLAIM | {"latitude_deg": 91}).encode(), "latitude_deg"),
        (json.dumps(CLAIM | {"level": 3}).encode(), "level"),
        (json.dumps(CLAIM | {"level": True}).encode(), "level"),
        (json.dumps(CLAIM | {"radius_km": 0}).encode(), "radius_km"),
        (json.dumps(CLAIM | {"note": "x" * 70000}).encode(), "characters"),
        (json.dumps({"type": "assistance", "name": "a", "assistance": {}}).encode(), "schema"),
        (b"{" + b" " * (1 << 20) + b"}", "bytes, more"),
        (b"{}\n" * 10001, "lines"),
        (lmf_scene.pmt(ROW, 0, ue="a\tb"), "ue"),
        (lmf_scene.pmt(ROW, 0, toa_s=float("nan")), "toa_s"),
        (lmf_scene.pmt(ROW, 0)[:-3], ""),
        (b"", ""),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_raised(payload, says):
    found = one(payload)
    assert isinstance(found, Bad) and says in found.problem


@pytest.mark.parametrize(
    "topic, says",
    [
        (b"carrier-pigeon", "pigeon"),
        (b"", "topic"),
        (b"\xff", "utf-8"),
        (b"json/" + b"x" * 201, "label"),
        (b"json/a\n", "label"),
    ],
)
def test_topics_that_nobody_reads(topic, says):
    assert says in one(lmf_scene.line(ROW), topic).problem


def test_a_further_protocol_is_a_topic_and_a_function(tmp_path):
    def read(payload, label):
        for toa in payload.split():
            yield Reading(label, ROW, ROW.to_json_line()) if toa == b"ok" else Bad("no toa")

    with lmf_scene.Bench(tmp_path) as bench:
        bench.service.add_reader("telegraph", read)
        receipt = bench.service.receive(b"telegraph/phone", b"ok no ok")
        assert (receipt.accepted, receipt.bad) == (2, 1)
        bench.quiet()
        assert bench.published[0][0] == "fix/phone"
    assert "telegraph" in one(b"ok", b"telegraph/phone").problem  # of that service alone


def mutate(rng: random.Random, data: bytes) -> bytes:
    """Flipped, cut, inserted and repeated bytes."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at, choice = rng.randrange(len(out)), rng.randrange(5)
        if choice == 0:
            out[at] = rng.randrange(256)
        elif choice == 1:
            out[at] ^= 1 << rng.randrange(8)
        elif choice == 2 and len(out) > 10:
            del out[at : at + rng.randint(1, 8)]
        elif choice == 3:
            out[at:at] = rng.choice(
                [
                    b"NaN",
                    b"1e999",
                    b"null",
                    b"[",
                    b"}",
                    b"\n",
                    b"\xff\xff\xff\xff",
                    b"-1",
                    b"{}",
                    rng.randbytes(4),
                ]
            )
        else:
            out[at : at + 1] = out[at : at + rng.randint(1, 40)] * 2
    return bytes(out) if rng.random() > 0.05 else rng.randbytes(rng.randint(0, 200))


def test_mutated_messages_raise_nothing():
    rng = random.Random(77)
    seeds = [
        lmf_scene.line(ROW, source="rx", seq=4),
        lmf_scene.pmt(ROW, 9),
        json.dumps(CLAIM).encode(),
        b"\n".join([lmf_scene.line(ROW)] * 3),
    ]
    kinds = {}
    for _ in range(FUZZ_N):
        for record in read_message(
            rng.choice([None, None, b"json", b"pmt/x"]), mutate(rng, rng.choice(seeds))
        ):
            kinds[type(record)] = kinds.get(type(record), 0) + 1
    assert kinds[Bad] > FUZZ_N // 4 and kinds[Reading] > FUZZ_N // 20
