# SPDX-License-Identifier: GPL-3.0-or-later
"""What a flowgraph adds to the channel's kernel."""

from __future__ import annotations

import time

from gnuradio import blocks, gr, ntnpos

SATELLITES = 9
SAMPLES = 1 << 20
"""Samples that a flowgraph runs for."""


def _channel() -> ntnpos.ntn_channel:
    """The block on the paths of the kernel's measurement."""
    delays = [[2e-6 + 1e-7 * i, 24e-6 * (2.0 * i / SATELLITES - 1.0), 1e-7] for i in range(SATELLITES)]
    return ntnpos.ntn_channel(30.72e6, 2.0e9, ntnpos.channel_paths(delays))


def _cpu_s(with_channel: bool) -> float:
    """CPU seconds of all threads: as many sources of zeros, into the channel or each into its own sink."""
    top, size = gr.top_block(), gr.sizeof_gr_complex
    streams = [blocks.null_source(size) for _ in range(SATELLITES)]
    if with_channel:
        channel = _channel()
        for port, stream in enumerate(streams):
            top.connect(stream, (channel, port))
        streams = [channel]
    for stream in streams:
        top.connect(stream, blocks.head(size, SAMPLES), blocks.null_sink(size))
    start = time.process_time()
    top.run()
    return time.process_time() - start


def seconds_per_sample() -> float:
    """CPU seconds an output sample that the block of nine satellites adds to a flowgraph of as many sources."""
    whole = _cpu_s(True)
    return max(whole - _cpu_s(False), 1e-3 * whole) / SAMPLES
