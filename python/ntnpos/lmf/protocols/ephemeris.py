# SPDX-License-Identifier: GPL-3.0-or-later
"""EphemerisInfo of TS 38.331 against Earth-fixed position and velocity at its epoch.

Two forms: `positionVelocity` in steps of 1.3 m and 0.06 m/s, and `orbital`, osculating elements of two-body
motion in an inertial frame whose axes are those of the Earth at the epoch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InputError
from ...network import report_quantisation as report
from ...world.constants import EARTH_RATE_RAD_S, MU_M3_S2

_AXES = ("X", "Y", "Z")
_TURN = 2.0 * np.pi
_KEPLER_ROUNDS = 30
_OMEGA = np.array([0.0, 0.0, EARTH_RATE_RAD_S])


def position_velocity(r, v) -> tuple[str, dict]:
    """The CHOICE `positionVelocity-r17` of position [3] in m and velocity [3] in m/s, both Earth-fixed."""
    value = {f"position{axis}-r17": report.POSITION_M.index(float(x)) for axis, x in zip(_AXES, r)}
    return "positionVelocity-r17", value | {f"velocityV{axis}-r17": report.VELOCITY_M_S.index(float(x))
                                            for axis, x in zip(_AXES, v)}


def orbital(r, v) -> tuple[str, dict]:
    """The CHOICE `orbital-r17` of an Earth-fixed state.

    ReportError where the form has no such orbit: eccentricity above 0.015, inclination above 90 degrees (a
    retrograde orbit, as of sun-synchronous satellites), semi-major axis outside 6500 to 43000 km.
    """
    axis, eccentricity, inclination, node, periapsis, anomaly = _elements(np.asarray(r, dtype=float),
                                                                         np.asarray(v, dtype=float))
    angle = report.ORBIT_ANGLE_RAD
    return "orbital-r17", {
        "semiMajorAxis-r17": report.SEMI_MAJOR_AXIS_M.index(axis),
        "eccentricity-r17": report.ECCENTRICITY.index(eccentricity),
        "periapsis-r17": angle.index(periapsis % _TURN), "longitude-r17": angle.index(node % _TURN),
        "inclination-r17": report.INCLINATION_RAD.index(inclination),
        "meanAnomaly-r17": angle.index(anomaly % _TURN)}


def state(choice: tuple[str, Any], where: object) -> tuple[np.ndarray, np.ndarray]:
    """Earth-fixed position [3] in m and velocity [3] in m/s at the epoch."""
    form, value = choice
    if form == "positionVelocity-r17":
        r = [report.POSITION_M.value(value[f"position{axis}-r17"]) for axis in _AXES]
        v = [report.VELOCITY_M_S.value(value[f"velocityV{axis}-r17"]) for axis in _AXES]
        return np.array(r), np.array(v)
    if form == "orbital-r17":
        angle = report.ORBIT_ANGLE_RAD
        return _state(
            report.SEMI_MAJOR_AXIS_M.value(value["semiMajorAxis-r17"]),
            report.ECCENTRICITY.value(value["eccentricity-r17"]),
            report.INCLINATION_RAD.value(value["inclination-r17"]),
            angle.value(value["longitude-r17"]),
            angle.value(value["periapsis-r17"]),
            angle.value(value["meanAnomaly-r17"]),
        )
    raise InputError(where, "ephemerisInfo-r17", f"{form!r} is unknown", "positionVelocity-r17, orbital-r17")


def _elements(r: np.ndarray, v: np.ndarray) -> tuple[float, ...]:
    """Semi-major axis, eccentricity, inclination, node, argument of periapsis, mean anomaly (m, rad)."""
    v = v + np.cross(_OMEGA, r)
    radius = float(np.linalg.norm(r))
    momentum = np.cross(r, v)
    axis = 1.0 / (2.0 / radius - float(v @ v) / MU_M3_S2)
    vector = np.cross(v, momentum) / MU_M3_S2 - r / radius
    eccentricity = float(np.linalg.norm(vector))
    inclination = float(np.arctan2(np.hypot(momentum[0], momentum[1]), momentum[2]))
    node = float(np.arctan2(momentum[0], -momentum[1]))
    toward = np.array([np.cos(node), np.sin(node), 0.0])
    across = np.cross(momentum / np.linalg.norm(momentum), toward)
    periapsis = float(np.arctan2(vector @ across, vector @ toward))
    true = float(np.arctan2(r @ across, r @ toward)) - periapsis
    eccentric = np.arctan2(
        np.sqrt(max(0.0, 1.0 - eccentricity**2)) * np.sin(true), eccentricity + np.cos(true)
    )
    return (
        axis,
        eccentricity,
        inclination,
        node,
        periapsis,
        float(eccentric - eccentricity * np.sin(eccentric)),
    )


def _state(axis: float, eccentricity: float, inclination: float, node: float, periapsis: float,
           anomaly: float) -> tuple[np.ndarray, np.ndarray]:
    eccentric = anomaly
    for _ in range(_KEPLER_ROUNDS):  # eccentricity is at most 0.015: each round gains two digits
        eccentric = anomaly + eccentricity * np.sin(eccentric)
    shape = np.sqrt(1.0 - eccentricity**2)
    toward = np.array([np.cos(node), np.sin(node), 0.0])
    across = np.array(
        [-np.sin(node) * np.cos(inclination), np.cos(node) * np.cos(inclination), np.sin(inclination)]
    )
    p = np.cos(periapsis) * toward + np.sin(periapsis) * across
    q = np.cos(periapsis) * across - np.sin(periapsis) * toward
    r = axis * ((np.cos(eccentric) - eccentricity) * p + shape * np.sin(eccentric) * q)
    speed = np.sqrt(MU_M3_S2 / axis) / (1.0 - eccentricity * np.cos(eccentric))
    v = speed * (shape * np.cos(eccentric) * q - np.sin(eccentric) * p)
    return r, v - np.cross(_OMEGA, r)
