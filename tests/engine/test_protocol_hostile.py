# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutated and hostile PDUs: each is decoded or refused in one line, at once, and nothing of it stays behind.

1500 mutations in an ordinary run. The long form: NTNPOS_PROTOCOL_MUTATIONS=100000 ./ntnpos test
tests/engine/test_protocol_hostile.py (some minutes; of the decoded ones every fifth goes through JSON too).
"""

import os
import random
import threading
import time
import tracemalloc

import pytest
from protocol_scene import (
    arrivals,
    context,
    directory,
    on_grid,
    round_trip_rows,
    scene,
    true_place,
    with_state_vectors,
)

from ntnpos.errors import InputError
from ntnpos.lmf.protocols import codec, decode_measurements, jer, lpp, nrppa_trp, sib19, understood
from ntnpos.lmf.protocols.lpp_assistance import assistance_of, provide_assistance
from ntnpos.lmf.protocols.lpp_measurements import provide_location
from ntnpos.lmf.protocols.nrppa_measurements import measurement_message
from ntnpos.network.measurements import Measurement

MUTATIONS = int(os.environ.get("NTNPOS_PROTOCOL_MUTATIONS", "1500"))
JSON_EVERY = 1 if MUTATIONS <= 10000 else 5
SLOW_S = 2.0  # of CPU, for all that is done with one PDU


def seeds(assistance) -> list[tuple[str, bytes]]:
    parties = directory(assistance)
    ids = [s.id for s in assistance.satellites]
    paths = ({"delay_s": 1e-7, "delay_std_s": 1e-9, "rsrpp_db": -95.0},)
    gnb = [Measurement(s.id, kind="gnb_rx_tx", t_s=on_grid(s, 5), rsrp_db=-90.0, additional_paths=paths,
                       extra={"rx_tx_s": 1e-4, "rx_tx_std_s": 1e-8}) for s in assistance.satellites]
    aoa = [
        Measurement(
            s.id,
            kind="aoa",
            t_s=on_grid(s, 5),
            extra={"direction_ecef": (0.6, 0.0, -0.8), "direction_std_deg": 0.5},
        )
        for s in assistance.satellites
    ]
    toa = arrivals(assistance, true_place(assistance))
    return [
        ("lpp", provide_location(toa, parties, k=-3, dbm_at_0_db=0.0)),
        ("lpp", provide_location(round_trip_rows(assistance), parties, k=0)),
        ("lpp", provide_assistance(parties, 0.0)),
        ("lpp", lpp.provide_capabilities(lpp.Capability(256))),
        ("nrppa", measurement_message(gnb + aoa, parties, 3, k=-4, dbm_at_0_db=0.0)),
        ("nrppa", measurement_message(gnb, parties, 3, k=2, report_only=True)),
        ("nrppa", nrppa_trp.trp_information_response(parties, ids)),
        ("sib19", sib19.sib19_of(parties, ids[0], 0.0)),
        ("sib19", sib19.sib19_of(parties, ids[1], 0.0, orbital=True)),
    ]


def mutated(rng: random.Random, data: bytes) -> bytes:
    """Bits, octets, pieces changed, put in or taken out; or nothing but noise."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.randint(1, 200))
    found = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, what = rng.randrange(len(found)), rng.random()
        if what < 0.55:
            found[at] ^= 1 << rng.randrange(8)
        elif what < 0.75:
            found[at] = rng.choice((0x00, 0x7f, 0x80, 0xbf, 0xc4, 0xff, rng.randrange(256)))
        elif what < 0.85:
            found[at:at] = rng.randbytes(rng.randint(1, 8))
        elif what < 0.95:
            del found[at:at + rng.randint(1, 8)]
        else:
            del found[at:]
        if not found:
            return b"\0"
    return bytes(found)


def uses(kind: str, data: bytes, assistance, as_json: bool):
    """Every reader of this kind of PDU."""
    found = context(assistance)
    if as_json:
        yield lambda: jer.to_json(kind, data)
    if kind == "lpp":
        yield lambda: decode_measurements("lpp", data, found)
        yield lambda: understood("PDU", assistance_of, data, assistance)
    elif kind == "nrppa":
        yield lambda: decode_measurements("nrppa", data, found)
        yield lambda: understood("PDU", nrppa_trp.trp_information, data, assistance, 0.0)
    else:
        yield lambda: understood(
            "PDU", sib19.fields_of, data, found.directory, assistance.satellites[0].id, 0.0
        )


