# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated measurements for the tests of the position floor, from formulas written here a second time.

Satellite places come straight from the `sgp4` library; sidereal time (IAU 1982) and R3 are written out, and
each travel time is a bracketing root search of |R3(omega tau) r(t - tau) - u| = c tau: slow, obvious, and
none of the engine's code. The Doppler is a difference quotient of the pseudo-delay over the receiver clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pymap3d
from scipy.optimize import brentq
from sgp4.api import WGS72, Satrec, jday

from ntnpos.network.assistance import Assistance, parse_assistance
from ntnpos.network.measurements import Measurement

C = 299792458.0
OMEGA = 7.2921150e-5
CARRIER_HZ = 2.0e9
EPOCH = "2025-10-07T18:49:00Z"
JD = jday(2025, 10, 7, 18, 49, 0)
TLE = Path(__file__).resolve().parents[2] / "python" / "ntnpos" / "data" / "starlink_shell1.tle"
DUBLIN = (53.3498, -6.2603, 24.0)
PRS = {"sequence_id": 0, "comb_size": 4, "re_offset": 0, "start_symbol": 2, "num_symbols": 4, "start_prb": 0,
       "num_rb": 24, "periodicity_slots": 10, "slot_offset": 0, "repetition_factor": 1, "time_gap_slots": 1,
       "muting_option1": None, "muting_option2": None}


def r3(angle: float) -> np.ndarray:
    """R3 of the contract."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


class Sky:
    """A satellite by `sgp4`, turned to ECEF here."""

    def __init__(self, line1: str, line2: str):
        self.lines = (line1, line2)
        self.satellite = Satrec.twoline2rv(line1, line2, WGS72)

    def place(self, t_s: float) -> np.ndarray:
        """ECEF position [3] in m at system time `t_s`."""
        fraction = JD[1] + t_s / 86400.0
        error, r_km, _ = self.satellite.sgp4(JD[0], fraction)
        assert error == 0
        days = JD[0] - 2451545.0 + fraction
        centuries = days / 36525.0
        turns = 0.5 + JD[1] + t_s / 86400.0 + 67310.54841 / 86400.0 + (
            8640184.812866 * centuries + 0.093104 * centuries**2 - 6.2e-6 * centuries**3) / 86400.0
        return r3(2.0 * math.pi * (turns % 1.0)) @ (np.array(r_km) * 1e3)


def travel_s(sky: Sky, ue: np.ndarray, t_s: float) -> float:
    """Travel time of what reaches `ue` at system time `t_s`."""
    def excess(tau: float) -> float:
        return float(np.linalg.norm(r3(OMEGA * tau) @ sky.place(t_s - tau) - ue)) - C * tau

    return brentq(excess, 0.0, 0.2, xtol=1e-18, rtol=8.9e-16)


@dataclass(frozen=True)
class Receiver:
    """Truth: a place in ECEF, and a clock whose offset from system time is offset + drift (t - 3 s)."""

    ue: np.ndarray
    offset_s: float = -8.88e-5
    drift: float = 1.2e-7

    def reading(self, t_s: float) -> float:
        """The clock's reading at system time `t_s`."""
        return t_s + self.offset_s + self.drift * (t_s - 3.0)


def visible(place=DUBLIN, least_deg: float = 25.0, t_s: float = 3.2) -> dict[str, Sky]:
    """Satellites of the Starlink file above an elevation there and then, highest first."""
    ue = np.array(pymap3d.geodetic2ecef(*place))
    up = np.array(pymap3d.enu2ecef(0.0, 0.0, 1.0, *place)) - ue
    lines = TLE.read_text().splitlines()
    found = {}
    for name, line1, line2 in zip(lines[0::3], lines[1::3], lines[2::3]):
        sky = Sky(line1, line2)
        sight = sky.place(t_s) - ue
        elevation = math.degrees(math.asin(float(up @ sight) / float(np.linalg.norm(sight))))
        if elevation >= least_deg:
            found[name.strip()] = (elevation, sky)
    return {name: found[name][1] for name in sorted(found, key=lambda name: -found[name][0])}


def assistance(skies: dict[str, Sky], prior=DUBLIN, sigma_m: float = 5e4, ppm: float = 0.5,
               clocks: dict[str, float] | None = None, clock_max_s: float = 1e-3,
               state_vectors_at: float | None = None) -> Assistance:
    """Assistance data for those satellites, as TLE or as state vectors taken by differences at an instant."""
    entries = []
    for name, sky in skies.items():
        ephemeris = {"type": "tle", "line1": sky.lines[0], "line2": sky.lines[1]}
        if state_vectors_at is not None:
            t, h = state_vectors_at, 0.5
            velocity = (8.0 * (sky.place(t + h) - sky.place(t - h))
                        - (sky.place(t + 2 * h) - sky.place(t - 2 * h))) / (12.0 * h)
            ephemeris = {"type": "state_vectors", "t_s": t, "position_ecef_m": list(sky.place(t)),
                         "velocity_ecef_m_s": list(velocity)}
        entries.append({"id": name, "ephemeris": ephemeris, "clock_offset_s": (clocks or {}).get(name, 0.0),
                        "sfn0_time_s": 0.0, "prs": PRS})
    return parse_assistance({
        "schema": "ntnpos.assistance/1", "epoch_utc": EPOCH, "satellites": entries,
        "carrier": {"frequency_hz": CARRIER_HZ, "scs_khz": 15, "n_rb": 24, "cyclic_prefix": "normal",
                    "phase_compensation": False},
        "ue_prior": {"latitude_deg": prior[0], "longitude_deg": prior[1], "height_m": prior[2],
                     "horizontal_sigma_m": sigma_m, "height_sigma_m": 100.0},
        "receiver": {"clock_offset_max_s": clock_max_s, "frequency_error_max_ppm": ppm}})


def measure(skies: dict[str, Sky], receiver: Receiver, arrivals=(3.2, 3.21, 3.22, 3.23),
            toa_std_s: float = 1e-9, doppler_std_hz: float | None = 13.0,
            clocks: dict[str, float] | None = None) -> list[Measurement]:
    """Noise-free measurements: each satellite near the given system times, 1.7 ms after its neighbour."""
    rows = []
    for index, (name, sky) in enumerate(skies.items()):
        clock = (clocks or {}).get(name, 0.0)

        def toa(t: float) -> float:
            return travel_s(sky, receiver.ue, t) + (receiver.reading(t) - t) - clock

        for arrival in arrivals:
            t, h = arrival + 1.7e-3 * index, 5e-3
            doppler = None if doppler_std_hz is None else -CARRIER_HZ * (toa(t + h) - toa(t - h)) / (
                receiver.reading(t + h) - receiver.reading(t - h))
            rows.append(Measurement(name, receiver.reading(t), toa(t), toa_std_s, doppler, doppler_std_hz))
    return rows


def noisy(rows: list[Measurement], rng: np.random.Generator) -> list[Measurement]:
    """The measurements with white noise of their standard deviations."""
    return [replace(row, toa_s=row.toa_s + row.toa_std_s * rng.standard_normal(),
                    doppler_hz=None if row.doppler_hz is None
                    else row.doppler_hz + row.doppler_std_hz * rng.standard_normal()) for row in rows]


def late(rows: list[Measurement], name: str, excess_s: float) -> list[Measurement]:
    """The measurements with one satellite's delays longer by `excess_s`."""
    return [replace(row, toa_s=row.toa_s + excess_s) if row.satellite == name else row for row in rows]


def ecef(place=DUBLIN) -> np.ndarray:
    """ECEF [3] of a geodetic place."""
    return np.array(pymap3d.geodetic2ecef(*place))
