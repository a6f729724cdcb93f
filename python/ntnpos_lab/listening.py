# SPDX-License-Identifier: GPL-3.0-or-later
"""A block that hears what a flowgraph's detectors publish and tells its correlators, from a thread of its own."""

from __future__ import annotations

import sys
import threading

import pmt
from gnuradio import gr

from .receive import CONFIG, ReceiverError

_SYSTEM, _DONE = pmt.intern("system"), pmt.cons(pmt.intern("done"), pmt.from_long(1))


class ListeningBlock(gr.basic_block):
    """Opens when the flowgraph starts, works until it has heard all, and ends with it. Subclasses say how.

    Parameters
    ----------
    name : str
    ports : sequence of pmt symbols
        Message ports out, beside `config`.
    """

    def __init__(self, name: str, ports=()):
        gr.basic_block.__init__(self, name=name, in_sig=None, out_sig=None)
        self.stopping = threading.Event()
        self._worker: threading.Thread | None = None
        for port in (CONFIG, *ports):
            self.message_port_register_out(port)

    def open(self) -> None:
        """Before the first sample flows."""

    def listen(self) -> None:
        """All the work; a `ReceiverError` of it is one line on stderr."""

    def close(self) -> None:
        """The flowgraph is stopped: let `listen` end soon."""

    def start(self) -> bool:
        """Called by the scheduler."""
        self.stopping.clear()
        self.open()
        self._worker = threading.Thread(target=self._work, daemon=True)
        self._worker.start()
        return True

    def stop(self) -> bool:
        """Called by the scheduler."""
        self.stopping.set()
        self.close()
        if self._worker is not None:
            self._worker.join()
        return True

    def announce(self) -> None:
        """Have the detectors send a message of kind `config`."""
        self.message_port_pub(CONFIG, pmt.make_dict())

    def _work(self) -> None:
        try:
            self.listen()
        except ReceiverError as error:
            if not self.stopping.is_set():
                print(error, file=sys.stderr)
        # No other block tells one without message inputs that the flowgraph has ended.
        self.to_basic_block()._post(_SYSTEM, _DONE)
