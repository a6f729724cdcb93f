# SPDX-License-Identifier: GPL-3.0-or-later
"""What `./ntnpos bench` compares, by group, with the targets."""

from __future__ import annotations

from functools import partial
from typing import Callable

from . import receiver as receiver_rows
from .harness import HIGHER, LOWER, Comparison, in_turn

KERNEL_S = 0.003
"""Seconds of one side of a pair of kernels."""
FLOWGRAPH_PAIRS = 11
BANDS = (", half the band", "_half_band"), (", 80 % of the band", "")
"""What the channel's inputs may occupy: as much as GNU Radio's own interpolator is made for, and as much as ours."""


def _kernel(name: str) -> Callable[[int], tuple[list[float], list[float]]]:
    """Both sides in C++."""
    from gnuradio.ntnpos import ntnpos_bench

    return lambda pairs: ntnpos_bench.times(name, pairs, KERNEL_S)


def _beside_blocks(name: str, chain: str, times: int) -> Callable[[int], tuple[list[float], list[float]]]:
    """A kernel beside so many times a chain of GNU Radio's blocks, per sample."""
    from gnuradio.ntnpos import ntnpos_bench

    from . import peers

    return partial(in_turn, lambda: ntnpos_bench.seconds_per_sample(name, 10 * KERNEL_S),
                   lambda: times * peers.seconds_per_sample(getattr(peers, chain)))


def _channel_flowgraph(pairs: int) -> tuple[list[float], list[float]]:
    """The channel's block beside its kernel, per sample."""
    from gnuradio.ntnpos import ntnpos_bench

    from . import channel_flow

    return in_turn(channel_flow.seconds_per_sample,
                   lambda: ntnpos_bench.seconds_per_sample("nine_satellites", 10 * KERNEL_S), pairs)


def waveform() -> list[Comparison]:
    """Generators; the bare inverse FFTs are FFTW's own, of 4096 points, as many as a slot has PRS symbols."""
    rows = [Comparison("Gold sequence, by words over bit by bit", 40.0, HIGHER, _kernel("gold"))]
    for comb, rb, target in ((4, 12, 0.36), (4, 272, 0.50), (2, 272, 1.10), (6, 272, 1.10), (12, 272, 1.10)):
        rows.append(Comparison(f"PRS slot, comb {comb}, {rb} RB, over 12 bare inverse FFTs", target, LOWER,
                               _kernel(f"prs_slot_comb_{comb}_rb_{rb}")))
    for comb in (4, 8):
        rows.append(Comparison(f"SRS slot, comb {comb}, 272 RB, over 12 bare inverse FFTs", 1.15, LOWER,
                               _kernel(f"srs_slot_comb_{comb}")))
    return rows


def channel() -> list[Comparison]:
    """The channel beside what GNU Radio and C++ have."""
    return [
        Comparison("noise over std::normal_distribution", 18.0, HIGHER, _kernel("noise")),
        Comparison("path of 16 taps over its bare multiply-adds", 1.8, LOWER, _kernel("path_16_taps")),
        Comparison("path of 20 taps over its bare multiply-adds", 1.8, LOWER, _kernel("path_20_taps")),
        *(Comparison(f"satellite and noise{band}, over channels.channel_model", 30.0, HIGHER,
                     _beside_blocks(f"one_satellite_and_noise{suffix}", "channel_model", 1), FLOWGRAPH_PAIRS)
          for band, suffix in BANDS),
        *(Comparison(f"9 satellites{band}, over 9 x (mmse_resampler_cc + rotator_cc)", 26.0, HIGHER,
                     _beside_blocks(f"nine_satellites{suffix}", "resampler_and_rotator", 9), FLOWGRAPH_PAIRS)
          for band, suffix in BANDS),
        Comparison("path that fades, 80 % of the band, over one that does not", 1.2, LOWER, _kernel("fading_path")),
        Comparison("18 satellites over 9", 2.0, LOWER, _kernel("satellites_18_to_9")),
        Comparison("9 satellites, flowgraph over kernel", 1.2, LOWER, _channel_flowgraph, FLOWGRAPH_PAIRS),
    ]


def receiver() -> list[Comparison]:
    """The receiver's kernels, chain and flowgraph beside what others have, and beside time."""
    return receiver_rows.rows(_kernel)


def position() -> list[Comparison]:
    """The position engine: many UEs at once."""
    from . import position as position_rows

    return position_rows.comparisons()


def protocols() -> list[Comparison]:
    """Messages of the location protocols."""
    from . import protocols as protocol_rows

    return protocol_rows.rows()


GROUPS: dict[str, Callable[[], list[Comparison]]] = {"waveform": waveform, "channel": channel, "receiver": receiver,
                                                     "position": position, "protocols": protocols}
"""Name of a group to what makes its comparisons."""
