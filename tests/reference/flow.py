# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the receiver's blocks over samples in memory and collects every message, whatever the threads do."""

import threading

import numpy as np
import pmt
from gnuradio import blocks, gr, ntnpos

TIMEOUT_S = 60


class Collector(gr.sync_block):
    """Keeps messages until the one of kind `end`. Its stream input keeps it alive until then."""

    def __init__(self):
        gr.sync_block.__init__(self, "collector", [np.float32], None)
        self.messages, self.over = [], threading.Event()
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self._keep)

    def _keep(self, message):
        self.messages.append(message)
        if pmt.symbol_to_string(pmt.dict_ref(message, pmt.intern("kind"), pmt.PMT_NIL)) == "end":
            self.over.set()

    def work(self, input_items, output_items):
        return len(input_items[0])


class Gate(gr.sync_block):
    """An empty stream that ends when the event is set."""

    def __init__(self, over: threading.Event):
        gr.sync_block.__init__(self, "gate", None, [np.float32])
        self.over = over

    def work(self, input_items, output_items):
        self.over.wait(TIMEOUT_S)
        return -1


class Appetite(gr.basic_block):
    """Passes its input on in pieces of random size, so that buffers fill in random steps."""

    def __init__(self, seed: int):
        gr.basic_block.__init__(self, "appetite", [np.complex64], [np.complex64])
        self.rng = np.random.default_rng(seed)

    def general_work(self, input_items, output_items):
        count = int(self.rng.integers(1, 1 + min(len(input_items[0]), len(output_items[0]))))
        output_items[0][:count] = input_items[0][:count]
        self.consume(0, count)
        return count


def time_tag(offset: int, full_s: int, frac_s: float):
    """An rx_time tag on that sample."""
    return gr.python_to_tag(
        (offset, pmt.intern("rx_time"), pmt.make_tuple(pmt.from_uint64(full_s), pmt.from_double(frac_s)))
    )


def tag(offset: int, name: str, value):
    return gr.python_to_tag((offset, pmt.intern(name), value))


def window_message(
    satellite: str, coefficients, half_width_s: float, doppler_half_width_hz: float, start=(0, 0.0)
):
    """A message for the correlator's port `windows`."""
    when = pmt.make_tuple(pmt.from_uint64(start[0]), pmt.from_double(start[1]))
    segment = pmt.make_tuple(when, pmt.init_f64vector(len(coefficients), list(coefficients)))
    return dictionary(
        satellite=pmt.intern(satellite),
        segments=pmt.make_vector(1, segment),
        half_width_s=pmt.from_double(half_width_s),
        doppler_half_width_hz=pmt.from_double(doppler_half_width_hz),
    )


def dictionary(**members):
    d = pmt.make_dict()
    for name, value in members.items():
        d = pmt.dict_add(d, pmt.intern(name), value)
    return d


class Receiver(gr.top_block):
    """Samples in memory -> comb_correlator -> first_path_detector -> messages."""

    def __init__(self, samples, tags, carrier, signals, windows=(), middle=None, bank=None, **detector):
        super().__init__()
        self.source = blocks.vector_source_c(np.asarray(samples, np.complex64).tolist(), False, 1, tags)
        self.correlator = ntnpos.comb_correlator(
            carrier, signals, list(windows), bank or ntnpos.correlator_bank_config()
        )
        self.detector = ntnpos.first_path_detector("rx", ntnpos.fft_size(carrier), **detector)
        self.collector = Collector()
        self.gate = Gate(self.collector.over)
        self.middle = middle
        self.connect(*([self.source, middle] if middle else [self.source]), self.correlator, self.detector)
        self.connect(self.gate, self.collector)
        self.msg_connect(self.detector, "meas", self.collector, "in")

    def receive(self, max_noutput_items: int = 4096) -> list:
        """Runs to the end; the messages as PMTs."""
        self.run(max_noutput_items)
        assert self.collector.over.is_set(), "no message of kind end"
        return self.collector.messages

    def toas(self, max_noutput_items: int = 4096) -> list[dict]:
        """Runs to the end; the messages of kind toa as dictionaries."""
        found = [pmt.to_python(m) for m in self.receive(max_noutput_items)]
        return [m for m in found if m["kind"] == "toa"]
