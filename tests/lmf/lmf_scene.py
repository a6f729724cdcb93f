# SPDX-License-Identifier: GPL-3.0-or-later
"""What the location server's tests share: a sky, its measurements as messages, a service whose clock is told the time."""

import functools
import itertools
import json

import position_scene as scene
from ntnpos.lmf.service import Service
from ntnpos.lmf.sessions import Limits
from ntnpos.lmf.solving import InlineSolver, Settings
from ntnpos.lmf.store import Store
from pmt_encode import encode


@functools.lru_cache
def skies():
    """Six satellites over Dublin."""
    return dict(itertools.islice(scene.visible(least_deg=20.0).items(), 6))


@functools.lru_cache
def assistance():
    return scene.assistance(skies())


@functools.lru_cache
def measurements(count: int = 4, first_s: float = 3.2, every_s: float = 0.01) -> tuple:
    """That many of each of the six satellites."""
    arrivals = tuple(first_s + every_s * i for i in range(count))
    return tuple(scene.measure(skies(), scene.Receiver(scene.ecef()), arrivals))


def line(measurement, ue: str = "phone", **more) -> bytes:
    """A measurement as a message."""
    return json.dumps(json.loads(measurement.to_json_line()) | {"ue": ue} | more).encode()


def pmt(measurement, seq: int, source: str = "phone", **more) -> bytes:
    """A measurement as a receiver sends it."""
    whole = int(measurement.t_s // 1.0)
    return encode(
        {
            "schema": "ntnpos.wire/1",
            "source": source,
            "seq": seq,
            "kind": "toa",
            "slot_count": 30,
            "satellite": measurement.satellite,
            "t": (whole, measurement.t_s - whole),
            "status": measurement.status,
            "toa_s": measurement.toa_s,
            "toa_std_s": measurement.toa_std_s,
            "doppler_hz": measurement.doppler_hz,
            "doppler_std_hz": measurement.doppler_std_hz,
        }
        | more
    )


def claim(place, level: int, ue: str = "phone", **more) -> bytes:
    """A claim as a message."""
    return json.dumps(
        {"type": "claim", "ue": ue, "latitude_deg": place[0], "longitude_deg": place[1], "level": level}
        | more
    ).encode()


class Clock:
    """Seconds that pass when it is told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A service on a store in a folder, its lines in a list. A context manager."""

    def __init__(self, folder, limits=Limits(), settings=Settings(), data=None, utc=None, **options):
        self.clock, self.published = Clock(), []
        self.path = folder / "store.sqlite"
        self.store, solver = Store(self.path), InlineSolver(settings)
        self.store.add_run(1.76e9, settings)
        self.service = Service(
            self.store,
            solver,
            limits,
            self._publish,
            self.clock,
            utc or (lambda: 1.76e9 + self.clock.now),
            **options
        )
        data = data or assistance()
        self.service.add_assistance("sky", data, data.to_json())
        self.service.commit()

    def _publish(self, topic, text) -> bool:
        self.published.append((topic, json.loads(text)))
        return True

    def work(self) -> None:
        """What the loop does, until nothing is left to do now."""
        for _ in range(1000):
            self.service.work()
            self.service.commit()
            if self.service.idle:
                return
        raise AssertionError("it never comes to rest")

    def quiet(self) -> None:
        """Nothing more comes for a while."""
        self.clock.now += 1.0
        self.work()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.store.close()
