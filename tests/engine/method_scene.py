# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements of every method in one sky of `chain_scene`, noise-free or with white noise of their stated
deviations."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import chain_scene as cs
import numpy as np

from ntnpos.network.measurements import Measurement
from ntnpos.position.system import System

PLACE = (48.0, 11.0, 520.0)
UE = cs.place(*PLACE)
CLOCK_S, SENDING_S = 3.7e-5, -2.2e-4
TRPS = {"MAST-1": cs.place(48.03, 11.04, 560.0), "MAST-2": cs.place(47.98, 10.95, 610.0)}


@lru_cache(maxsize=1)
def sky() -> dict[str, cs.Flight]:
    """Four satellites, on different headings and sides."""
    return {
        "A": cs.circular(46.6, 9.0, 11.0),
        "B": cs.circular(50.3, 15.0, 160.0),
        "C": cs.circular(45.0, 13.5, 60.0),
        "D": cs.circular(49.0, 4.6, 120.0),
    }


def sky_names() -> list[str]:
    """Their ids."""
    return list(sky())


def toa(name: str, flight: cs.Flight, t_s: float, std_s: float = 1e-8) -> Measurement:
    """One time of arrival at system time `t_s`; the receiver clock is off by CLOCK_S."""
    return Measurement(name, t_s + CLOCK_S, flight.heard(UE, t_s) + CLOCK_S, std_s)


def rtt(
    name: str, flight: cs.Flight, t_s: float, std_s: float = 1e-8, turn_s: float = 3e-3, ue=lambda t_s: UE
) -> Measurement:
    """One round trip that leaves the satellite at `t_s`; `ue` is where the UE is at a time, taken at the
    bounce (3 ms of turn apart its two places differ by what a walk is)."""
    down = flight.down_s(ue(t_s), t_s)
    down = flight.down_s(ue(t_s + down), t_s)
    sent = t_s + down + turn_s
    back = flight.meets(ue(sent), sent)
    return Measurement(
        name,
        kind="rtt",
        extra={
            "rtt_s": down + flight.up_s(ue(sent), back),
            "rtt_std_s": std_s,
            "t_tx_s": t_s,
            "t_rx_s": back,
        },
    )


def ul_rtoa(name: str, flight: cs.Flight, t_s: float, std_s: float = 1e-8) -> Measurement:
    """One uplink arrival of what was due to leave at `t_s`."""
    return Measurement(
        name,
        t_s,
        kind="ul_rtoa",
        extra={"rtoa_s": flight.meets(UE, t_s + SENDING_S) - t_s, "rtoa_std_s": std_s},
    )


def range_rate(name: str, flight: cs.Flight, t_s: float, std_m_s: float = 0.05) -> Measurement:
    """One range rate: a difference quotient of the one-way delay."""
    h = 0.02
    b2, b1, a1, a2 = (flight.heard(UE, t_s + d * h) for d in (-2, -1, 1, 2))
    rate = cs.C * (8.0 * (a1 - b1) - (a2 - b2)) / (12.0 * h)
    return Measurement(
        name, t_s, kind="range_rate", extra={"range_rate_m_s": rate, "range_rate_std_m_s": std_m_s}
    )


def aoa(name: str, flight: cs.Flight, t_s: float, std_deg: float = 0.01) -> Measurement:
    """One direction."""
    line = UE - flight.ecef(t_s)
    return Measurement(name, t_s, kind="aoa", extra={"direction_ecef": tuple(line / np.linalg.norm(line)),
                                                     "direction_std_deg": std_deg})


class Mast:
    """A terrestrial point that answers as a satellite does: it turns with the Earth."""

    def __init__(self, place: np.ndarray):
        self._flight = cs.Flight.__new__(cs.Flight)
        self._flight.t_s = 0.0
        self._flight.inertial = lambda t_s: cs.turned(place, cs.OMEGA * t_s)

    def __getattr__(self, name: str):
        return getattr(self._flight, name)


def senders() -> dict[str, cs.Flight | Mast]:
    """Satellites and masts."""
    return sky() | {name: Mast(place) for name, place in TRPS.items()}


