# SPDX-License-Identifier: GPL-3.0-or-later
"""Short ways for tests to feed samples to the bound receiver kernels, and to read what comes out."""

from dataclasses import dataclass

import numpy as np
from gnuradio import ntnpos


@dataclass(frozen=True)
class Toa:
    """One occasion as the receiver reports it; values are None unless status is "found"."""

    satellite: str
    slot: int
    status: str
    arrival_s: float  # receiver clock, from the `epoch_s` that was given
    toa_s: float | None = None
    toa_std_s: float | None = None
    doppler_hz: float | None = None
    doppler_std_hz: float | None = None
    snr_db: float | None = None
    paths: int = 0


def trajectory(*coefficients: float, start=(0, 0.0)):
    """One polynomial for all times."""
    return ntnpos.trajectory([ntnpos.delay_segment(start, list(coefficients))])


def make_bank(carrier, signals, windows, **settings):
    bank = ntnpos.correlator_bank(carrier, signals, ntnpos.correlator_bank_config(**settings))
    for i, window in enumerate(windows):
        bank.set_window(i, window)
    return bank


def push(bank, anchor, samples: np.ndarray, chunks=4096) -> list:
    """One segment through a bank in chunks of that size, or of random sizes by a generator; its profiles."""
    bank.begin_segment(ntnpos.instant(anchor))
    samples = samples.astype(np.complex64)
    at = 0
    while at < len(samples):
        size = chunks if isinstance(chunks, int) else int(chunks.integers(1, 3000))
        bank.push(samples[at : at + size])
        at += size
    bank.end_segment()
    return bank.take()


def read(bank, profile, epoch_s: int = 0, **settings) -> Toa:
    """What a first-path detector makes of a profile."""
    name = profile.status.name
    arrival_s = profile.arrival - ntnpos.instant(epoch_s, 0.0)
    if name != "found":
        return Toa(profile.satellite, profile.slot_count, name, arrival_s)
    config = bank.profile_config(bank.index_of(profile.satellite))
    for field, value in settings.items():
        setattr(config, field, value)
    # As the block does: the correlator has decided, and moved the strongest path to the middle.
    found = ntnpos.first_path(config).detect(profile.values, 1.5 / (config.subcarriers * config.scs_hz))
    m = ntnpos.measure_toa(profile, found)
    return Toa(
        profile.satellite,
        profile.slot_count,
        name,
        m.arrival - ntnpos.instant(epoch_s, 0.0),
        m.toa_s,
        m.toa_std_s,
        profile.doppler_hz,
        profile.doppler_std_hz,
        m.snr_db,
        len(found.paths),
    )


def measure(carrier, signals, windows, anchor, samples, chunks=4096, **settings) -> list[Toa]:
    """One segment through a new bank."""
    bank = make_bank(carrier, signals, windows, **settings)
    return [read(bank, profile) for profile in push(bank, anchor, samples, chunks)]
