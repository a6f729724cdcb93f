# SPDX-License-Identifier: GPL-3.0-or-later
"""One satellite's pass for a flowgraph: the satellite above the place, and what a receiver of its DL-PRS is
told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from gnuradio import ntnpos

from ntnpos.errors import InputError
from ntnpos.network.assistance import Assistance, ReceiverBounds, Satellite, UePrior
from ntnpos.network.resources import Carrier, PrsResource
from ntnpos.network.search_windows import search_windows
from ntnpos.world.frames import ecef_to_geodetic
from ntnpos.world.one_satellite import Reception

from . import convert, satellite_link

PRIOR_OFF_DEG = 0.03
"""How far north of the receiver the place is that it is told: 3.3 km."""
PRIOR_SIGMA_M = 3e3
PERIODICITY_SLOTS = 5

look_up = lru_cache(maxsize=8)(satellite_link.look_up)


@dataclass(frozen=True)
class PassReceiver:
    """What the blocks of a receiver ask for."""

    carrier: ntnpos.carrier
    resource: ntnpos.prs_resource
    signals: list
    windows: list

    @property
    def fft_size(self) -> int:
        """Of the correlator, and points of its profiles."""
        return round(self.carrier.sample_rate_hz / (1e3 * self.carrier.scs_khz))


@lru_cache(maxsize=8)
def pass_receiver(
    sky: Reception,
    carrier_frequency_hz: float = 2.0e9,
    sample_rate_hz: float = 7.68e6,
    n_rb: int = 24,
    sequence_id: int = 17,
) -> PassReceiver:
    """A receiver that knows the satellite's elements and its own place to a few km, and its oscillator to 0.5
    ppm.

    The satellite's SFN 0 begins with the reception's first second. Its PRS have comb 4, four symbols, every
    five slots of 15 kHz.
    """
    if any(sky.velocity_ecef_m_s):
        raise InputError("satellite pass", "velocity_enu_m_s", "is not zero", "a receiver at rest")
    told = Carrier(frequency_hz=carrier_frequency_hz, scs_khz=15, n_rb=n_rb)
    prs = PrsResource(
        sequence_id=sequence_id,
        comb_size=4,
        re_offset=0,
        start_symbol=2,
        num_symbols=4,
        num_rb=n_rb,
        periodicity_slots=PERIODICITY_SLOTS,
        slot_offset=0,
    )
    satellite = Satellite(
        id=sky.satellite,
        orbit=sky.orbit,
        clock_offset_s=0.0,
        sfn0_time_s=sky.start_s,
        prs=prs,
        ephemeris={"type": "tle", "line1": sky.line1, "line2": sky.line2},
    )
    latitude, longitude, height = (float(v) for v in ecef_to_geodetic(sky.ue_ecef))
    aside = latitude + (PRIOR_OFF_DEG if latitude < 0.0 else -PRIOR_OFF_DEG)
    assistance = Assistance(
        epoch=sky.epoch,
        carrier=told,
        satellites=(satellite,),
        ue_prior=UePrior(aside, longitude, height, PRIOR_SIGMA_M, 100.0),
        receiver=ReceiverBounds(clock_offset_max_s=1e-5, frequency_error_max_ppm=0.5),
    )
    windows = search_windows(assistance, sky.start_s, sky.stop_s)
    return PassReceiver(
        convert.carrier(told, sample_rate_hz, "satellite pass"),
        convert.prs_resource(prs),
        convert.signals(assistance, windows),
        [convert.search_window(w) for w in windows],
    )
