# SPDX-License-Identifier: GPL-3.0-or-later
"""The two-way chain gateway - satellite - UE and back, and every other kind of row, from formulas written
here a second time.

A satellite's way is a numerical integration (DOP853) of two-body gravity and J2 in an inertial frame; every
travel time is found there too: places on the ground turn with the Earth, a light time is a bracketing root
search. None of the engine's light time, orbits or frames is used; heights and places come from pymap3d.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pymap3d
from pymap3d.vincenty import vreckon
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from ntnpos.network.assistance import Assistance, parse_assistance
from ntnpos.network.measurements import Measurement

C = 299792458.0
OMEGA = 7.2921150e-5
MU, J2, RADIUS = 3.986004418e14, 1.08262668e-3, 6378137.0
SUBFRAME = 1e-3
PRS = {"sequence_id": 0, "comb_size": 4, "re_offset": 0, "start_symbol": 2, "num_symbols": 4, "start_prb": 0,
       "num_rb": 24, "periodicity_slots": 10, "slot_offset": 0, "repetition_factor": 1, "time_gap_slots": 1,
       "muting_option1": None, "muting_option2": None}


def turned(place: np.ndarray, angle: float) -> np.ndarray:
    """A vector turned eastward about the Earth's axis."""
    c, s = math.cos(angle), math.sin(angle)
    x, y, z = place
    return np.array([c * x - s * y, s * x + c * y, z])


def _force(_, state: np.ndarray) -> np.ndarray:
    """Derivative of position and velocity in the inertial frame: the gradient of mu/r (1 - J2 (a/r)^2 P2(sin
    lat))."""
    x, y, z = state[:3]
    r = math.sqrt(x * x + y * y + z * z)
    q = 1.5 * J2 * (RADIUS / r) ** 2
    s = 5.0 * (z / r) ** 2
    k = -MU / r**3
    return np.array(
        [
            *state[3:],
            k * x * (1.0 + q * (1.0 - s)),
            k * y * (1.0 + q * (1.0 - s)),
            k * z * (1.0 + q * (3.0 - s)),
        ]
    )


class Flight:
    """A satellite from one ECEF state at an instant; the inertial frame is the Earth's at that instant."""

    def __init__(self, place, velocity, t_s: float = 0.0, span_s: float = 300.0):
        self.place, self.velocity, self.t_s = np.array(place, float), np.array(velocity, float), t_s
        start = np.concatenate([place, self.velocity + OMEGA * np.array([-place[1], place[0], 0.0])])
        self._ahead, self._behind = (
            solve_ivp(
                _force, (0.0, sign * span_s), start, "DOP853", dense_output=True, rtol=1e-13, atol=1e-7
            ).sol
            for sign in (1.0, -1.0)
        )

    def inertial(self, t_s: float) -> np.ndarray:
        """Place in the inertial frame."""
        since = t_s - self.t_s
        return (self._ahead if since >= 0.0 else self._behind)(since)[:3]

    def ground(self, place: np.ndarray, t_s: float) -> np.ndarray:
        """A place on the turning Earth in this satellite's inertial frame."""
        return turned(place, OMEGA * (t_s - self.t_s))

    def ecef(self, t_s: float) -> np.ndarray:
        """Place in the turning frame."""
        return turned(self.inertial(t_s), -OMEGA * (t_s - self.t_s))

    def down_s(self, ue: np.ndarray, t_s: float) -> float:
        """Travel time of what leaves the satellite at `t_s` and reaches a place on the ground."""
        sent = self.inertial(t_s)
        return brentq(
            lambda tau: math.dist(self.ground(ue, t_s + tau), sent) - C * tau,
            0.0,
            0.3,
            xtol=1e-18,
            rtol=8.9e-16,
        )

    def up_s(self, ue: np.ndarray, t_s: float) -> float:
        """Travel time of what reaches the satellite at `t_s` from a place on the ground."""
        met = self.inertial(t_s)
        return brentq(
            lambda tau: math.dist(self.ground(ue, t_s - tau), met) - C * tau,
            0.0,
            0.3,
            xtol=1e-18,
            rtol=8.9e-16,
        )

    def meets(self, ue: np.ndarray, t_s: float) -> float:
        """When what leaves a place on the ground at `t_s` reaches the satellite."""
        return brentq(lambda t: t - self.up_s(ue, t) - t_s, t_s, t_s + 0.3, xtol=1e-15, rtol=8.9e-16)

    def heard(self, ue: np.ndarray, t_s: float) -> float:
        """Travel time of what reaches a place on the ground at `t_s`."""
        here = self.ground(ue, t_s)
        return brentq(
            lambda tau: math.dist(self.inertial(t_s - tau), here) - C * tau,
            0.0,
            0.3,
            xtol=1e-18,
            rtol=8.9e-16,
        )


