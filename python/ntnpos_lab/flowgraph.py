# SPDX-License-Identifier: GPL-3.0-or-later
"""What the flowgraphs of GNU Radio Companion (grc/) take from the laboratory.

Companion evaluates a flowgraph's variables after every edit, so `simulation` and `replay` remember what they
found: the same arguments give the same object.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gnuradio import ntnpos
from gnuradio.ntnpos import one_line

from ntnpos.errors import InputError
from ntnpos.network.assistance import Assistance, load_assistance
from ntnpos.network.search_windows import SearchWindow, search_windows
from ntnpos.world.timebase import Epoch, split

from . import convert
from .engine_process import ANSWER_S, Engine
from .listening import ListeningBlock
from .locate import carrier_of, span_of
from .receive import WINDOWS, ReceiverError, shake_hands
from .round_trips import RoundTrips, two_way
from .satellite_link import SatelliteLink
from .satellite_pass import PassReceiver, look_up, pass_receiver
from .scene import DEFAULT_TIME, MIN_ELEVATION_DEG, Scene, against_truth, elements_for, real_scene
from .simulate import NOISE_POWER, Link, downlinks

__all__ = ["NOISE_POWER", "PassReceiver", "PositionEngine", "Replay", "RoundTrips", "SatelliteLink", "Simulation", "later", "look_up",
           "pass_receiver", "replay", "sample", "simulation", "two_way", "wait_for_enter"]

one_line.WRONG_INPUT.append(InputError)


@dataclass(frozen=True)
class Simulation:
    """A scene with all that its flowgraph's blocks ask for."""

    scene: Scene
    carrier: ntnpos.carrier
    links: tuple[Link, ...]
    """Signal and path of each satellite, as in `downlinks`."""
    samples: int
    """Length of the reception."""
    signals: list
    """What the receiver is told of each satellite (gnuradio.ntnpos.satellite_signal)."""
    windows: list[SearchWindow]
    """Where the receiver looks for them, in the signals' order."""

    @property
    def assistance(self) -> Assistance:
        """What receiver and engine are told."""
        return self.scene.assistance

    @property
    def start(self) -> tuple[int, float]:
        """Receiver clock at the first sample: whole seconds and fraction."""
        return split(self.scene.start_s)


@lru_cache(maxsize=8)
def simulation(place: tuple[float, float], at: str = DEFAULT_TIME, satellites: int = 6,
               sample_rate_hz: float = 7.68e6, duration_s: float = 0.05, seed: int = 1) -> Simulation:
    """The satellites really above a place, and a receiver there.

    Parameters
    ----------
    place : (float, float)
        Latitude and longitude in degrees.
    at : str
        UTC, as 2025-10-07T18:00:00Z.
    satellites : int
        As many as the flowgraph has sources: those that stand highest.
    sample_rate_hz, duration_s : float
        Of the reception.
    seed : int
        Of noise, clock, carrier phases and prior.

    Raises
    ------
    InputError
        Fewer satellites stand above 25 degrees there and then; the time or the sample rate cannot be used.
    """
    epoch = Epoch.parse(at)
    scene = real_scene(*place, epoch, elements_for(epoch), most=satellites, seed=seed)
    if len(scene.sky) < satellites:
        raise InputError("simulation", "place, at",
                         f"{len(scene.sky)} satellites stand above {MIN_ELEVATION_DEG:g} degrees there",
                         f"where there are {satellites}, the number of sources")
    carrier = convert.carrier(scene.assistance.carrier, sample_rate_hz, "simulation")
    windows = search_windows(scene.assistance, scene.start_s, scene.start_s + duration_s)
    links = tuple(downlinks(scene, carrier, duration_s))
    return Simulation(scene, carrier, links, round(duration_s * sample_rate_hz),
                      convert.signals(scene.assistance, windows), windows)


@dataclass(frozen=True)
class Replay:
    """A recording's assistance data as its flowgraph's blocks ask for them; fields as in `Simulation`."""

    assistance: Assistance
    carrier: ntnpos.carrier
    signals: list
    windows: list[SearchWindow]


