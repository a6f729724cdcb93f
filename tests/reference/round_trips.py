# SPDX-License-Identifier: GPL-3.0-or-later
"""Round trips under one satellite of a circular orbit, slow and obvious: a reference for tests.

Builds on `exact_world` (orbit and Earth rotation written from the contract's conventions); each travel time
is a plain fixed-point iteration, and a mirror of the ground track is found by searching for a place of the
same round trips.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import exact_world as world
import numpy as np
from scipy.optimize import least_squares

PRS = {
    "sequence_id": 0,
    "comb_size": 4,
    "re_offset": 0,
    "start_symbol": 2,
    "num_symbols": 4,
    "start_prb": 0,
    "num_rb": 24,
    "periodicity_slots": 10,
    "slot_offset": 0,
    "repetition_factor": 1,
    "time_gap_slots": 1,
    "muting_option1": None,
    "muting_option2": None,
}


def round_trip(orbit, ue: np.ndarray, t_tx_s: float) -> tuple[float, float]:
    """Round trip and the instant of its end, for what the satellite sends at `t_tx_s`; the UE at `ue` [3]
    answers at once."""
    sent = orbit.position(np.array([t_tx_s]))[0]
    down = up = 2e-3
    for _ in range(8):  # contracts by 2.5e-5 a round
        down = float(np.linalg.norm(world.r3(np.array(world.EARTH_RATE * down), sent) - ue)) / world.C_M_S
    for _ in range(8):
        heard = orbit.position(np.array([t_tx_s + down + up]))[0]
        up = float(np.linalg.norm(world.r3(np.array(world.EARTH_RATE * up), ue) - heard)) / world.C_M_S
    return down + up, t_tx_s + down + up


@dataclass
class Pass:
    """One satellite over a place.

    Attributes
    ----------
    latitude_deg, longitude_deg, height_m : the UE
    across_m : how far to the left of the ground track it is when the satellite passes, at `t_s` = 0
    heading_deg : of the satellite's motion over the ground there, from north over east
    altitude_m : of the satellite, above the sphere of the equator's radius
    """

    latitude_deg: float = 48.0
    longitude_deg: float = 11.0
    height_m: float = 500.0
    across_m: float = 50e3
    heading_deg: float = 20.0
    altitude_m: float = 600e3
    name: str = "LEO-1"

    def __post_init__(self):
        self.ue = world.geodetic_to_ecef(self.latitude_deg, self.longitude_deg, self.height_m)
        self.axes = world.enu(self.latitude_deg, self.longitude_deg)
        heading = np.radians(self.heading_deg)
        along = np.sin(heading) * self.axes[0] + np.cos(heading) * self.axes[1]
        right = np.cos(heading) * self.axes[0] - np.sin(heading) * self.axes[1]
        below = self.ue + self.across_m * right
        up = below / np.linalg.norm(below)
        r = (world.RADIUS_M + self.altitude_m) * up
        along = along - (along @ up) * up
        v = np.sqrt(world.MU / np.linalg.norm(r)) * along / np.linalg.norm(along)
        self.state = r, v - np.cross([0.0, 0.0, world.EARTH_RATE], r)
        self.orbit = world.StateVector(0.0, *self.state)
        self.right = right

    def place(
        self, east_m: float, north_m: float, height_m: float | None = None
    ) -> tuple[float, float, float]:
        """Latitude, longitude, height of a place some way over the ground from the UE, by its meridian and
        parallel."""
        height = self.height_m if height_m is None else height_m
        lat, e2 = np.radians(self.latitude_deg), world.FLATTENING * (2.0 - world.FLATTENING)
        w = 1.0 - e2 * np.sin(lat) ** 2
        meridian, parallel = world.RADIUS_M * (1.0 - e2) / w**1.5, world.RADIUS_M / np.sqrt(w)
        return (
            self.latitude_deg + np.degrees(north_m / meridian),
            self.longitude_deg + np.degrees(east_m / parallel / np.cos(lat)),
            height,
        )

    def times(self, ue: np.ndarray, t_tx_s) -> np.ndarray:
        """Round trips [n] from a place [3]."""
        return np.array([round_trip(self.orbit, ue, t)[0] for t in t_tx_s])

    def same_times(self, guess_east_m: float, guess_north_m: float, t_tx_s) -> tuple[float, float, float]:
        """The place of the UE's height nearest to a guess whose round trips fit the UE's best."""
        truth = self.times(self.ue, t_tx_s)

        def excess(offset):
            there = world.geodetic_to_ecef(*self.place(*offset))
            return 1e9 * (self.times(there, t_tx_s) - truth)

        found = least_squares(
            excess, [guess_east_m, guess_north_m], x_scale=1e3, xtol=1e-12, ftol=1e-12, gtol=1e-12
        )
        return self.place(*found.x)

    def mirror(self, t_tx_s) -> tuple[float, float, float]:
        """On the other side of the track."""
        east, north = self.axes[:2] @ (2.0 * self.across_m * self.right)
        return self.same_times(east, north, t_tx_s)

    def lines(self, t_tx_s, std_s: float, rng=None) -> list[str]:
        """Measurement lines of kind `rtt`, with white noise where there is a generator."""
        found = []
        for t in t_tx_s:
            rtt, end = round_trip(self.orbit, self.ue, t)
            noise = 0.0 if rng is None else std_s * rng.standard_normal()
            found.append(
                json.dumps(
                    {
                        "type": "measurement",
                        "kind": "rtt",
                        "satellite": self.name,
                        "status": "ok",
                        "t_tx_s": t,
                        "t_rx_s": end,
                        "rtt_s": rtt + noise,
                        "rtt_std_s": std_s,
                    }
                )
            )
        return found

    def assistance(self, side: str | None = None, sigma_m: float = 1e5, height_sigma_m: float = 20.0) -> dict:
        """Assistance data, the prior on the ground track."""
        latitude, longitude, height = self.place(*(self.axes[:2] @ (self.across_m * self.right)))
        return {
            "schema": "ntnpos.assistance/1",
            "epoch_utc": "2025-10-07T12:00:00Z",
            "carrier": {
                "frequency_hz": 2e9,
                "scs_khz": 15,
                "n_rb": 24,
                "cyclic_prefix": "normal",
                "phase_compensation": False,
            },
            "satellites": [
                {
                    "id": self.name,
                    "clock_offset_s": 0.0,
                    "sfn0_time_s": 0.0,
                    "prs": PRS,
                    "ephemeris": {
                        "type": "state_vectors",
                        "t_s": 0.0,
                        "position_ecef_m": list(self.state[0]),
                        "velocity_ecef_m_s": list(self.state[1]),
                    },
                }
            ],
            "ue_prior": {
                "latitude_deg": latitude,
                "longitude_deg": longitude,
                "height_m": height,
                "horizontal_sigma_m": sigma_m,
                "height_sigma_m": height_sigma_m,
            },
            "receiver": {"clock_offset_max_s": 1e-3, "frequency_error_max_ppm": 10.0},
            "cell": {"side": side, "polygon_deg": None},
        }