def circular(
    latitude_deg: float, longitude_deg: float, heading_deg: float, height_m: float = 6e5, t_s: float = 0.0
) -> Flight:
    """A satellite on a circle (but for J2) that is above a place at `t_s` and moves over the ground with that
    heading."""
    up = np.array(pymap3d.geodetic2ecef(latitude_deg, longitude_deg, 0.0))
    up /= np.linalg.norm(up)
    east = np.array([-up[1], up[0], 0.0]) / math.hypot(up[0], up[1])
    north = np.cross(up, east)
    radius = 6371e3 + height_m
    heading = math.radians(heading_deg)
    along = math.sin(heading) * east + math.cos(heading) * north
    # The speed over the ground for which the inertial speed is the circle's.
    spin = OMEGA * radius * math.hypot(up[0], up[1])
    projected = spin * float(along @ east)
    speed = -projected + math.sqrt(projected**2 - spin**2 + MU / radius)
    return Flight(radius * up, speed * along, t_s)


def assistance(
    flights: dict[str, Flight],
    ue=(48.0, 11.0, 0.0),
    sigma_m: float = 5e4,
    common_ta: dict[str, list[dict]] | None = None,
    trps: dict[str, np.ndarray] | None = None,
    cell: dict | None = None,
    satellite: dict | None = None,
    clock_max_s: float = 1e-3,
    top: dict | None = None,
    moved: dict[str, np.ndarray] | None = None,
) -> Assistance:
    """Assistance data with those satellites as state vectors; `common_ta` by name, `satellite`: more fields
    of all, `top`: more fields of the file, `moved`: how far the ephemerides are off by name."""
    entries = [
        {
            "id": name,
            "ephemeris": {
                "type": "state_vectors",
                "t_s": flight.t_s,
                "position_ecef_m": list(flight.place + (moved or {}).get(name, np.zeros(3))),
                "velocity_ecef_m_s": list(flight.velocity),
            },
            "clock_offset_s": 0.0,
            "sfn0_time_s": 0.0,
            "prs": PRS,
        }
        | (satellite or {})
        for name, flight in flights.items()
    ]
    for entry in entries:
        if common_ta and entry["id"] in common_ta:
            entry["common_ta"], *entry["common_ta_updates"] = common_ta[entry["id"]]
    known = {
        "schema": "ntnpos.assistance/1",
        "epoch_utc": "2025-10-07T12:00:00Z",
        "satellites": entries,
        "carrier": {
            "frequency_hz": 2e9,
            "scs_khz": 15,
            "n_rb": 24,
            "cyclic_prefix": "normal",
            "phase_compensation": False,
        },
        "ue_prior": {
            "latitude_deg": ue[0],
            "longitude_deg": ue[1],
            "height_m": ue[2],
            "horizontal_sigma_m": sigma_m,
            "height_sigma_m": 200.0,
        },
        "receiver": {"clock_offset_max_s": clock_max_s, "frequency_error_max_ppm": 0.5},
        "trps": [{"id": name, "position_ecef_m": list(place)} for name, place in (trps or {}).items()],
    }
    return parse_assistance(known | (top or {}) | ({} if cell is None else {"cell": cell}))


def common_ta_of(flight: Flight, gateway: np.ndarray, epoch_s: float, h: float = 1.0) -> dict:
    """SIB19's quadratic of the feeder link, both ways, at an epoch: value, slope and half the curvature by
    differences of the distance over c that the satellite has from the gateway."""
    def both_ways(t: float) -> float:
        return 2.0 * math.dist(flight.ecef(t), gateway) / C

    b2, b1, at, a1, a2 = (both_ways(epoch_s + d * h) for d in (-2, -1, 0, 1, 2))
    return {
        "epoch_time_s": epoch_s,
        "ta_common_s": at,
        "drift_s_per_s": (8.0 * (a1 - b1) - (a2 - b2)) / (12.0 * h),
        "drift_variant_s_per_s2": 0.5 * (16.0 * (a1 + b1) - (a2 + b2) - 30.0 * at) / (12.0 * h * h),
    }


