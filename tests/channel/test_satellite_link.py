# SPDX-License-Identifier: GPL-3.0-or-later
"""The Satellite Link: what it makes of tones, against SGP4 and light time of the tests' own; what it says to
wrong input."""

import sys
from pathlib import Path

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr

from ntnpos.errors import InputError
from ntnpos.world.one_satellite import find_satellite
from ntnpos_lab.satellite_link import SatelliteLink

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import exact_world  # noqa: E402

RATE_HZ, CARRIER_HZ = 1.92e6, 2.0e9
SATELLITE, EPOCH, PLACE = "STARLINK-2420", "2025-10-07T18:00:00Z", (52.52, 13.40, 50.0)
RISE_S = 389.0  # first whole second at which it is up
ARGUMENTS = (RATE_HZ, CARRIER_HZ, SATELLITE, "", *PLACE, EPOCH)


def orbit():
    return exact_world.Tle(*find_satellite(SATELLITE)[1:], EPOCH)


def tones(t):
    """Of unit power over 80 % of the band, at samples t (longdouble); none before 0."""
    rng = np.random.default_rng(5)
    frequency, phase = rng.uniform(-0.4, 0.4, 12).astype(np.longdouble), rng.uniform(size=12)
    cycles = np.mod(np.outer(t, frequency), 1).astype(float) + phase
    return np.where(t >= 0, np.exp(2j * np.pi * cycles).sum(axis=1) / np.sqrt(12), 0.0)


def run(link, samples=None):
    """What comes out, and the tags."""
    if samples is None:
        samples = tones(np.arange(link.samples, dtype=np.longdouble)).astype(np.complex64)
    sink, top = blocks.vector_sink_c(), gr.top_block()
    top.connect(blocks.vector_source_c(samples), link, sink)
    top.run()
    return np.array(sink.data()), [
        (t.offset, pmt.symbol_to_string(t.key), pmt.to_python(t.value)) for t in sink.tags()
    ]


def expected(first, n, at_s, sent_from, clock=(0.0, 0.0), velocity_enu=(0.0, 0.0, 0.0)):
    """Exact samples whose first is taken at receiver clock `at_s`; input sample 0 leaves at `sent_from`."""
    since = np.arange(first, first + n, dtype=np.longdouble) / RATE_HZ
    offset, error = clock[0], clock[1]
    gained = offset + error / (1 + error) * (at_s - RISE_S + since)
    velocity = np.array(velocity_enu) @ exact_world.enu(*PLACE[:2])
    # Light time is smooth: a polynomial through it, so that rounding of large times does not blur the
    # carrier's phase.
    grid = np.linspace(-0.5, 0.5, 41)
    middle = at_s + float(np.mean(since - gained))
    ue = exact_world.geodetic_to_ecef(*PLACE) + np.multiply.outer(middle + grid - RISE_S, velocity)
    fit = np.polynomial.Polynomial.fit(grid, exact_world.travel_time(orbit(), ue, middle + grid), 6)
    toa = fit((at_s + since - gained - middle).astype(float)) + gained
    return tones((at_s + since - toa - sent_from) * RATE_HZ) * np.exp(
        -2j * np.pi * np.mod(CARRIER_HZ * toa, 1).astype(float)
    )


def evm_db(got, want):
    """Of the samples at their best common phase: the reference knows the phase to 1e-3 cycles only."""
    got = got * np.exp(-1j * np.angle(np.vdot(want, got)))
    return 10 * np.log10(np.mean(np.abs(got - want) ** 2) / np.mean(np.abs(want) ** 2))


@pytest.mark.parametrize("clock_offset_s, ppm", [(0.0, 0.0), (2e-4, -1.0)])
def test_samples_are_those_of_sgp4_and_light_time(clock_offset_s, ppm):
    link = SatelliteLink(
        *ARGUMENTS, begin="rise", duration_s=0.05, clock_offset_s=clock_offset_s, frequency_error_ppm=ppm
    )
    got, tags = run(link, tones(np.arange(96_000, dtype=np.longdouble)).astype(np.complex64))
    assert len(got) == link.samples == 96_000
    assert tags[0] == (0, "rx_time", (int(RISE_S), 0.0))
    first = 20_000  # the signal travels 9 ms
    want = expected(first, len(got) - first, RISE_S, RISE_S, (clock_offset_s, 1e-6 * ppm))
    assert np.all(np.abs(got[:16_000]) == 0.0)
    assert evm_db(got[first:], want) < -55.0


