# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos waveform` with a positioning SRS, against a literal generator written from TS 38.211 6.4.1.4."""

import json

import numpy as np
import pytest

from ntnpos_lab import waveform

CARRIER = {"frequency_hz": 2.0e9, "scs_khz": 30, "n_rb": 36, "cyclic_prefix": "normal",
           "phase_compensation": False}
# C_SRS = 9 with B_SRS = 1: two parts of 16 resource blocks; n_RRC = 4 is n_1 = floor(4 * 4 / 16) = 1, the upper.
SRS = {"sequence_id": 65000, "comb_size": 4, "comb_offset": 3, "cyclic_shift": 7, "num_symbols": 8,
       "start_symbol": 3, "c_srs": 9, "b_srs": 1, "freq_position": 4, "freq_shift": 2,
       "group_or_sequence_hopping": "group"}
REQUIRED = ("sequence_id", "comb_size", "num_symbols", "start_symbol", "c_srs")
SLOT = 17


def gold(c_init: int, count: int) -> list[int]:
    """Bits of the length-31 Gold sequence (5.2.1), one after the other."""
    x1, x2 = [1] + [0] * 30, [c_init >> i & 1 for i in range(31)]
    for n in range(1600 + count - 31):
        x1.append((x1[n + 3] + x1[n]) % 2)
        x2.append((x2[n + 3] + x2[n + 2] + x2[n + 1] + x2[n]) % 2)
    return [(a + b) % 2 for a, b in zip(x1[1600:1600 + count], x2[1600:1600 + count])]


def literal_grid() -> np.ndarray:
    """The resource in its slot, element by element: 48 = 16 * 12 / 4 elements a symbol, N_ZC = 47."""
    grid = np.zeros((12 * 36, 14), complex)
    bits = gold(65000, 8 * 14 * 20)
    for i in range(8):
        at = 8 * (14 * SLOT + 3 + i)
        u = (sum(bits[at + m] << m for m in range(8)) % 30 + 65000) % 30
        q = int(47 * (u + 1) / 31 + 0.5)
        first = 12 * (2 + 16) + (3 + [0, 2, 1, 3][i % 4]) % 4
        for n in range(48):
            m = n % 47
            phase = 2 * np.pi * 7 / 12 * n - np.pi * (q * m * (m + 1) % 94) / 47
            grid[first + 4 * n, 3 + i] = np.exp(1j * phase)
    return grid


@pytest.fixture
def config(tmp_path):
    """Writes a configuration with changes and returns its path."""
    def write(carrier=(), srs=(), without=(), **top):
        path = tmp_path / "config.json"
        resource = {name: value for name, value in (SRS | dict(srs)).items() if name not in without}
        path.write_text(json.dumps({"carrier": CARRIER | dict(carrier), "slot": SLOT, "srs": resource} | top))
        return path
    return write


def run(config_path, *arguments) -> int:
    return waveform.main([str(config_path), *map(str, arguments)])


@pytest.mark.parametrize("frame", [0, 1, 1023])
def test_grid_is_the_standards(config, tmp_path, frame):
    out = tmp_path / "grid.npy"
    assert run(config(frame=frame), "--grid", out) == 0
    grid = np.load(out)
    assert grid.dtype == np.complex64 and grid.shape == (432, 14)
    np.testing.assert_allclose(grid, literal_grid(), atol=1e-6)


@pytest.mark.parametrize("compensated", [False, True])
def test_samples_are_the_grids_sum_of_subcarriers(config, tmp_path, compensated):
    """Slot 17 is the second of its subframe: the 5.4 term counts from the subframe's start."""
    out = tmp_path / "slot.cf32"
    assert run(config({"phase_compensation": compensated, "frequency_hz": 2.0001e9}), "--iq", out) == 0
    samples = np.fromfile(out, "<c8")
    assert len(samples) == 7680  # 432 subcarriers: FFT of 512, 0.5 ms
    grid = literal_grid()
    k = np.arange(432) - 216
    start = 0
    for symbol in range(14):
        prefix = 44 if symbol == 0 else 36
        t = (np.arange(prefix + 512) - prefix) / 15.36e6
        value = np.exp(2j * np.pi * 30e3 * np.outer(t, k)) @ grid[:, symbol] / np.sqrt(432)
        if compensated:
            value = value * np.exp(-2j * np.pi * 2.0001e9 * (7680 + start + prefix) / 15.36e6)
        np.testing.assert_allclose(samples[start:start + prefix + 512], value, atol=2e-6)
        start += prefix + 512


def test_what_may_be_absent_is_zero_or_neither(config, tmp_path):
    grids = []
    optional = dict.fromkeys(SRS.keys() - set(REQUIRED), 0) | {"group_or_sequence_hopping": "neither"}
    for path in (config(without=optional), config(srs=optional)):
        assert run(path, "--grid", tmp_path / "grid.npy") == 0
        grids.append(np.load(tmp_path / "grid.npy"))
    np.testing.assert_array_equal(*grids)
    assert np.count_nonzero(grids[0]) == 8 * 32 * 3


@pytest.mark.parametrize("changes, said", [
    (dict(slot=20), "slot: 20 is out of range; allowed: 0 to 19"),
    (dict(srs={"comb_size": 6}), "srs.comb_size: 6 is not allowed; allowed: 2, 4 or 8 (TS 38.211 6.4.1.4.2)"),
    (dict(srs={"num_symbols": 1}), "srs.num_symbols: 1 is not allowed; allowed: 2, 4, 8 or 12 with comb"),
    (dict(srs={"sequence_id": 2**40}), "srs.sequence_id: 1099511627776 is out of range; allowed: 0 to 65535"),
    (dict(srs={"cyclic_shift": 1.5}), "srs.cyclic_shift: 1.5 is not a whole number"),
    (dict(srs={"group_or_sequence_hopping": "both"}), "srs.group_or_sequence_hopping: 'both' is not allowed"),
    (dict(srs={"freq_shift": 5}), "srs.freq_shift: 5 is not allowed; allowed: such that resource blocks 21..3"),
    (dict(without=["c_srs"]), "srs.c_srs: is missing; allowed: 0 to 63 (TS 38.211 table 6.4.1.4.3-1)"),
    (dict(srs={"c_srs": None}), "srs.c_srs: None is not a whole number; allowed: 0 to 63"),
    (dict(srs={"freq_position": 10**30}), "srs.freq_position: 1000000000000000000000000000000 is out of range; "
                                          "allowed: 0 to 67 (TS 38.211 6.4.1.4.3)"),
    (dict(srs={"freq_shift": float("nan")}), "srs.freq_shift: nan is not a finite number"),
    (dict(prs={}), "srs: stands beside prs; allowed: one of the two"),
])
def test_wrong_configuration_is_one_line(config, capsys, changes, said):
    path = config(**changes)
    assert run(path) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{path}: {said}") and len(err.splitlines()) == 1
