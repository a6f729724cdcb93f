# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in delay and Doppler the receiver must look for each satellite, from assistance data alone.

The window is centred on what the prior position would receive with a perfect clock, and is as wide as the
prior area and the receiver's clock bounds make it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..world.constants import EARTH_RADIUS_M
from ..world.frames import azimuth_elevation, ecef_to_geodetic, geodetic_to_ecef
from ..world.light_time import delay_polynomial, received
from ..world.orbits import Orbit, OrbitError
from .assistance import Assistance, Satellite, UePrior

SIGMAS = 4.0
"""The prior area is taken to this many standard deviations."""
SEGMENT_S = 10.0
"""Longest polynomial; from 550 km it follows the delay within 1e-12 s."""
ORDER = 5
_FIT_S = 2.0  # a shorter fit would leave rounding noise in the high coefficients, and go astray past its end
_SAMPLE_S = 5.0
_RINGS = (1.0 / 3.0, 2.0 / 3.0, 1.0)
_BEARINGS = 24
_INFLATION = 1.03  # what lies between the sampled points of the area


@dataclass(frozen=True)
class DelaySegment:
    """Predicted toa from `start_s` to the start of the next segment: sum of
    coefficients[k] (t - start_s)^k."""

    start_s: float
    coefficients: tuple[float, ...]


@dataclass(frozen=True)
class SearchWindow:
    """Where one satellite's signal can be, over [start_s, stop_s] of the receiver's clock.

    Attributes
    ----------
    satellite : str
        Its id in the assistance data.
    start_s, stop_s : float
        The span it holds for, in s.
    segments : tuple of DelaySegment
        Predicted toa at the prior position with no clock offset: travel time less the satellite's clock
        offset.
    half_width_s : float
        The toa is within this of the prediction.
    doppler_hz : float
        Predicted Doppler at the middle of the span.
    doppler_half_width_hz : float
        The Doppler at any t is within this of the prediction at that t (`predict`), receiver's frequency
        error included.
    visible : bool
        Above the horizon from some place of the prior area at some time of the span.
    elevation_deg : float
        Seen from the prior position at the middle of the span.
    """

    satellite: str
    start_s: float
    stop_s: float
    segments: tuple[DelaySegment, ...]
    half_width_s: float
    doppler_hz: float
    doppler_half_width_hz: float
    visible: bool
    elevation_deg: float
    carrier_hz: float

    @property
    def coefficients(self) -> tuple[float, ...]:
        """The only segment's coefficients; ValueError where the span (above `SEGMENT_S`) needed several."""
        if len(self.segments) != 1:
            raise ValueError(f"the window has {len(self.segments)} segments")
        return self.segments[0].coefficients

    def predict(self, t_s) -> tuple[np.ndarray, np.ndarray]:
        """Predicted toa in s and Doppler in Hz at receiver times `t_s` (array [n] or a number)."""
        t_s = np.asarray(t_s, dtype=float)
        starts = np.array([s.start_s for s in self.segments])
        which = np.clip(np.searchsorted(starts, t_s, side="right") - 1, 0, len(starts) - 1)
        coefficients = np.array([s.coefficients for s in self.segments])[which]
        dt = t_s - starts[which]
        powers = dt[..., None] ** np.arange(coefficients.shape[-1])
        toa = np.sum(coefficients * powers, axis=-1)
        order = np.arange(1, coefficients.shape[-1])
        rate = np.sum(order * coefficients[..., 1:] * powers[..., :-1], axis=-1)
        return toa, -self.carrier_hz * rate


def search_windows(assistance: Assistance, t_start_s: float, t_end_s: float) -> list[SearchWindow]:
    """A window for every satellite whose ephemeris covers the span, in the order of the assistance data.

    Parameters
    ----------
    assistance : Assistance
    t_start_s, t_end_s : float
        Span of the receiver's clock in s from the epoch; end after start.

    Returns
    -------
    list of SearchWindow
        Satellites below the horizon included (`visible` is false). `unusable_satellites` names those left
        out.
    """
    if not t_end_s > t_start_s:
        raise ValueError(f"the span ends at {t_end_s} s, not after its start {t_start_s} s")
    area = prior_area(assistance.ue_prior)
    windows = []
    for satellite in assistance.satellites:
        try:
            windows.append(_window(assistance, satellite, area, t_start_s, t_end_s))
        except OrbitError:
            continue
    return windows


def unusable_satellites(assistance: Assistance, t_start_s: float, t_end_s: float) -> dict[str, str]:
    """Why each satellite that `search_windows` leaves out has no window: id -> reason."""
    reasons = {}
    slack = assistance.receiver.clock_offset_max_s
    for satellite in assistance.satellites:
        try:
            for t in _sample_times(t_start_s, t_end_s):
                received(satellite.orbit, assistance.ue_prior.ecef, [t - slack, t, t + slack])
        except OrbitError as error:
            reasons[satellite.id] = str(error)
    return reasons