@pytest.mark.parametrize("ppm", [0.0, 0.5])
def test_a_time_lapse_streams_the_same_stretches(ppm):
    """Of every 100 s 20 ms: each stretch with its time, its delay and its Doppler, from horizon to
    horizon."""
    link = SatelliteLink(*ARGUMENTS, begin="rise", every_s=100.0, stretch_s=0.02, frequency_error_ppm=ppm)
    got, tags = run(link)
    length = 38_400
    assert link.stretches == 8 and len(got) == link.samples == 8 * length
    assert [t for t in tags if t[1] == "rx_time"] == [
        (k * length, "rx_time", (int(RISE_S) + 100 * k, 0.0)) for k in range(8)
    ]
    assert {t[1:] for t in tags if t[1] != "rx_time"} == {("rx_rate", RATE_HZ), ("rx_freq", CARRIER_HZ)}
    for k in range(8):
        # Where a stretch begins the input of the stretch before still arrives: its samples go on without a
        # gap.
        at_s, inner = RISE_S + 100.0 * k, slice(k * length + 18_000, (k + 1) * length - 100)
        want = expected(18_000, length - 18_100, at_s, at_s - 0.02 * k, (0.0, 1e-6 * ppm))
        assert evm_db(got[inner], want) < -55.0
        toa, doppler = link.expected([at_s])
        gained = 1e-6 * ppm / (1 + 1e-6 * ppm) * (at_s - RISE_S)
        exact = exact_world.travel_time(
            orbit(), exact_world.geodetic_to_ecef(*PLACE), at_s - gained + np.array([-0.5, 0, 0.5])
        )
        assert toa[0] == pytest.approx(exact[1] + gained, abs=1e-11)
        rate = (exact[2] - exact[0] + 1e-6 * ppm) / (1 + 1e-6 * ppm)
        assert doppler[0] == pytest.approx(-CARRIER_HZ * rate, abs=2.0)


@pytest.mark.parametrize("lapse", [{}, dict(every_s=300.0, stretch_s=0.02)], ids=str)
def test_the_receiver_may_move(lapse):
    """250 m/s: by the last stretch it is 150 km away, which is 0.5 ms and kilohertz."""
    velocity = (150.0, -200.0, 3.0)
    link = SatelliteLink(
        *ARGUMENTS, begin="rise", velocity_enu_m_s=velocity, **{"duration_s": 0.0 if lapse else 0.05} | lapse
    )
    got, _ = run(link)
    for k in range(link.stretches):
        at_s, last = RISE_S + 300.0 * k, 38_300 if lapse else 96_000
        want = expected(18_000, last - 18_000, at_s, at_s - 0.02 * k, velocity_enu=velocity)
        assert evm_db(got[38_400 * k + 18_000 : 38_400 * k + last], want) < -55.0
    assert link.stretches == (3 if lapse else 1)
    near, rest = link.expected([at_s]), SatelliteLink(*ARGUMENTS, begin="rise").expected([at_s])
    assert not lapse or abs(near[0] - rest[0])[0] > 1e-4
    ahead = link.expected([at_s - 0.5, at_s + 0.5])[0]
    assert near[1][0] == pytest.approx(-CARRIER_HZ * (ahead[1] - ahead[0]), abs=2.0)


def test_noise_is_what_the_snr_says():
    link = SatelliteLink(*ARGUMENTS, begin="rise", duration_s=0.05, snr_db=7.0, seed=3)
    got, _ = run(link, np.zeros(96_000, np.complex64))
    power = np.mean(np.abs(got) ** 2)
    assert power == pytest.approx(10**-0.7, rel=5.0 / np.sqrt(len(got)))
    again, _ = run(
        SatelliteLink(*ARGUMENTS, begin="rise", duration_s=0.05, snr_db=7.0, seed=3),
        np.zeros(96_000, np.complex64),
    )
    np.testing.assert_array_equal(got, again)


def test_taps_fade():
    """NTN-TDL-A: unit mean power over three streamed seconds, strong fades, and the same for the same
    seed."""

    def streamed(seed):
        link = SatelliteLink(
            256e3,
            *ARGUMENTS[1:],
            begin="rise",
            every_s=5.0,
            stretch_s=0.02,
            seed=seed,
            model="ntn-tdl-a",
            ue_speed_m_s=30.0,
        )
        return run(link, np.ones(link.samples, np.complex64))[0]

    got = streamed(1)
    # Pieces of 2 ms, past the first arrival; the Doppler of 30 m/s is 200 Hz.
    power = np.mean(np.abs(got.reshape(-1, 512)[5:]) ** 2, axis=1)
    assert 0.8 < power.mean() < 1.25 and power.std() > 0.3
    np.testing.assert_array_equal(got, streamed(1))
    assert not np.array_equal(got, streamed(2))


def test_a_satellite_is_found_by_its_catalogue_number():
    name, line1, _ = find_satellite(SATELLITE)
    number = line1[2:7].strip()
    assert find_satellite(number) == find_satellite(name.lower()) == find_satellite(name)


