# SPDX-License-Identifier: GPL-3.0-or-later
"""The stock zeromq_pub_msg_sink at the other end of the wire."""

import pmt
import pytest
from gnuradio import gr, zeromq
from ntnpos.network.wire import WireReceiver


def measurement(seq: int) -> object:
    """A measurement as a block builds it."""
    values = {"schema": pmt.intern("ntnpos.wire/1"), "source": pmt.intern("detector0"),
              "seq": pmt.from_uint64(seq), "kind": pmt.intern("toa"), "satellite": pmt.intern("SAT-1"),
              "slot_count": pmt.from_long(3203), "status": pmt.intern("ok"),
              "t": pmt.make_tuple(pmt.from_uint64(3), pmt.from_double(0.25)),
              "toa_s": pmt.from_double(2.5e-3), "toa_std_s": pmt.from_double(1e-9),
              "snr_db": pmt.PMT_NIL, "profile": pmt.init_c32vector(3, [1, 1j, -1]),
              "profile_start_s": pmt.from_double(0.0), "profile_step_s": pmt.from_double(1e-7)}
    made = pmt.make_dict()
    for key, value in values.items():
        made = pmt.dict_add(made, pmt.intern(key), value)
    return made


@pytest.fixture
def sink():
    """A running flowgraph of the sink and a source: (sink, source)."""
    top, source = gr.top_block(), MessageSource()
    sink = zeromq.pub_msg_sink("tcp://127.0.0.1:*", 100, True)
    top.msg_connect(source, "out", sink, "in")
    top.start()
    yield sink, source
    top.stop()
    top.wait()


class MessageSource(gr.basic_block):
    """Passes on what the test hands it."""

    def __init__(self):
        gr.basic_block.__init__(self, "source", None, None)
        self.message_port_register_out(pmt.intern("out"))

    def send(self, message) -> None:
        self.message_port_pub(pmt.intern("out"), message)


def test_a_measurement_arrives_as_it_was_sent(sink):
    block, source = sink
    with WireReceiver(block.last_endpoint()) as receiver:
        found = None
        for seq in range(100):  # what is sent before the subscription has arrived is lost
            source.send(measurement(seq))
            found = next(receiver.measurements(idle_timeout_s=0.0), None)
            if found is not None:
                break
        assert (found.satellite, found.t_s, found.toa_s, found.toa_std_s) == ("SAT-1", 3.25, 2.5e-3, 1e-9)
        assert (found.slot_count, found.snr_db, found.status) == (3203, None, "ok")
        assert receiver.counts.bad == 0
