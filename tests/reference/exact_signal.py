# SPDX-License-Identifier: GPL-3.0-or-later
"""Received DL-PRS, slow and exact: the sums of TS 38.211 evaluated at each sample's own time of emission.

A reference for tests, written from the standard and from the project's baseband convention alone; it shares
no code with the kernels. Nothing is interpolated and no FFT is used, so a moving delay is exact to the
rounding of float64.

y(t) = a x(t - tau(t)) exp(-j 2 pi f_c tau(t)), x the transmitted baseband by the satellite's clock. All times
here are float64 seconds close to zero; whole seconds belong into the tags beside the samples.
"""

import functools

import numpy as np

C_M_S = 299_792_458.0
LEGAL_PAIRS = [(2, 2), (4, 2), (6, 2), (12, 2), (4, 4), (12, 4), (6, 6), (12, 6), (12, 12)]  # symbols, comb
# k' of table 7.4.1.7.3-2, one row a comb size.
K_PRIME = {
    2: [0, 1] * 6,
    4: [0, 2, 1, 3] * 3,
    6: [0, 3, 1, 4, 2, 5] * 2,
    12: [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11],
}


@functools.lru_cache(maxsize=None)
def gold(c_init: int, count: int) -> np.ndarray:
    """First `count` bits of c(n) of TS 38.211 5.2.1, one after the other."""
    x1 = [1] + [0] * 30
    x2 = [(c_init >> i) & 1 for i in range(31)]
    for n in range(count + 1600 - 31):
        x1.append((x1[n + 3] + x1[n]) % 2)
        x2.append((x2[n + 3] + x2[n + 2] + x2[n + 1] + x2[n]) % 2)
    return np.array([(x1[n + 1600] + x2[n + 1600]) % 2 for n in range(count)])


def symbols_per_slot(carrier) -> int:
    return 12 if carrier.extended_cp else 14


def symbol_timing(carrier, slot: int, symbol: int) -> tuple[float, float]:
    """Start of a symbol's prefix after the start of `slot`'s subframe, and the prefix's length, in s (5.3.1).

    The unit is kappa T_c = 1/30.72 MHz: useful part 2048 / 2^mu, prefix 144 / 2^mu and 16 more at each half
    subframe, 512 / 2^mu with extended prefix.
    """
    scale = carrier.scs_khz // 15
    start = 0.0
    for l in range(symbols_per_slot(carrier) * (slot % scale) + symbol + 1):
        if carrier.extended_cp:
            prefix = 512 / scale
        else:
            prefix = 144 / scale + (16 if l in (0, 7 * scale) else 0)
        end = start + prefix + 2048 / scale
        start, begun = end, start
    return begun / 30.72e6, prefix / 30.72e6