def prior_area(prior: UePrior) -> np.ndarray:
    """Places [n, 3] (ECEF, m) that span the prior area: centre and rings out to `SIGMAS` standard deviations,
    at the lowest and the highest height."""
    radius = min(SIGMAS * prior.horizontal_sigma_m / EARTH_RADIUS_M, np.pi)
    lat, lon = np.radians([prior.latitude_deg, prior.longitude_deg])
    bearing = np.arange(_BEARINGS) * (2.0 * np.pi / _BEARINGS)
    angle = np.multiply.outer(_RINGS, np.full(_BEARINGS, radius))
    sin_lat = np.clip(np.sin(lat) * np.cos(angle) + np.cos(lat) * np.sin(angle) * np.cos(bearing), -1.0, 1.0)
    east = np.sin(bearing) * np.sin(angle) * np.cos(lat)
    lon_ring = lon + np.arctan2(east, np.cos(angle) - np.sin(lat) * sin_lat)
    lats = np.append(np.arcsin(sin_lat), lat)
    lons = np.append(lon_ring, lon)
    spread = SIGMAS * prior.height_sigma_m
    heights = np.array([[max(prior.height_m - spread, -1000.0)], [prior.height_m + spread]])
    return geodetic_to_ecef(np.degrees(lats), np.degrees(lons), heights).reshape(-1, 3)


def _with_nadir(area: np.ndarray, prior: UePrior, orbit: Orbit, t_s: float) -> np.ndarray:
    """The area's places, and the sub-satellite point at both heights where it lies inside: the delay is least
    there."""
    r = orbit.state(t_s)[0][0]
    up, centre = r / np.linalg.norm(r), prior.ecef / np.linalg.norm(prior.ecef)
    if np.arccos(np.clip(up @ centre, -1.0, 1.0)) * EARTH_RADIUS_M > SIGMAS * prior.horizontal_sigma_m:
        return area
    lat, lon, _ = ecef_to_geodetic(r)
    heights = ecef_to_geodetic(area[[0, -1]])[2]
    return np.concatenate([area, geodetic_to_ecef(lat, lon, heights)])


def _sample_times(t_start_s: float, t_end_s: float) -> np.ndarray:
    return np.linspace(t_start_s, t_end_s, 2 + int(np.ceil((t_end_s - t_start_s) / _SAMPLE_S)))


def _window(assistance: Assistance, satellite: Satellite, area: np.ndarray, start: float,
            stop: float) -> SearchWindow:
    centre, bounds = assistance.ue_prior.ecef, assistance.receiver
    carrier_hz = assistance.carrier.frequency_hz
    slack = bounds.clock_offset_max_s
    delay_width = rate_width = rate_max = 0.0
    visible = False
    for t in _sample_times(start, stop):
        here = received(satellite.orbit, centre, [t - slack, t, t + slack])
        places = _with_nadir(area, assistance.ue_prior, satellite.orbit, t)
        there = received(satellite.orbit, places, np.full(len(places), t))
        delay_width = max(delay_width, float(np.max(np.abs(there.delay_s - here.delay_s[1]))) * _INFLATION
                          + float(np.max(np.abs(here.delay_s - here.delay_s[1]))))
        rate_width = max(rate_width, float(np.max(np.abs(there.rate - here.rate[1]))) * _INFLATION
                         + float(np.max(np.abs(here.rate - here.rate[1]))))
        rate_max = max(rate_max, float(np.max(np.abs(there.rate))))
        elevation = azimuth_elevation(places, there.sat_at_rx_frame)[1]
        visible = visible or bool(np.any(elevation > 0.0))
    ppm = bounds.frequency_error_max_ppm * 1e-6
    middle = 0.5 * (start + stop)
    # d(toa)/dt = (rate + ppm) / (1 + ppm): the second factor moves the satellite's own part as well.
    doppler_width = carrier_hz * (rate_width + ppm * (1.0 + rate_max)) / (1.0 - ppm)
    count = max(1, int(np.ceil((stop - start) / SEGMENT_S)))
    span = (stop - start) / count
    segments = tuple(_segment(satellite, centre, start + i * span, span) for i in range(count))
    place = received(satellite.orbit, centre, middle)
    return SearchWindow(
        satellite=satellite.id, start_s=start, stop_s=stop, segments=segments,
        half_width_s=delay_width + slack,
        doppler_hz=-carrier_hz * float(place.rate[0]), doppler_half_width_hz=doppler_width,
        visible=visible, elevation_deg=float(azimuth_elevation(centre, place.sat_at_rx_frame[0])[1]),
        carrier_hz=carrier_hz)


def _segment(satellite: Satellite, centre: np.ndarray, start: float, span: float) -> DelaySegment:
    try:
        coefficients = delay_polynomial(satellite.orbit, centre, start, max(span, _FIT_S), ORDER)
    except OrbitError:  # the ephemeris may end with the span
        coefficients = delay_polynomial(satellite.orbit, centre, start, span, ORDER if span >= _FIT_S else 2)
    coefficients[0] -= satellite.clock_offset_s
    return DelaySegment(start, tuple(map(float, coefficients)))
