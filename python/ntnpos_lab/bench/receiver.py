# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's rows of `./ntnpos bench`: kernels, the whole chain, the flowgraph, real time."""

from __future__ import annotations

import time
from functools import partial
from typing import Callable

import numpy as np
import pmt

from .harness import HIGHER, LOWER, Comparison, in_turn

CHAIN_S, STREAM_S = 0.02, 0.03
"""Seconds of one side of a pair: a slot; a stream."""
CHAIN_PAIRS, FLOWGRAPH_PAIRS, STREAM_PAIRS = 11, 11, 5
SCENE = (9, 512, 24, 24, False)
"""Flowgraph: satellites, FFT size, blocks of the carrier and of the PRS, PRS in every slot or every tenth."""
SCENE_PIECE = "receiver_points_512_satellites_9"
SCENE_S = 0.04
"""Seconds of that piece's signal."""
SCENES = 20
"""How often it follows on itself, so that what starting a flowgraph takes is little beside it."""

Kernel = Callable[[str], Callable[[int], tuple[list[float], list[float]]]]


def _chain(num_rb: int) -> Callable[[int], tuple[list[float], list[float]]]:
    """The kernels' chain beside numpy's."""
    from gnuradio.ntnpos import ntnpos_bench

    from . import numpy_chain

    scene, rng = numpy_chain.satellites(num_rb), np.random.default_rng(1)

    def numpys() -> float:
        start = time.process_time()
        numpy_chain.run(scene, rng)
        return time.process_time() - start

    return partial(in_turn, lambda: ntnpos_bench.seconds_per_sample(f"chain_rb_{num_rb}", CHAIN_S), numpys)


def _flowgraph(pairs: int) -> tuple[list[float], list[float]]:
    """Source in memory, comb_correlator, first_path_detector: CPU of all threads, beside the kernels called."""
    from gnuradio import blocks, gr, ntnpos
    from gnuradio.ntnpos import ntnpos_bench

    carrier, signals, windows = ntnpos_bench.scene(*SCENE)
    samples = ntnpos_bench.received(*SCENE, SCENE_S)
    now = pmt.make_tuple(pmt.from_uint64(0), pmt.from_double(0.0))
    tags = [gr.python_to_tag((i * len(samples), pmt.intern("rx_time"), now)) for i in range(SCENES)]
    source = blocks.vector_source_c(SCENES * samples.tolist(), False, 1, tags)
    # With tags it asks for a buffer of all its samples at once: every page of it would be a new one.
    source.set_output_multiple(1)
    detector = ntnpos.first_path_detector("bench", ntnpos.fft_size(carrier))
    top = gr.top_block()
    top.connect(source, ntnpos.comb_correlator(carrier, signals, windows, ntnpos.correlator_bank_config()),
                detector)

    def flowgraph() -> float:
        source.rewind()
        start = time.process_time()
        top.run()
        return (time.process_time() - start) / SCENES

    flowgraph()  # satellites are found once and then followed, as by the kernels
    return in_turn(flowgraph, lambda: SCENE_S * ntnpos_bench.seconds_per_sample(SCENE_PIECE, STREAM_S), pairs)


def _real_time(piece: str, pairs: int) -> tuple[list[float], list[float]]:
    """CPU seconds for a second of signal, and that second."""
    from gnuradio.ntnpos import ntnpos_bench

    return [ntnpos_bench.seconds_per_sample(piece, STREAM_S) for _ in range(pairs)], [1.0] * pairs


def rows(kernel: Kernel) -> list[Comparison]:
    """The group's rows.

    Parameters
    ----------
    kernel : callable
        Name of a comparison of kernels -> what measures it.
    """
    found = []
    for rb, target in ((12, 1.15), (272, 1.5)):
        for points, kind in ((1024, "comb"), (4096, "whole")):
            found.append(Comparison(f"correlator, 9 satellites, {rb} RB, over bare FFTs of {points}",
                                    target, LOWER, kernel(f"correlator_rb_{rb}_{kind}"), 51))
        for kind, ffts in (("shared", "1 forward FFT and 9 inverse"), ("own", "9 forward FFTs and 9 inverse")):
            found.append(Comparison(f"symbol to 9 delay profiles, {rb} RB, over {ffts}",
                                    target, LOWER, kernel(f"profiles_rb_{rb}_{kind}"), 51))
    found += [
        Comparison("search, a slot of delay, over full-rate correlation", 14.0, HIGHER,
                   kernel("search_delay"), 21),
        Comparison("search, delay and Doppler, over full-rate correlation", 24.0, HIGHER,
                   kernel("search_delay_doppler"), 7),
        Comparison("first path, 4096 points, 12 RB, over one FFT", 0.6, LOWER,
                   kernel("first_path_4096_rb_12"), 51),
        Comparison("first path, 4096 points, 272 RB, over one FFT", 0.6, LOWER,
                   kernel("first_path_4096_rb_272"), 51),
        Comparison("first path, 61440 points, over one FFT", 0.25, LOWER, kernel("first_path_61440"), 21),
    ]
    for rb, target in ((12, 80.0), (272, 51.0)):
        found.append(Comparison(f"chain, 9 satellites, {rb} RB, over numpy", target, HIGHER,
                                lambda pairs, rb=rb: _chain(rb)(pairs), CHAIN_PAIRS))
    found += [
        Comparison("receiver, 18 satellites over 9", 2.0, LOWER, kernel("receiver_satellites_18_to_9"), 5),
        Comparison("receiver, flowgraph over kernels", 1.2, LOWER, _flowgraph, FLOWGRAPH_PAIRS),
    ]
    for points, rb, rate in ((512, 24, "7.68"), (2048, 132, "30.72"), (4096, 272, "61.44")):
        for dense, often in (("", "every 10 ms"), ("_dense", "every slot")):
            for satellites in (1, 9, 18):
                piece = f"receiver{dense}_points_{points}_satellites_{satellites}"
                found.append(Comparison(
                    f"real time, {rate} MS/s, {rb} RB {often}, {satellites} satellite{'s'[:satellites > 1]}",
                    1.0, HIGHER, partial(_real_time, piece), STREAM_PAIRS))
    return found