@lru_cache(maxsize=1)
def methods() -> dict[str, tuple[list[Measurement], float | None, str]]:
    """Measurements, height if known, and the method's name, by case."""
    s = senders()
    four, two = ["A", "B", "C", "D"], ["A", "B"]
    masts = list(TRPS)
    return {
        "dl-tdoa": ([toa(n, s[n], t) for n in four for t in (0.0, 1.0)], None, "dl-tdoa"),
        "dl-tdoa-3": ([toa(n, s[n], t) for n in four[:3] for t in (0.0, 1.0)], PLACE[2], "dl-tdoa"),
        "multi-rtt-4": ([rtt(n, s[n], t) for n in four for t in (0.0, 1.0)], None, "multi-rtt"),
        "multi-rtt-2": ([rtt(n, s[n], t) for n in two for t in (0.0, 5.0, 10.0)], PLACE[2], "multi-rtt"),
        "multi-rtt-1": ([rtt("A", s["A"], t) for t in (0.0, 15.0, 30.0, 45.0, 60.0)], PLACE[2], "multi-rtt"),
        "ul-tdoa": ([ul_rtoa(n, s[n], t) for n in four for t in (0.0, 1.0)], PLACE[2], "ul-tdoa"),
        "e-cid": (
            [rtt("A", s["A"], t) for t in (0.0, 1.0)] + [range_rate("A", s["A"], t) for t in (0.0, 1.0)],
            PLACE[2],
            "e-cid",
        ),
        "aoa": ([aoa(n, s[n], t) for n in two for t in (0.0, 1.0)], None, "aoa"),
        "aoa-1": ([aoa("A", s["A"], t) for t in (0.0, 1.0)], PLACE[2], "aoa"),
        "mixed": (
            [
                toa("A", s["A"], 0.0),
                toa("B", s["B"], 0.5),
                rtt("C", s["C"], 0.2),
                range_rate("D", s["D"], 0.7),
                aoa("A", s["A"], 0.9),
                ul_rtoa("B", s["B"], 0.3),
                ul_rtoa("C", s["C"], 0.3),
            ],
            PLACE[2],
            "hybrid",
        ),
        "masts": (
            [toa(n, s[n], 0.0) for n in masts]
            + [rtt(n, s[n], 0.1) for n in masts]
            + [toa(n, s[n], 0.2) for n in two]
            + [aoa(masts[0], s[masts[0]], 0.0, 0.5)],
            PLACE[2],
            "hybrid",
        ),
        "masts-ul": ([ul_rtoa(n, s[n], 0.0) for n in masts + four], PLACE[2], "ul-tdoa"),
    }


def assistance(**changes):
    """Assistance data of this sky."""
    return cs.assistance(sky(), PLACE, trps=TRPS, **changes)


NOISE = {"toa": ("toa_s", "toa_std_s"), "rtt": ("rtt_s", "rtt_std_s"), "ul_rtoa": ("rtoa_s", "rtoa_std_s"),
          "range_rate": ("range_rate_m_s", "range_rate_std_m_s")}


def delayed(row: Measurement, vacuum, air) -> Measurement:
    """The measurement as an atmosphere delays it: its own delays at the places that the satellite and UE are
    at."""
    if row.kind not in ("toa", "rtt", "ul_rtoa"):
        return row
    seen = getattr(air.transmitter(row.satellite).orbit, "atmosphere", None)
    if seen is None:
        return row
    orbit = vacuum.transmitter(row.satellite).orbit

    def extra(t_s: float) -> float:
        return float(sum(d[0] for d in seen.delays_s(UE[None], orbit.state(t_s)[0])))

    if row.kind == "toa":
        return replace(row, toa_s=row.toa_s + extra(row.t_s - CLOCK_S - (row.toa_s - CLOCK_S)))
    if row.kind == "rtt":
        more = {"rtt_s": row.extra["rtt_s"] + extra(row.extra["t_tx_s"]) + extra(row.extra["t_rx_s"])}
    else:
        more = {"rtoa_s": row.extra["rtoa_s"] + extra(row.t_s + row.extra["rtoa_s"])}
    return replace(row, extra=row.extra | more)


def noisy(rows: list[Measurement], rng: np.random.Generator) -> list[Measurement]:
    """The measurements with white noise of their deviations; a direction's on each of two axes."""
    found = []
    for row in rows:
        if row.kind == "aoa":
            d = np.array(row.extra["direction_ecef"])
            a, b = np.linalg.svd(d[None])[2][1:]
            off = np.radians(row.extra["direction_std_deg"]) * rng.standard_normal(2)
            turned = d + off[0] * a + off[1] * b
            found.append(
                replace(row, extra=row.extra | {"direction_ecef": tuple(turned / np.linalg.norm(turned))})
            )
            continue
        value, std = NOISE[row.kind]
        if row.kind == "toa":
            found.append(replace(row, toa_s=row.toa_s + row.toa_std_s * rng.standard_normal()))
        else:
            found.append(
                replace(
                    row, extra=row.extra | {value: row.extra[value] + row.extra[std] * rng.standard_normal()}
                )
            )
    return found


def many(system: System, count: int, rng: np.random.Generator) -> System:
    """One UE's noise-free rows as those of so many UEs, each with its own white noise; the height's error is
    noise too."""
    parts = []
    for part in system.parts:
        model, n = part.model, len(part.model.sources)
        if model.kind in NOISE:
            value = NOISE[model.kind][0]
            model = replace(
                model, **{value: getattr(model, value) + model.std * rng.standard_normal((count, n))}
            )
        elif model.kind == "height":
            model = replace(model, height_m=model.height_m + model.std * rng.standard_normal((count, 1)))
        elif model.kind == "aoa":
            off = model.std[::2] * rng.standard_normal((2, count, n // 2))
            turned = (
                model.direction[::2]
                + off[0][..., None] * model.across[::2]
                + off[1][..., None] * model.across[1::2]
            )
            turned /= np.linalg.norm(turned, axis=-1, keepdims=True)
            first = np.cross(turned, model.across[1::2])
            first /= np.linalg.norm(first, axis=-1, keepdims=True)
            axes = np.stack([first, np.cross(turned, first)], axis=-2)
            model = replace(model, direction=np.repeat(turned, 2, axis=1), across=axes.reshape(count, n, 3))
        parts.append(replace(part, model=model))
    return replace(system, parts=tuple(parts))


def start(system: System, count: int, off_m=(3e3, -2e3, 1e3)) -> np.ndarray:
    """States [count, n] some kilometres off the truth."""
    states = np.zeros((count, system.layout.size))
    states[:, :3] = UE + np.array(off_m)
    return states