@lru_cache(maxsize=8)
def replay(recording: str, assistance: str) -> Replay:
    """What a receiver of a recording is told. Reload the flowgraph when the files have changed.

    Parameters
    ----------
    recording : str
        Path as in `gnuradio.ntnpos.open_recording`.
    assistance : str
        Path of its assistance data (JSON).

    Raises
    ------
    InputError, gnuradio.ntnpos.RecordingError
        What is wrong with one of them, or that they do not go together.
    """
    told = load_assistance(assistance)
    found = ntnpos.open_recording(recording)
    windows = search_windows(told, *span_of(found))
    return Replay(told, carrier_of(Path(recording), found, told), convert.signals(told, windows), windows)


def later(delay: ntnpos.trajectory, by_s: float) -> ntnpos.trajectory:
    """A path's delay with a constant time on top: an echo of what takes it."""
    return ntnpos.trajectory([ntnpos.delay_segment(s.start, [s.coefficients[0] + by_s, *s.coefficients[1:]])
                              for s in delay.segments])


def sample(name: str) -> str:
    """Path of a file among the project's sample recordings, wherever the flowgraph itself lies."""
    return str(Path(__file__).resolve().parents[2] / "tests" / "data" / "recordings" / name)


def wait_for_enter() -> None:
    """Keep the terminal that GNU Radio Companion opened until it has been read; elsewhere do nothing."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        input("Press Enter to close.")


class PositionEngine(ListeningBlock):
    """Starts the position engine in a process of its own and prints its lines (JSON): measurements, fixes.

    The measurements reach the engine by ZeroMQ: give the stock ZMQ PUB Message Sink behind the
    First-path Detector the same address, Bind: No.

    Connect config to the First-path Detector and windows to the Comb Correlator, whose own search
    windows are []. The correlator then holds its samples back. This block has the detector send
    config messages until the engine has heard one, and only then sends the search windows; so no
    measurement is lost.

    Assistance: what the engine is told (Assistance of ntnpos.network.assistance).
    Windows: list of its SearchWindow, one for each of the correlator's signals.
    Address: where the engine listens on the loopback, as tcp://127.0.0.1:5555.
    Scene: of a simulation; each fix is compared with its truth on stderr. None: there is no truth.

    If the engine does not start it says why on stderr, and the flowgraph runs without.
    """

    def __init__(self, assistance=None, windows=(), address="tcp://127.0.0.1:5555", scene=None):
        super().__init__("Position Engine", (WINDOWS,))
        self._assistance, self._windows, self._bind, self._scene = assistance, windows, address, scene
        self._engine: Engine | None = None

    def open(self) -> None:
        """Start the engine."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "assistance.json")
            path.write_text(self._assistance.to_json())
            try:
                self._engine = Engine(path, self._bind)
            except ReceiverError as error:
                print(error, file=sys.stderr)

    def close(self) -> None:
        """End the engine if the flowgraph is stopped before its end."""
        if self._engine is not None:
            self._engine.stop()

    def listen(self) -> None:
        """Tell the engine of the receiver, the receiver of its windows, and print what the engine says."""
        if self._engine is not None:
            try:
                shake_hands(self, self._engine.heard)
            except ReceiverError as error:
                if not self.stopping.is_set():
                    print(error, file=sys.stderr)
        for window in self._windows:
            self.message_port_pub(WINDOWS, convert.window_message(window))
        if self._engine is not None:
            while (line := self._engine.line(ANSWER_S)) is not None:
                self._print(line, json.loads(line))

    def _print(self, line: str, found: dict[str, Any]) -> None:
        if found["type"] not in ("measurement", "fix"):
            return
        print(line, end="", flush=True)
        if found["type"] == "fix" and self._scene is not None:
            print(against_truth(self._scene, found), file=sys.stderr)


def __getattr__(name: str):
    """What needs Qt is imported when it is first asked for."""
    if name == "PassSink":
        from .qt_pass import PassSink

        return PassSink
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