def symbol_elements(carrier, resource, slot: int, symbol: int) -> tuple[np.ndarray, np.ndarray]:
    """Occupied subcarriers of a symbol and their values, without the phase term (7.4.1.7.2, 7.4.1.7.3)."""
    n_id = resource.sequence_id
    in_frame = slot % (10 * carrier.scs_khz // 15)
    c_init = (
        2**22 * (n_id // 1024)
        + 2**10 * (symbols_per_slot(carrier) * in_frame + symbol + 1) * (2 * (n_id % 1024) + 1)
        + n_id % 1024
    ) % 2**31
    comb = resource.comb_size
    shift = (resource.re_offset + K_PRIME[comb][symbol - resource.start_symbol]) % comb
    first = 12 * resource.start_prb
    m = np.arange(first // comb, (first + 12 * resource.num_rb) // comb)
    c = gold(c_init, 2 * int(m[-1]) + 2)
    values = ((1 - 2 * c[2 * m]) + 1j * (1 - 2 * c[2 * m + 1])) / np.sqrt(2)
    return m * comb + shift, values * 10 ** (resource.power_offset_db / 20)


def is_sent(carrier, resource, slot: int) -> bool:
    """The slot condition of 7.4.1.7.4 with both muting options."""
    n = slot - resource.slot_offset
    within = n % resource.periodicity_slots
    i = within // resource.time_gap_slots
    if within % resource.time_gap_slots or i >= resource.repetition_factor:
        return False
    bits1, bits2 = resource.muting_option1_bits, resource.muting_option2_bits
    instance = n % (1024 * 10 * carrier.scs_khz // 15) // resource.periodicity_slots
    if bits1 and not bits1[instance // resource.muting_option1_repetition % len(bits1)]:
        return False
    return not bits2 or bool(bits2[i])


def transmitted(u_s: np.ndarray, carrier, resource, elements=symbol_elements, sent=is_sent) -> np.ndarray:
    """x(u): baseband samples (complex128[n]) at times u after SFN 0 slot 0 has left the antenna.

    `elements` and `sent` say what a resource of another kind than DL-PRS sends, and when.
    """
    scale = carrier.scs_khz // 15
    x = np.zeros(len(u_s), complex)
    if not len(u_s):
        return x
    for slot in range(int(np.floor(u_s.min() * 1e3 * scale)) - 1, int(np.ceil(u_s.max() * 1e3 * scale)) + 1):
        if not sent(carrier, resource, slot):
            continue
        subframe_s = 1e-3 * (slot // scale)
        for symbol in range(resource.start_symbol, resource.start_symbol + resource.num_symbols):
            begun_s, prefix_s = symbol_timing(carrier, slot, symbol)
            in_symbol = u_s - subframe_s - begun_s - prefix_s  # 0 at the start of the useful part
            # A picosecond early: a sample that lies on the border by construction belongs to what begins.
            here = np.flatnonzero(
                (in_symbol >= -prefix_s - 1e-12) & (in_symbol < 1e-3 / carrier.scs_khz - 1e-12)
            )
            k, values = elements(carrier, resource, slot, symbol)
            f_hz = (k - 6 * carrier.n_rb) * carrier.scs_khz * 1e3
            total = np.exp(2j * np.pi * np.outer(in_symbol[here], f_hz)) @ values
            if carrier.phase_compensation:
                total = total * np.exp(-2j * np.pi * (carrier.frequency_hz * (begun_s + prefix_s) % 1.0))
            x[here] = total / np.sqrt(12 * carrier.n_rb)
    return x


def received(
    t_s: np.ndarray, carrier, resource, toa, sfn0_s: float = 0.0, gain: complex = 1.0, **kind
) -> np.ndarray:
    """Samples (complex128[n]) of one path at receiver-clock times `t_s`.

    Parameters
    ----------
    t_s : receiver-clock times, s
    carrier, resource : any objects with the fields of ntnpos.carrier and ntnpos.prs_resource
    toa : function of receiver-clock times (s) that gives the pseudo-delay (s), or a number
    sfn0_s : satellite-clock reading when SFN 0 slot 0 leaves, s
    gain : complex amplitude
    kind : `elements` and `sent`, as for `transmitted`
    """
    tau = toa(t_s) if callable(toa) else np.full(len(t_s), float(toa))
    turn = np.exp(-2j * np.pi * (carrier.frequency_hz * tau % 1.0))
    return gain * transmitted(t_s - tau - sfn0_s, carrier, resource, **kind) * turn


def sample_times(t0_s: float, duration_s: float, rate_hz: float) -> np.ndarray:
    """Times of samples from t0_s on."""
    return t0_s + np.arange(round(duration_s * rate_hz)) / rate_hz


def white_noise(rng: np.random.Generator, count: int, power: float) -> np.ndarray:
    """Circular complex noise of that power a sample."""
    return np.sqrt(power / 2) * (rng.standard_normal(count) + 1j * rng.standard_normal(count))


def toa_bound_s(carrier, resource, noise_power: float, gain: float = 1.0, slots: int = 1) -> float:
    """Cramer-Rao bound of the delay of one path in white noise of that power a sample.

    sigma = 1 / sqrt(8 pi^2 SNR sum w (f - f_m)^2): every occupied element is one observation of amplitude
    gain N / sqrt(12 n_rb) in the DFT of N samples, in noise of variance N noise_power.
    """
    size = carrier.sample_rate_hz / (carrier.scs_khz * 1e3)
    f = []
    for symbol in range(resource.start_symbol, resource.start_symbol + resource.num_symbols):
        f.append(symbol_elements(carrier, resource, 0, symbol)[0] * carrier.scs_khz * 1e3)
    f = np.concatenate(f)
    snr = gain**2 * 10 ** (resource.power_offset_db / 10) * size / (12 * carrier.n_rb) / noise_power
    return 1 / np.sqrt(8 * np.pi**2 * slots * snr * np.sum((f - f.mean()) ** 2))