@dataclass(frozen=True)
class Chain:
    """One satellite's two-way chain. `timing_error_s`: how far the UE's uplink timing is off what would
    arrive in time."""

    flight: Flight
    ue: np.ndarray
    gateway: np.ndarray | None = None
    timing_error_s: float = 1.3e-6

    def down(self, left_s: float) -> tuple[float, float]:
        """When a downlink subframe that left the reference point passes the satellite, and when it reaches
        the UE."""
        at = left_s if self.gateway is None else self.flight.meets(self.gateway, left_s)
        return at, at + self.flight.down_s(self.ue, at)

    def up(self, sent_s: float) -> tuple[float, float]:
        """When what the UE sends passes the satellite, and when it reaches the reference point."""
        at = self.flight.meets(self.ue, sent_s)
        return at, at if self.gateway is None else at + self.flight.down_s(self.gateway, at)

    def reports(
        self, name: str, left_s: float, later_subframes: int = 0, std_s: float = 1e-9
    ) -> list[Measurement]:
        """What UE and gNB report of a downlink subframe that leaves at `left_s`; the gNB measures so many
        subframes later.

        The UE sends each uplink subframe its Rx-Tx difference before it receives the downlink subframe that
        is `subframe_offset` before: what it measured it keeps. """
        _, received = self.down(left_s)
        # The uplink subframe due at T is sent so that it comes at T + timing error: search the sending time
        # of the nearest.
        offset = round((self.whole_s(left_s)) / SUBFRAME)
        due = left_s + offset * SUBFRAME
        sent = brentq(
            lambda t: self.up(t)[1] - due - self.timing_error_s, due - 0.3, due, xtol=1e-15, rtol=8.9e-16
        )
        difference = received - sent
        assert abs(difference) <= 0.5 * SUBFRAME + 1e-6
        later = later_subframes * SUBFRAME
        sent = self.down(left_s + later)[1] - difference
        came = self.up(sent)[1]
        h = 0.05
        drift = (self.flight.down_s(self.ue, self.down(left_s + h)[0]) - self.flight.down_s(
            self.ue, self.down(left_s - h)[0])) / (2.0 * h) * 1e6
        return [
            Measurement(
                name,
                left_s,
                kind="ue_rx_tx",
                extra={
                    "rx_tx_s": difference,
                    "rx_tx_std_s": std_s,
                    "subframe_offset": offset,
                    "dl_timing_drift_us_s": drift,
                },
            ),
            Measurement(
                name,
                due + later,
                kind="gnb_rx_tx",
                extra={"rx_tx_s": came - (due + later), "rx_tx_std_s": std_s},
            ),
        ]

    def whole_s(self, left_s: float) -> float:
        """The way to the UE and back if it answered at once."""
        received = self.down(left_s)[1]
        return self.up(received)[1] - left_s

    def service_s(self, t_tx_s: float, t_rx_s: float) -> float:
        """The service link's round trip between two instants of the satellite."""
        return self.flight.down_s(self.ue, t_tx_s) + self.flight.up_s(self.ue, t_rx_s)


def place(latitude_deg: float, longitude_deg: float, height_m: float = 0.0) -> np.ndarray:
    """ECEF [3] of a geodetic place."""
    return np.array(pymap3d.geodetic2ecef(latitude_deg, longitude_deg, height_m))


def beside(
    latitude_deg: float,
    longitude_deg: float,
    heading_deg: float,
    right_m: float,
    ahead_m: float = 0.0,
    height_m: float = 0.0,
) -> tuple[float, float, float]:
    """Geodetic place that is so far to the right of, and ahead along, a heading from a place."""
    lat, lon = latitude_deg, longitude_deg
    for distance, bearing in ((ahead_m, heading_deg), (right_m, heading_deg + 90.0)):
        lat, lon = vreckon(lat, lon, abs(distance), bearing + (180.0 if distance < 0.0 else 0.0))
    return float(lat), float(lon), height_m
