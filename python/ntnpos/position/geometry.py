# SPDX-License-Identifier: GPL-3.0-or-later
"""What the geometry is worth: dilution of precision, covariance in local axes, error ellipse, Cramer-Rao
bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

import numpy as np

from ..network.assistance import Assistance
from ..network.measurements import Measurement
from ..world.constants import C_M_S
from ..world.frames import ecef_to_geodetic, enu_rotation
from . import rows
from .observations import ToaRows
from .solver import covariance_of
from .system import System


MOST_CONDITION = float(1.0 / np.sqrt(np.finfo(float).eps))
"""6.7e7: the square of more than that, which G'G has, is lost in double precision."""


@dataclass(frozen=True)
class Dop:
    """Dilution of precision; inf where the geometry leaves it open."""

    gdop: float
    pdop: float
    hdop: float
    vdop: float
    edop: float = np.inf
    ndop: float = np.inf
    condition: float = np.inf
    """Largest over smallest singular value of the geometry; beyond `MOST_CONDITION` the figures hang on
    rounding."""

    @property
    def ill_conditioned(self) -> bool:
        """Whether normal equations of this geometry would be rounding noise."""
        return not self.condition <= MOST_CONDITION


@dataclass(frozen=True)
class Bound:
    """Cramer-Rao bound of a fix: standard deviations in local axes, and `covariance_enu_m2` [3, 3]."""

    east_m: float
    north_m: float
    up_m: float
    horizontal_m: float
    clock_s: float | None
    covariance_enu_m2: np.ndarray


def dop(directions, place, height_known: bool = False, axes=None) -> Dop:
    """Dilution of precision of one pseudo-range of unit deviation a satellite, unknown clock: four unknowns.

    Parameters
    ----------
    directions : array [n, 3]
        Unit vectors in ECEF from the receiver to the satellites.
    place : array [3]
        Receiver in ECEF, m.
    height_known : bool
        Count the height as one more measurement of unit deviation.
    axes : array [3, 3], optional
        Rows east, north, up. None: the ellipsoid's at the place.
    """
    local = np.asarray(directions, dtype=float) @ (local_axes(place) if axes is None else np.asarray(axes)).T
    matrix = np.column_stack([-local, np.ones(len(local))])
    if height_known:
        matrix = np.vstack([matrix, [0.0, 0.0, 1.0, 0.0]])
    return _dop(matrix)


def _dop(matrix: np.ndarray) -> Dop:
    """From rows [m, n] of unit deviation whose first columns are east, north and up."""
    size = matrix.shape[1]
    matrix = np.vstack([matrix, np.zeros((max(0, size - len(matrix)), size))])
    variance = np.diag(covariance_of(np.linalg.qr(matrix, mode="r")))
    east, north, up = variance[:3]
    singular = np.linalg.svd(matrix, compute_uv=False)
    condition = float(singular[0] / singular[-1]) if singular[-1] > 0.0 else np.inf
    gdop, pdop, hdop = np.sqrt([variance.sum(), east + north + up, east + north])
    return Dop(
        float(gdop),
        float(pdop),
        float(hdop),
        float(np.sqrt(up)),
        float(np.sqrt(east)),
        float(np.sqrt(north)),
        condition,
    )


def delay_dop(system: System, state: np.ndarray) -> Dop | None:
    """Dilution of precision of all delays at a state [n]: position's deviation over a range's; None without
    delays.

    A round trip counts as half of it, a range. Rows count by their stated deviations relative to the median
    one, and so does the height. """
    layout = system.layout
    columns = [0, 1, 2] + [x for x in (layout.clock, layout.sending) if x is not None]
    blocks, deviations = [], []
    for kind, metres in (("toa", C_M_S), ("ul_rtoa", C_M_S), ("rtt", 0.5 * C_M_S)):
        part = system.part(kind)
        if part is not None:
            blocks.append(metres * system.model(part, state[None])[1][0][:, columns])
            deviations.append(metres * part.scale * part.model.std)
    if not blocks:
        return None
    matrix, deviation = np.concatenate(blocks), np.concatenate(deviations)
    typical = float(np.median(deviation))
    matrix = matrix * (typical / deviation)[:, None]
    height = system.part("height")
    if height is not None:
        row = system.model(height, state[None])[1][0][:, columns]
        matrix = np.vstack([matrix, row * typical / float(height.model.std[0])])
    matrix[:, :3] = matrix[:, :3] @ local_axes(state[:3]).T
    return _dop(matrix)