OLD = "2026-10-07T18:00:00Z"
NEXT = "a time when it is up: next from 2025-10-07T18:06:29Z to 2025-10-07T18:19:12Z"
WRONG = [
    (
        dict(satellite="STARLINK-242"),
        "shipped elements: satellite: 'STARLINK-242' is not among its 1249 satellites; allowed: a "
        "name or a catalogue number, such as STARLINK-2420, STARLINK-2421, STARLINK-2422",
    ),
    (
        dict(begin="start"),
        f"shipped elements: start: {SATELLITE} stands at -17.7 degrees at {EPOCH}, below the horizon; "
        f"allowed: {NEXT}",
    ),
    (
        dict(begin="start", min_elevation_deg=10.0),
        "stands at -17.7 degrees at 2025-10-07T18:00:00Z, below 10 degrees; allowed",
    ),
    (
        dict(start_utc=OLD),
        f"shipped elements: epoch: the elements of {SATELLITE} are 366 days from {OLD}; allowed: up to 14 "
        "days for SGP4",
    ),
    (
        dict(start_utc="yesterday"),
        "Satellite Link: start_utc: 'yesterday' is not a UTC time of the form 2025-10-07T12:00:00Z; "
        "allowed: as 2025-10-07T18:00:00Z",
    ),
    (
        dict(duration_s=1000.0),
        f"shipped elements: duration: {SATELLITE} sets 763.7 s after the start, before 1000 s are over; "
        "allowed: less, or 0: until it sets",
    ),
    (
        dict(elements_file="no/such"),
        "no/such: file: cannot be read (No such file or directory); allowed: a readable file",
    ),
    (dict(latitude_deg=91.0), "Satellite Link: latitude_deg: 91.0; allowed: -90 to 90"),
    (
        dict(latitude_deg=-89.0),
        "shipped elements: start: STARLINK-2420 does not rise above 0 degrees in the day after",
    ),
    (dict(longitude_deg=float("nan")), "Satellite Link: longitude_deg: nan; allowed: -180 to 180"),
    (dict(model="rain"), "Satellite Link: fading.model = rain: must be "),
    (
        dict(model="ntn-tdl-a", delay_spread_s=1.0),
        "Satellite Link: paths[0].fading.delay_spread_s = 1: must be ",
    ),
    (
        dict(velocity_enu_m_s=(0.0, 2e3, 0.0)),
        "Satellite Link: velocity_enu_m_s: (0.0, 2000.0, 0.0); allowed: three numbers (east, north, up), -1000 to 1000",
    ),
    (dict(begin="noon"), "Satellite Link: begin: 'noon'; allowed: one of start, rise"),
    (
        dict(every_s=0.01),
        "Satellite Link: every_s: 0.01; allowed: 0, or more than stretch_s, up to the reception's 764 s",
    ),
    (
        dict(every_s=1.0, stretch_s=1e-7),
        "Satellite Link: stretch_s: 1e-07; allowed: whole samples, at least one",
    ),
    (dict(sample_rate_hz=0.0), "Satellite Link: sample_rate_hz: 0.0; allowed: above 0, up to 1e9 Hz"),
    (dict(occupied_band=2.0), "Satellite Link: occupied_band = 2: must be in (0, 0.8]"),
    (
        dict(frequency_error_ppm=1e4),
        "Satellite Link: receiver.clock.frequency_error = 0.01: must be in -0.001..0.001",
    ),
]


@pytest.mark.parametrize("change, message", WRONG, ids=lambda value: str(value)[:40])
def test_wrong_input_is_one_line(change, message):
    right = dict(
        sample_rate_hz=RATE_HZ,
        carrier_frequency_hz=CARRIER_HZ,
        satellite=SATELLITE,
        latitude_deg=PLACE[0],
        longitude_deg=PLACE[1],
        height_m=PLACE[2],
        start_utc=EPOCH,
        begin="rise",
    )
    with pytest.raises(InputError) as caught:
        SatelliteLink(**right | change)
    assert message in str(caught.value)


def test_two_sets_of_one_name_are_told_apart_by_number(tmp_path):
    a, b = find_satellite("STARLINK-2420"), find_satellite("STARLINK-1008")
    path = tmp_path / "two.tle"
    path.write_text(f"SAT\n{a[1]}\n{a[2]}\nSAT\n{b[1]}\n{b[2]}\n")
    with pytest.raises(InputError) as caught:
        find_satellite("SAT", str(path))
    assert str(caught.value).endswith(f"by catalogue number: {', '.join(sorted([b[1][2:7], a[1][2:7]]))}")
    assert find_satellite(a[1][2:7], str(path)) == ("SAT", *a[1:])
