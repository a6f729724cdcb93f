# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver as a flowgraph, and its link to the position engine.

A source of samples with `rx_time` tags -> comb_correlator -> first_path_detector -> ZMQ PUB message sink. The correlator holds
its input back until the windows come, so nothing is measured before the engine listens: the receiver repeats a
`config` message until the engine has heard one, and only then sends the windows.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Iterator

import pmt
from gnuradio import blocks, gr, ntnpos, zeromq

from ntnpos.network.search_windows import SearchWindow
from ntnpos.network.wire import WireReceiver

from . import convert

MEAS, CONFIG, WINDOWS = (pmt.intern(name) for name in ("meas", "config", "windows"))
ZMQ_TIMEOUT_MS = 100
_HELLO_S = 0.05   # between two config messages while nobody has heard one
_HELLOS = 400
_DRAIN_S = 1.0    # what is still on its way when the flowgraph has ended arrives within this


class ReceiverError(RuntimeError):
    """The receiver or its link failed; one line for the user."""


class Receiver(gr.top_block):
    """Flowgraph from a block that streams samples to measurement messages.

    Parameters
    ----------
    samples : gr block
        Complex samples with `rx_time` tags.
    carrier : gnuradio.ntnpos.carrier
    signals : list of gnuradio.ntnpos.satellite_signal
    address : str, optional
        ZeroMQ endpoint of the engine's bound socket. None: messages stay within the flowgraph (`store`).
    config : gnuradio.ntnpos.correlator_bank_config, optional
    name : str
        `source` of the messages.
    store : bool
        Keep the messages, profiles included, for `messages`.
    """

    def __init__(self, samples: gr.basic_block, carrier: ntnpos.carrier, signals: list, address: str | None,
                 config=None, name: str = "receiver", store: bool = False):
        super().__init__(name)
        points = ntnpos.fft_size(carrier)
        self.correlator = ntnpos.comb_correlator(
            carrier, signals, [], config or ntnpos.correlator_bank_config())
        self.detector = ntnpos.first_path_detector(name, points, with_profiles=store)
        self.connect(samples, self.correlator, self.detector)
        if address is not None:
            self.sink = zeromq.pub_msg_sink(address, ZMQ_TIMEOUT_MS, False)
            self.msg_connect(self.detector, "meas", self.sink, "in")
        self._store = None
        if store:
            self._store = blocks.message_debug()
            self.msg_connect(self.detector, "meas", self._store, "store")

    def announce(self, **members: pmt.pmt_base) -> None:
        """Have the detector send a message of kind `config`."""
        self.detector.to_basic_block()._post(CONFIG, convert.dictionary(**members))

    def send_windows(self, windows: list[SearchWindow]) -> None:
        """Tell the correlator where to look; with the last satellite's window it starts."""
        for window in windows:
            self.correlator.to_basic_block()._post(WINDOWS, convert.window_message(window))

    def messages(self) -> list[pmt.pmt_base]:
        """Stored messages so far."""
        return [self._store.get_message(i) for i in range(self._store.num_messages())]


class Running:
    """A started flowgraph; on leaving the `with` block it is stopped and waited for."""

    def __init__(self, flowgraph: gr.top_block):
        self._flowgraph = flowgraph
        self.ended = threading.Event()

    def __enter__(self) -> Running:
        self._flowgraph.start()
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._waiter.start()
        return self

    def _wait(self) -> None:
        self._flowgraph.wait()
        self.ended.set()

    def __exit__(self, *_) -> None:
        self._flowgraph.stop()
        self._waiter.join()


def shake_hands(receiver: Receiver, heard: Callable[[float], bool]) -> None:
    """Announce the receiver until the engine has heard it.

    Parameters
    ----------
    heard : callable
        Waits up to so many seconds; True once the engine has received a `config` message.
    """
    for _ in range(_HELLOS):
        receiver.announce()
        if heard(_HELLO_S):
            return
    raise ReceiverError("the position engine does not hear the receiver's messages")


def run(receiver: Receiver, windows: list[SearchWindow], wire: WireReceiver) -> Iterator[dict[str, Any]]:
    """Run a receiver to its end and yield its messages (decoded, of all kinds but `config`) as they come.

    `wire` is bound to the address that the receiver's sink connects to; the caller looks at its counts for losses.
    """
    with Running(receiver) as running:
        pending: list[dict[str, Any]] = []

        def heard(seconds: float) -> bool:
            pending.extend(wire.messages(idle_timeout_s=seconds, stop=lambda: bool(pending)))
            return bool(pending)

        shake_hands(receiver, heard)
        receiver.send_windows(windows)
        while not wire.ended:
            for message in wire.messages(idle_timeout_s=_DRAIN_S):
                if message["kind"] != "config":
                    yield message
            if receiver.correlator.bad_messages():
                raise ReceiverError("the receiver refused a search window")
            if running.ended.is_set():
                # One more look: the flowgraph may have ended during the last wait.
                yield from (m for m in wire.messages(idle_timeout_s=_DRAIN_S) if m["kind"] != "config")
                break