def directions(system: System, state: np.ndarray) -> dict[str, np.ndarray]:
    """Unit vector in ECEF from the receiver to each satellite, of its TOA row nearest the reference time."""
    toa: ToaRows = system.part("toa").model
    _, jacobian = toa.evaluate(system.layout, state[None])
    unit = -jacobian[0, :, system.layout.position]
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    order = np.argsort(-np.abs(toa.t_s - system.layout.t_ref_s), kind="stable")
    nearest = {toa.sources[row]: unit[row] for row in order}
    return {name: nearest[name] for name in dict.fromkeys(toa.sources)}


def local_axes(place) -> np.ndarray:
    """Rotation [3, 3] from ECEF to east, north, up at an ECEF place [3]."""
    lat, lon, _ = ecef_to_geodetic(place)
    return enu_rotation(lat, lon)


def to_local(covariance_ecef, place) -> np.ndarray:
    """Covariance [3, 3] in east, north, up of one in ECEF at a place [3]; not finite in, inf out."""
    covariance_ecef = np.asarray(covariance_ecef, dtype=float)
    if not np.isfinite(covariance_ecef).all():
        return np.full((3, 3), np.inf)
    axes = local_axes(place)
    return axes @ covariance_ecef @ axes.T


def horizontal_std(covariance_enu) -> float:
    """sqrt(east variance + north variance), m."""
    return float(np.sqrt(covariance_enu[0][0] + covariance_enu[1][1]))


def error_ellipse(covariance_enu) -> tuple[float, float, float]:
    """Horizontal 1-sigma ellipse: semi-major and semi-minor axis (m) and the major axis' azimuth (degrees,
    [0, 180))."""
    values, vectors = np.linalg.eigh(np.asarray(covariance_enu, dtype=float)[:2, :2])
    minor, major = np.sqrt(np.maximum(values, 0.0))
    return float(major), float(minor), float(np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1])) % 180.0)


def information(system: System, state: np.ndarray) -> np.ndarray:
    """Triangle R of the information in measured rows and what is known beforehand, the drift known; Doppler
    left out."""
    _, jacobian = system.evaluate(state[None])
    columns = system.layout.tight
    matrix = jacobian[0][~np.isin(system.kinds, ("doppler", "drift"))][:, columns]
    matrix = np.vstack([matrix, np.zeros((max(0, len(columns) - len(matrix)), len(columns)))])
    return np.linalg.qr(matrix, mode="r")


def cramer_rao(measurements: Iterable[Measurement], assistance: Assistance, ecef, clock_offset_s: float = 0.0,
               height: rows.Height | None = None, sending_offset_s: float = 0.0) -> Bound:
    """Least covariance that any unbiased estimate of the position can have.

    Takes each measurement's satellite, kind, times and standard deviations; its values enter only through the
    time of emission (and a direction's through its axes). White noise, no shared errors; position, clock and
    drift unknown, the crystal's bound and the Doppler as the engine uses them.

    Parameters
    ----------
    measurements : iterable of Measurement
        Those with status `ok` count; at least one.
    ecef : array [3]
        Where the receiver is.
    clock_offset_s, sending_offset_s : float
        Its clock's and its sending's offset from system time, where the rows have such.
    height : Height, optional
        Height known beforehand.
    """
    system, _ = rows.build(rows.usable(measurements, assistance), assistance, height, toa_model_std_s=0.0)
    state = np.zeros(system.layout.size)
    state[system.layout.position] = ecef
    for column, offset_s in (
        (system.layout.clock, clock_offset_s),
        (system.layout.sending, sending_offset_s),
    ):
        if column is not None:
            state[column] = C_M_S * offset_s
    _, jacobian = system.evaluate(state[None])
    matrix = np.vstack([jacobian[0], np.zeros((max(0, len(state) - jacobian.shape[1]), len(state)))])
    covariance = covariance_of(np.linalg.qr(matrix, mode="r"))
    local = to_local(covariance[:3, :3], ecef)
    east, north, up = np.sqrt(np.diag(local))
    clock = system.layout.clock
    clock_s = None if clock is None else float(np.sqrt(covariance[clock, clock]) / C_M_S)
    return Bound(float(east), float(north), float(up), horizontal_std(local), clock_s, local)