def test_mutated_pdus_are_decoded_or_refused():
    assistance = with_state_vectors(scene(common_ta={"epoch_time_s": 0.0, "ta_common_s": 4e-3}))
    samples = seeds(assistance)
    expected = [repr(codec.decode(kind, data)) for kind, data in samples]
    rng = random.Random(20251007)
    decoded = refused = 0
    slowest_s = 0.0
    for number in range(MUTATIONS):
        kind, good = samples[number % len(samples)]
        data = mutated(rng, good)
        began = time.process_time()
        try:
            codec.decode(kind, data)
            decoded += 1
        except InputError:
            refused += 1
        else:
            for use in uses(kind, data, assistance, decoded % JSON_EVERY == 0):
                try:
                    use()
                except InputError as error:
                    assert "\n" not in str(error)
        slowest_s = max(slowest_s, time.process_time() - began)
        assert slowest_s < SLOW_S, data.hex()
        if number % 100 == 0:
            assert [repr(codec.decode(*sample)) for sample in samples] == expected, data.hex()
    assert [repr(codec.decode(*sample)) for sample in samples] == expected
    print(f"{MUTATIONS}: {decoded} decoded, {refused} refused, the slowest took {slowest_s:.3f} s of CPU")
    assert decoded > MUTATIONS // 10 and refused > MUTATIONS // 10


HOSTILE = [
    pattern * (65536 // len(pattern))
    for pattern in (
        b"\0",
        b"\xff",
        b"\x80",
        b"\xc4",
        b"\xbf\xff",
        b"\x92\x07\x28\x80",
        b"\x00\x10\x00\x00",
        b"\x7f\xff\xff\xff",
        b"\xaa\x55",
    )
]


@pytest.mark.parametrize("kind", ["lpp", "nrppa", "sib19"])
def test_the_longest_pdus_take_bounded_time_and_memory(kind):
    """Length determinants that promise up to 64 Ki items and fragments, 65 536 octets of each pattern."""
    codec.decode(kind, {"lpp": b"\0", "nrppa": bytes.fromhex("00100000050d000001001d0006000039000185"),
                        "sib19": b"\0"}[kind])
    heads = [b""] + [data[:n] for k, data in seeds(scene()) if k == kind for n in (1, 4, 9, 17)]
    began = time.process_time()
    tracemalloc.start()
    for head in heads:
        for body in HOSTILE:
            try:
                codec.decode(kind, (head + body)[:65536])
            except InputError as error:
                assert "\n" not in str(error)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6
    assert time.process_time() - began < 60.0


def test_deep_and_long_json_is_refused():
    for text in (
        '{"lpp-MessageBody":' * 3000 + "1" + "}" * 3000,
        "[" * 10**6,
        '{"endTransaction":' + "1" * 5000 + "}",
        '{"endTransaction": true, "epdu": [' + "1," * 200000 + "1]}",
        '"' + "a" * 10**6 + '"',
        "1" * (5 * 2**20),
    ):
        with pytest.raises(InputError) as error:
            jer.from_json("lpp", text)
        assert "\n" not in str(error.value) and len(str(error.value)) < 1500


def test_threads_share_one_codec():
    """Four threads with PDUs of their own, good and bad in turn: each gets its own values."""
    samples = seeds(with_state_vectors(scene()))
    expected = [repr(codec.decode(kind, data)) for kind, data in samples]
    wrong: list[str] = []

    def work(first: int) -> None:
        for number in range(first, first + 60):
            at = number % len(samples)
            kind, data = samples[at]
            if repr(codec.decode(kind, data)) != expected[at]:
                wrong.append(f"{number} {kind}")
            try:
                codec.decode(kind, data[: len(data) // 2])
                wrong.append(f"half of {number} {kind}")
            except InputError:
                pass

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
