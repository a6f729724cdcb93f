# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the messages of flowgraphs that end by themselves without losing the last ones."""

from __future__ import annotations

import threading

import numpy as np
import pmt
from gnuradio import gr

TIMEOUT_S = 120.0
_KIND = pmt.intern("kind")


class Collector(gr.sync_block):
    """Keeps all messages on port `in` until `ends` of kind `end` have come. Its stream input keeps it alive until then."""

    def __init__(self, ends: int = 1):
        gr.sync_block.__init__(self, "collector", [np.float32], None)
        self.messages: list[pmt.pmt_base] = []
        self.over = threading.Event()
        self._left = ends
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self._keep)

    def _keep(self, message: pmt.pmt_base) -> None:
        self.messages.append(message)
        kind = pmt.dict_ref(message, _KIND, pmt.PMT_NIL)
        if pmt.is_symbol(kind) and pmt.symbol_to_string(kind) == "end":
            self._left -= 1
            if self._left == 0:
                self.over.set()

    def work(self, input_items, output_items):
        """Nothing flows here."""
        return len(input_items[0])


class Gate(gr.sync_block):
    """An empty stream that ends when a collector is over."""

    def __init__(self, collector: Collector):
        gr.sync_block.__init__(self, "gate", None, [np.float32])
        self._over = collector.over

    def work(self, input_items, output_items):
        """Wait, then end."""
        self._over.wait(TIMEOUT_S)
        return -1
