# SPDX-License-Identifier: GPL-3.0-or-later
"""What a flowgraph adds to the channel's kernel."""

from __future__ import annotations

import time
from pathlib import Path

from gnuradio import blocks, gr, ntnpos

SATELLITES = 9
SAMPLES = 1 << 23
"""Samples that a flowgraph runs for: some 100 ms of the block's thread."""
LOOK_S = 1e-3
"""Between two looks at that thread's clock: what it does after the last is not counted, under 1 %."""


def _channel() -> ntnpos.ntn_channel:
    """The block on the paths of the kernel's measurement."""
    delays = [[2e-6 + 1e-7 * i, 24e-6 * (2.0 * i / SATELLITES - 1.0), 1e-7] for i in range(SATELLITES)]
    return ntnpos.ntn_channel(30.72e6, 2.0e9, ntnpos.channel_paths(delays))


def _clock_of_thread(name: str) -> Path | None:
    """File with the CPU time of this process's thread whose name begins so, if it runs."""
    for thread in Path("/proc/self/task").iterdir():
        try:
            if (thread / "comm").read_text().startswith(name):
                return thread / "schedstat"
        except OSError:  # it has ended
            continue
    return None


def seconds_per_sample() -> float:
    """CPU seconds an output sample of the block's own thread: the kernel, and all that the scheduler does for it.

    Nine sources of zeros, the block, a sink; the other blocks have threads of their own.
    """
    top, size = gr.top_block(), gr.sizeof_gr_complex
    channel = _channel()
    for port in range(SATELLITES):
        top.connect(blocks.null_source(size), (channel, port))
    top.connect(channel, blocks.head(size, SAMPLES), blocks.null_sink(size))
    top.start()
    taken_ns = 0
    clock = _clock_of_thread("ntn_channel")
    while clock is not None:
        try:
            taken_ns = int(clock.read_text().split()[0])
        except (OSError, IndexError):  # the thread has ended
            break
        time.sleep(LOOK_S)
    top.wait()
    return 1e-9 * taken_ns / SAMPLES
