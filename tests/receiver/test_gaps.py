# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaps of 1 to 10^6 samples, at every kind of place: no biased time of arrival, and recovery with the next PRS.

The samples after a gap come with their time (a new segment, an `rx_time` tag), as every receiver that loses samples and
knows it reports it. NTNPOS_GAPS sets how many gaps of each kind (6; more in a long run).
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import ntnpos

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import bank as rx  # noqa: E402
import exact_signal as exact  # noqa: E402
import flow  # noqa: E402

RATE_HZ = 3.84e6
PER_PLACE = int(os.environ.get("NTNPOS_GAPS", "6"))
PERIOD_S = 0.01
SIDE_S = 0.026  # of samples on either side
NOISE = 0.1
PLACES = ("symbol", "prefix", "first_prefix", "last_sample", "between")
CARRIER = dict(n_rb=12, sample_rate_hz=RATE_HZ)
RESOURCE = dict(sequence_id=77, num_rb=12, comb_size=4, num_symbols=4, start_symbol=3, slot_offset=1)


def toa(t):
    """10 ppm of a crystal and 24 us/s of a satellite."""
    return 0.31e-3 + 34e-6 * t


def edges(carrier, resource, occasion: int) -> tuple[float, float, list[tuple[float, float]]]:
    """Receiver-clock times: begin and end of an occasion's PRS; start of every symbol's prefix and useful part."""
    slot = 1 + 10 * occasion
    symbols = []
    for symbol in range(resource.start_symbol, resource.start_symbol + resource.num_symbols):
        start, prefix = exact.symbol_timing(carrier, slot, symbol)
        sent = [1e-3 * slot + start, 1e-3 * slot + start + prefix]
        symbols.append(tuple(s + toa(s + toa(s)) for s in sent))
    sent = 1e-3 * slot + start + prefix + 1e-3 / carrier.scs_khz
    return symbols[0][0], sent + toa(sent + toa(sent)), symbols


def gap_start(place: str, rng, carrier, resource, occasion: int) -> int:
    """Sample at which a gap begins."""
    begin, end, symbols = edges(carrier, resource, occasion)
    prefix, useful = symbols[rng.integers(len(symbols))]
    low, high = {
        "symbol": (useful, useful + 1e-3 / carrier.scs_khz),
        "prefix": (prefix, useful),
        "first_prefix": symbols[0],
        "last_sample": (end - 3 / RATE_HZ, end + 3 / RATE_HZ),
        "between": (end, begin + PERIOD_S),
    }[place]
    return int(rng.uniform(low, high) * RATE_HZ)


def pieces(rng, place: str, length: int):
    """Two runs of samples, a gap of that length between them: list of (first sample, values)."""
    carrier, resource = ntnpos.carrier(**CARRIER), ntnpos.prs_resource(**RESOURCE)
    at = gap_start(place, rng, carrier, resource, 4)
    side = round(SIDE_S * RATE_HZ)
    out = []
    for first, count in ((at - side, side), (at + length, side)):
        t = (first + np.arange(count)) / RATE_HZ
        y = exact.received(t, carrier, resource, toa) + exact.white_noise(rng, count, NOISE)
        out.append((first, y.astype(np.complex64)))
    return carrier, resource, out


def check(carrier, resource, runs, found) -> int:
    """Holds what was found against what the runs hold; returns how many occasions were measured."""
    spans = [(first / RATE_HZ, (first + len(y)) / RATE_HZ) for first, y in runs]
    whole, touched = set(), set()
    for occasion in range(int(spans[0][0] / PERIOD_S) - 1, int(spans[1][1] / PERIOD_S) + 2):
        begin, end, _ = edges(carrier, resource, occasion)
        slot = 1 + 10 * occasion
        # A border within a sample of the PRS's own may count either way.
        for a, b in spans:
            if a <= begin - 1 / RATE_HZ and end + 1 / RATE_HZ <= b:
                whole.add(slot)
            if a <= begin + 1 / RATE_HZ and end - 1 / RATE_HZ <= b:
                touched.add(slot)
    for m in found:
        if m.status == "found":
            assert m.slot in touched, m
            error = m.toa_s - toa(m.arrival_s)
            assert abs(error) < 5 * m.toa_std_s, (error, m)
            assert abs(m.doppler_hz + carrier.frequency_hz * 34e-6) < 5 * m.doppler_std_hz, m
    # All that is whole is measured, the first one after the gap among it; each is reported once.
    assert {m.slot for m in found if m.status == "found"} >= whole
    assert len({m.slot for m in found}) == len(found)
    assert {m.status for m in found} <= {"found", "incomplete"}
    return len(whole)


