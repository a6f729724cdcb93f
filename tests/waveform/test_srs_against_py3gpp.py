# SPDX-License-Identifier: GPL-3.0-or-later
"""Hopping and time samples of the positioning SRS against py3gpp, a public generator written by others.

py3gpp 0.6 has neither SRS nor low-PAPR sequences: its pseudo-random generator and OFDM modulator are what can
be compared.
"""

from importlib.util import find_spec

import numpy as np
import pytest
from gnuradio import ntnpos

if find_spec("py3gpp") is None:
    pytest.skip("py3gpp is not installed", allow_module_level=True)
import py3gpp  # noqa: E402  an import that fails for another reason is an error


@pytest.mark.parametrize("sequence_id", [0, 1, 1023, 40961, 65535])
def test_hopping_over_a_frame(sequence_id):
    carrier = ntnpos.carrier(scs_khz=30, sample_rate_hz=15.36e6)
    arguments = dict(sequence_id=sequence_id, comb_size=2, num_symbols=4, start_symbol=9, periodicity_slots=1)
    group = ntnpos.srs_resource(group_or_sequence_hopping="group", **arguments)
    sequence = ntnpos.srs_resource(group_or_sequence_hopping="sequence", **arguments)
    bits = np.asarray(py3gpp.nrPRBS(sequence_id, 8 * 14 * 20)).astype(int)
    for slot in range(20):
        for index in range(4):
            symbol = 14 * slot + 9 + index
            f_gh = int(bits[8 * symbol : 8 * symbol + 8] @ 2 ** np.arange(8)) % 30
            found = ntnpos.srs_sequence_numbers(group, carrier, slot, index)
            assert found == ((f_gh + sequence_id) % 30, 0)
            found = ntnpos.srs_sequence_numbers(sequence, carrier, slot, index)
            assert found == (sequence_id % 30, bits[symbol])


@pytest.mark.parametrize("scs_khz, n_rb, n_fft", [(15, 24, 512), (30, 52, 1024), (30, 273, 4096)])
@pytest.mark.parametrize("frequency_hz", [0.0, 2.0e9, 2.18501e9])
def test_time_samples(scs_khz, n_rb, n_fft, frequency_hz):
    """First slot of a subframe: cyclic prefixes, frequency placement, phase term of 5.4 (0 Hz: off)."""
    carrier = ntnpos.carrier(
        frequency_hz=frequency_hz or 2.0e9,
        scs_khz=scs_khz,
        n_rb=n_rb,
        sample_rate_hz=1e3 * scs_khz * n_fft,
        phase_compensation=frequency_hz > 0,
    )
    resource = ntnpos.srs_resource(sequence_id=9, num_symbols=12, start_symbol=1, periodicity_slots=1)
    expected, _ = py3gpp.nrOFDMModulate(
        carrier=py3gpp.nrCarrierConfig(NSizeGrid=n_rb, SubcarrierSpacing=scs_khz),
        grid=ntnpos.srs_grid(carrier, [resource], 0),
        scs=scs_khz,
        initialNSlot=0,
        SampleRate=int(carrier.sample_rate_hz),
        CarrierFrequency=frequency_hz,
    )
    samples = ntnpos.srs_slot(carrier, [resource], 0)
    np.testing.assert_allclose(samples, expected * n_fft / np.sqrt(12 * n_rb), atol=1e-5)
