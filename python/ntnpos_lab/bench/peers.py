# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time of GNU Radio's own blocks, for comparison with ours."""

from __future__ import annotations

import time
from typing import Callable, Sequence

from gnuradio import blocks, channels, filter, gr

SAMPLES = 1 << 20
"""Samples that a flowgraph runs for."""


def cpu_s(chain: Sequence[gr.basic_block], samples: int) -> float:
    """CPU seconds of all threads for a stream of zeros through the blocks."""
    top = gr.top_block()
    size = gr.sizeof_gr_complex
    top.connect(blocks.null_source(size), *chain, blocks.head(size, samples), blocks.null_sink(size))
    start = time.process_time()
    top.run()
    return time.process_time() - start


def seconds_per_sample(make_chain: Callable[[], Sequence[gr.basic_block]], samples: int = SAMPLES) -> float:
    """CPU seconds a sample of a chain of blocks: what a flowgraph takes with it over what it takes without.

    The scheduler's work for the first block's input and the last one's output is so left out: kernels, which
    have no scheduler, are compared with it.
    """
    with_chain = cpu_s(make_chain(), samples)
    return max(with_chain - cpu_s([], samples), 1e-3 * with_chain) / samples


def channel_model() -> list[gr.basic_block]:
    """GNU Radio's channel model: noise, frequency offset, sample stretch, one tap."""
    return [channels.channel_model(noise_voltage=0.1, frequency_offset=1e-3, epsilon=1.00002,
                                   taps=[1.0 + 0.0j], noise_seed=1)]


def resampler_and_rotator() -> list[gr.basic_block]:
    """What delays and turns one satellite's stream with GNU Radio's own blocks."""
    return [filter.mmse_resampler_cc(0.0, 1.00002), blocks.rotator_cc(1e-3)]
