# SPDX-License-Identifier: GPL-3.0-or-later
"""A transparent payload in samples: the phase that a feeder link at another carrier adds to what it carries.

The channel's path has the delay of both hops, and turns the carrier by it at the service link's frequency f_S. The feeder hop's
phase is that of its own carrier f_F: exp(-j 2 pi (f_F - f_S) hop) is missing, by the time at which a sample leaves the gateway.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from gnuradio import blocks, gr, ntnpos
from numpy.polynomial import chebyshev

from ntnpos.world.orbits import Orbit

_ORDER = 7


@dataclass(frozen=True)
class Turn:
    """Phase over the samples of an input."""

    cycles: np.ndarray
    """Chebyshev series over [-1, 1] of the input's span."""
    span_s: float
    sample_rate_hz: float
    shift_hz: float
    """Largest frequency either way."""

    def phasor(self, count: int) -> np.ndarray:
        """exp(j 2 pi cycles) of samples [count], complex64."""
        x = 2.0 * np.arange(count) / (self.sample_rate_hz * self.span_s) - 1.0
        return np.exp(2j * np.pi * np.mod(chebyshev.chebval(x, self.cycles), 1.0)).astype(np.complex64)


def turn_of(orbit: Orbit, begin_s: float, span_s: float, carrier: ntnpos.carrier) -> Turn | None:
    """What is missing of the phase of an input that a gateway sends from `begin_s` (system time) on; None: nothing."""
    feeder = getattr(orbit, "feeder", None)
    if feeder is None or feeder.frequency_ratio == 1.0:
        return None
    sent = begin_s + 0.5 * span_s * (chebyshev.chebpts1(_ORDER + 1) + 1.0)
    late = np.zeros(sent.shape)
    for _ in range(4):  # it leaves the satellite at sent + late(then); contracts by 3e-5 a round
        late, _rate = orbit.hop(sent + late)
    off_hz = (feeder.frequency_ratio - 1.0) * carrier.frequency_hz
    series = np.linalg.solve(chebyshev.chebvander(chebyshev.chebpts1(_ORDER + 1), _ORDER), -off_hz * late)
    slope = chebyshev.chebval(np.linspace(-1.0, 1.0, 33), chebyshev.chebder(series)) * 2.0 / span_s
    return Turn(series, span_s, carrier.sample_rate_hz, float(np.max(np.abs(slope))))


def turned(source: gr.basic_block, turn: Turn) -> gr.basic_block:
    """The whole of a source that ends, its phase turned.

    By numpy, not by a block: a block's last bits may depend on where the scheduler cuts the stream.
    """
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    flowgraph.connect(source, sink)
    flowgraph.run()
    samples = np.array(sink.data(), dtype=np.complex64)
    return blocks.vector_source_c(samples * turn.phasor(len(samples)), False)
