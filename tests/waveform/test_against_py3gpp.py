# SPDX-License-Identifier: GPL-3.0-or-later
"""Gold sequence, QPSK mapping and OFDM timing against py3gpp, a public generator written by others.

py3gpp 0.6 has no PRS: its pseudo-random generator, symbol mapper and OFDM modulator are what can be compared.
"""

from importlib.util import find_spec

import numpy as np
import pytest
from gnuradio import ntnpos

if find_spec("py3gpp") is None:
    pytest.skip("py3gpp is not installed", allow_module_level=True)
import py3gpp  # noqa: E402  an import that fails for another reason is an error


BOUNDARY_SEEDS = [0, 1, 2, 2**16 - 1, 2**22, 2**30 - 1, 2**30, 2**31 - 2, 2**31 - 1]
RANDOM_SEEDS = np.random.default_rng(1).integers(2**31, size=24).tolist()


@pytest.mark.parametrize("c_init", BOUNDARY_SEEDS + RANDOM_SEEDS)
def test_gold_bits(c_init):
    np.testing.assert_array_equal(ntnpos.gold_bits(c_init, 3000), py3gpp.nrPRBS(c_init, 3000))


VALUES = [(0, 0, 0), (1023, 9, 13), (1024, 3, 5), (4095, 19, 11)]  # sequence id, slot, symbol


@pytest.mark.parametrize("sequence_id, slot, symbol", VALUES)
def test_prs_values_are_qpsk_of_the_gold_bits(sequence_id, slot, symbol):
    carrier = ntnpos.carrier(scs_khz=30, n_rb=52, sample_rate_hz=30.72e6)
    start = min(symbol, 12)
    resource = ntnpos.prs_resource(
        sequence_id=sequence_id,
        comb_size=2,
        num_symbols=2,
        start_symbol=start,
        num_rb=52,
        periodicity_slots=20,
    )
    c_init = (
        2**22 * (sequence_id // 1024)
        + 2**10 * (14 * slot + symbol + 1) * (2 * (sequence_id % 1024) + 1)
        + sequence_id % 1024
    ) % 2**31
    values = ntnpos.prs_symbol_values(resource, carrier, slot, symbol - start)
    expected = py3gpp.nrSymbolModulate(py3gpp.nrPRBS(c_init, 2 * len(values)), "QPSK")
    assert len(values) == 312
    np.testing.assert_allclose(values, expected, atol=1e-7)


GRIDS = [(15, 24, 512), (15, 106, 2048), (30, 52, 1024), (30, 273, 4096)]


@pytest.mark.parametrize("scs_khz, n_rb, n_fft", GRIDS)
@pytest.mark.parametrize("frequency_hz", [0.0, 2.0e9, 2.18501e9])
def test_ofdm_modulation(scs_khz, n_rb, n_fft, frequency_hz):
    """First slot of a subframe: cyclic prefixes, frequency placement, phase term of 5.4 (0 Hz: off)."""
    carrier = ntnpos.carrier(
        frequency_hz=frequency_hz or 2.0e9,
        scs_khz=scs_khz,
        n_rb=n_rb,
        sample_rate_hz=1e3 * scs_khz * n_fft,
        phase_compensation=frequency_hz > 0,
    )
    rng = np.random.default_rng(n_rb)
    grid = (rng.choice([-1, 1], (12 * n_rb, 14)) + 1j * rng.choice([-1, 1], (12 * n_rb, 14))) / np.sqrt(2)
    expected, info = py3gpp.nrOFDMModulate(
        carrier=py3gpp.nrCarrierConfig(NSizeGrid=n_rb, SubcarrierSpacing=scs_khz),
        grid=grid.copy(),
        scs=scs_khz,
        initialNSlot=0,
        SampleRate=int(carrier.sample_rate_hz),
        CarrierFrequency=frequency_hz,
    )
    samples = ntnpos.ofdm_modulate(carrier, grid, 0)
    prefixes = [ntnpos.cp_samples(carrier, 0, symbol) for symbol in range(14)]
    assert prefixes == list(info["CyclicPrefixLengths"])
    np.testing.assert_allclose(samples, expected * n_fft / np.sqrt(12 * n_rb), atol=1e-5)