@pytest.mark.parametrize("place", PLACES)
def test_gaps_with_their_time(place):
    rng = np.random.default_rng(list(place.encode()))
    measured = 0
    lengths = np.unique(np.round(np.logspace(0, 6, PER_PLACE)).astype(int))
    lengths = np.concatenate([lengths, rng.integers(2, 400, PER_PLACE)])  # most gaps end in the PRS they begin in
    for length in lengths:
        carrier, resource, runs = pieces(rng, place, int(length))
        window = ntnpos.search_window(rx.trajectory(toa(0.0) + 1e-6, 24e-6), 30e-6, 30e3)
        bank = rx.make_bank(carrier, [ntnpos.satellite_signal("a", resource, (0, 0.0))], [window])
        found = []
        for first, y in runs:
            whole = int(first // RATE_HZ)
            found += rx.push(bank, (whole, (first - whole * RATE_HZ) / RATE_HZ), y)
        measured += check(carrier, resource, runs, [rx.read(bank, p) for p in found])
    assert measured >= 4 * len(lengths)


@pytest.mark.parametrize("place, length", [("symbol", 7), ("prefix", 300), ("between", 100_000)])
def test_the_same_through_a_flowgraph(place, length):
    rng = np.random.default_rng(length)
    carrier, resource, runs = pieces(rng, place, length)
    samples, tags = np.concatenate([y for _, y in runs]), []
    for offset, (first, _) in zip((0, len(runs[0][1])), runs):
        whole = int(first // RATE_HZ)
        tags.append(flow.time_tag(offset, whole, (first - whole * RATE_HZ) / RATE_HZ))
    window = ntnpos.search_window(rx.trajectory(toa(0.0) + 1e-6, 24e-6), 30e-6, 30e3)
    receiver = flow.Receiver(samples, tags, carrier, [ntnpos.satellite_signal("a", resource, (0, 0.0))], [window])
    found = [rx.Toa("a", m["slot_count"], "found" if m["status"] == "ok" else m["status"], m["t"][0] + m["t"][1],
                    m["toa_s"], m["toa_std_s"], m["doppler_hz"], m["doppler_std_hz"]) for m in receiver.toas()]
    assert check(carrier, resource, runs, found) >= 3


def test_a_clock_that_is_set_is_followed():
    """The receiver's clock jumps at an rx_time tag, by more than a prefix: nothing is lost, nothing biased."""
    rng = np.random.default_rng(8)
    carrier, resource = ntnpos.carrier(**CARRIER), ntnpos.prs_resource(**RESOURCE)
    window = ntnpos.search_window(rx.trajectory(toa(0.0) + 1e-6, 24e-6), 40e-6, 30e3)
    for jump_s in (0.0, 20e-6, -13e-6, 5e-6):
        bank = rx.make_bank(carrier, [ntnpos.satellite_signal("a", resource, (0, 0.0))], [window])
        for start_s in (0.0, 0.04):
            t = exact.sample_times(start_s, 0.035, RATE_HZ)
            after = lambda t: toa(t) + jump_s * (start_s > 0)  # noqa: B023, E731
            y = exact.received(t, carrier, resource, after) + exact.white_noise(rng, len(t), NOISE)
            found = [rx.read(bank, p) for p in rx.push(bank, (0, start_s), y)]
            assert [m.status for m in found] == ["found"] * 4
            for m in found:
                assert abs(m.toa_s - after(m.arrival_s)) < 5 * m.toa_std_s
