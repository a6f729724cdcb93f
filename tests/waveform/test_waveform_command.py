# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos waveform` as a user runs it, against a literal generator written here from TS 38.211 7.4.1.7 and 5.3.1."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest

from ntnpos_lab import waveform

CARRIER = {"frequency_hz": 2.0e9, "scs_khz": 15, "n_rb": 28, "cyclic_prefix": "normal", "phase_compensation": False}
PRS = {"sequence_id": 3001, "comb_size": 6, "re_offset": 5, "start_symbol": 3, "num_symbols": 6, "start_prb": 4, "num_rb": 24,
       "periodicity_slots": 20, "slot_offset": 17}
COMB_SHIFTS = {2: [0, 1], 4: [0, 2, 1, 3], 6: [0, 3, 1, 4, 2, 5], 12: [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11]}


def gold(c_init: int, count: int) -> list[int]:
    """Bits of the length-31 Gold sequence (5.2.1), one after the other."""
    x1, x2 = [1] + [0] * 30, [c_init >> i & 1 for i in range(31)]
    for n in range(1600 + count - 31):
        x1.append((x1[n + 3] + x1[n]) % 2)
        x2.append((x2[n + 3] + x2[n + 2] + x2[n + 1] + x2[n]) % 2)
    return [(a + b) % 2 for a, b in zip(x1[1600:1600 + count], x2[1600:1600 + count])]


def literal_grid(n_rb: int, slot: int, prs: dict) -> np.ndarray:
    """The resource in its slot, element by element."""
    grid = np.zeros((12 * n_rb, 14), complex)
    comb, n_id = prs["comb_size"], prs["sequence_id"]
    for i in range(prs["num_symbols"]):
        symbol = prs["start_symbol"] + i
        c_init = (2**22 * (n_id // 1024) + 2**10 * (14 * slot + symbol + 1) * (2 * (n_id % 1024) + 1)
                  + n_id % 1024) % 2**31
        shift = (prs["re_offset"] + COMB_SHIFTS[comb][i % comb]) % comb
        start, count = prs["start_prb"] * 12 // comb, prs["num_rb"] * 12 // comb
        bits = gold(c_init, 2 * (start + count))
        for m in range(start, start + count):
            grid[m * comb + shift, symbol] = ((1 - 2 * bits[2 * m]) + 1j * (1 - 2 * bits[2 * m + 1])) / np.sqrt(2)
    return grid


@pytest.fixture
def config(tmp_path):
    """Writes a configuration with changes and returns its path."""
    def write(carrier=(), prs=(), **top):
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"carrier": CARRIER | dict(carrier), "slot": 7, "frame": 1, "prs": PRS | dict(prs)} | top))
        return path
    return write


def run(config_path, *arguments) -> int:
    return waveform.main([str(config_path), *map(str, arguments)])


def test_grid_is_the_standards(config, tmp_path):
    out = tmp_path / "grid"  # also a name without an ending is taken as it is
    assert run(config(), "--grid", out) == 0
    grid = np.load(out)
    assert grid.dtype == np.complex64 and grid.shape == (336, 14)
    np.testing.assert_allclose(grid, literal_grid(28, 7, PRS), atol=1e-6)


@pytest.mark.parametrize("compensated", [False, True])
def test_samples_are_the_grids_sum_of_subcarriers(config, tmp_path, compensated):
    out = tmp_path / "slot.cf32"
    assert run(config({"phase_compensation": compensated, "frequency_hz": 2.0001e9}), "--iq", out) == 0
    samples = np.fromfile(out, "<c8")
    assert len(samples) == 7680  # 336 subcarriers: FFT of 512, 1 ms
    grid = literal_grid(28, 7, PRS)
    k = np.arange(336) - 168
    start = 0
    for symbol in range(14):
        prefix = 40 if symbol in (0, 7) else 36
        t = (np.arange(prefix + 512) - prefix) / 7.68e6
        value = np.exp(2j * np.pi * 15e3 * np.outer(t, k)) @ grid[:, symbol] / np.sqrt(336)
        if compensated:
            value = value * np.exp(-2j * np.pi * 2.0001e9 * (start + prefix) / 7.68e6)
        np.testing.assert_allclose(samples[start:start + prefix + 512], value, atol=2e-6)
        start += prefix + 512


def test_rate_can_be_chosen(config, tmp_path):
    out = tmp_path / "slot.cf32"
    assert run(config({"sample_rate_hz": 23.04e6}), "--iq", out) == 0
    assert len(np.fromfile(out, "<c8")) == 23040


def test_slot_without_prs_is_empty_and_said_to_be(config, tmp_path, capsys):
    out = tmp_path / "grid.npy"
    assert run(config(slot=8), "--grid", out) == 0
    assert not np.load(out).any()
    assert "carries no PRS" in capsys.readouterr().err


def test_plot_is_a_picture(config, tmp_path):
    out = tmp_path / "grid$x_$"  # a name without an ending, and no formula, is taken as it is
    path = config()
    path.rename(tmp_path / "$_$.json")
    assert run(tmp_path / "$_$.json", "--plot", out) == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_plot_shows_the_occupied_elements(config, tmp_path):
    """Colour covers as much of the axes as the resource has elements of the grid, in its symbols alone."""
    out = tmp_path / "grid.png"
    assert run(config(prs={"comb_size": 2, "re_offset": 0, "num_symbols": 6, "start_prb": 0}), "--plot", out) == 0
    colours = plt.imread(out)[..., :3]
    coloured = np.ptp(colours, axis=2) > 0.3
    coloured[:, 3 * coloured.shape[1] // 4:] = False  # the bar of colours
    columns, rows = np.flatnonzero(coloured.any(axis=0)), np.flatnonzero(coloured.any(axis=1))
    background = (np.abs(colours - 0.9569) < 0.01).all(axis=2)  # of the grid: its left end is empty
    left = np.flatnonzero(background.sum(axis=0) > 100)[0]
    width = 14 * (columns[0] - left) / 3
    np.testing.assert_allclose(columns[-1] + 1 - left, 9 / 14 * width, atol=5)
    # 24 of 28 blocks high; each subcarrier is there in three of the six symbols.
    height = np.flatnonzero(background.sum(axis=1) > 100)
    np.testing.assert_allclose(np.ptp(rows), 24 / 28 * np.ptp(height), atol=5)
    inside = coloured[rows[0] + 3:rows[-1] - 3, columns[0] + 3:columns[-1] - 3]
    assert 0.3 < inside.mean() < 0.7
    assert inside.any(axis=1).mean() > 0.9


def test_plot_of_a_wide_carrier_shows_every_subcarrier(config, tmp_path):
    """A comb of 2 over 272 blocks: 1632 lines in each symbol."""
    out = tmp_path / "grid.png"
    assert run(config({"n_rb": 275}, {"comb_size": 2, "re_offset": 0, "num_symbols": 2, "start_symbol": 6, "num_rb": 272,
                                      "start_prb": 1}), "--plot", out) == 0  # clear of the frame
    colours = plt.imread(out)[..., :3]
    coloured = np.ptp(colours, axis=2) > 0.3
    coloured[:, 3 * coloured.shape[1] // 4:] = False  # the bar of colours
    columns = np.flatnonzero(coloured.any(axis=0))
    symbol = coloured[:, columns[0] + len(columns) // 4]
    assert np.count_nonzero(np.diff(symbol.astype(int)) == 1) == 272 * 12 // 2


def test_twelve_blocks_are_warned_of(config, tmp_path, capsys):
    assert run(config(prs={"num_rb": 12}), "--grid", tmp_path / "grid.npy") == 0
    assert np.count_nonzero(np.load(tmp_path / "grid.npy")) == 12 * 12 // 6 * 6
    err = capsys.readouterr().err
    assert "prs.num_rb: 12 is below the 24 of TS 38.214 5.1.6.5: for studies only" in err


def test_unknown_fields_are_named(config, capsys):
    path = config(carrier={"frequency": 1}, no=1,
                  prs={"muting_option_1": None, "muting_option2": {"bits": "11", "bit_repetition_factor": 2}})
    assert run(path) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "not known" in line]
    assert said == [f"{path}: {name!r} is not known here and is ignored"
                    for name in ("no", "carrier.frequency", "prs.muting_option_1",
                                 "prs.muting_option2.bit_repetition_factor")]


@pytest.mark.parametrize("changes, said", [
    (dict(slot=10), "slot: 10 is out of range; allowed: 0 to 9"),
    (dict(slot=True), "slot: True is not a whole number; allowed: 0 to 9"),
    (dict(frame=1024), "frame: 1024 is out of range; allowed: 0 to 1023"),
    (dict(carrier={"scs_khz": 20}), "carrier.scs_khz: 20 is not allowed"),
    (dict(carrier={"sample_rate_hz": 7e6}), "carrier: sample_rate_hz: 7000000"),
    (dict(prs={"comb_size": 5}), "prs.comb_size: 5 is not allowed"),
    (dict(prs={"num_symbols": 4}), "prs.num_symbols: 4 is not allowed; allowed: 6, 12"),
    (dict(prs={"num_rb": 32}), "prs.num_rb: 32 does not fit the carrier"),
])
def test_wrong_configuration_is_one_line(config, capsys, changes, said):
    path = config(**changes)
    assert run(path) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{path}: {said}") and len(err.splitlines()) == 1


@pytest.mark.parametrize("option", ["--grid", "--iq", "--plot"])
@pytest.mark.parametrize("name", ["missing/slot", ".", "", "/dev/full"])
def test_output_that_cannot_be_written_is_one_line(config, tmp_path, monkeypatch, capsys, option, name):
    path = config()
    monkeypatch.chdir(tmp_path)
    assert run(path, option, name) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and err.endswith("allowed: a file that can be written\n")


@pytest.mark.parametrize("content, said", [
    (b"", "is empty"), (b"{", "is not JSON"), (b"[]", "[] is not an object"), (b"\xff\xfe", "is not UTF-8 text"),
    (b"[" * 100000, "is nested too deeply"), (b'{"slot": 0, "slot": 1}', "'slot' appears twice"), (None, "cannot be read"),
])
def test_what_is_no_configuration_is_one_line(tmp_path, capsys, content, said):
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    assert run(path) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"{path}: file: ") and said in err and len(err.splitlines()) == 1


WRONG = [None, "x", [], {}, -1, 1.5, 1e300, 10**30, float("nan"), float("-inf"), "MISSING"]
OPTIONAL = {"start_prb", "frame"}


@pytest.mark.parametrize("part", ["carrier", "prs", ""])
def test_every_field_refuses_what_it_cannot_be(config, capsys, part):
    good = json.loads(config().read_text())
    for field in good[part] if part else good:
        for value in WRONG:
            changed = json.loads(json.dumps(good))
            place = changed[part] if part else changed
            if value == "MISSING":
                del place[field]
            else:
                place[field] = value
            if field in OPTIONAL and value == "MISSING":
                continue
            path = config()
            path.write_text(json.dumps(changed))
            assert run(path) == 2, (field, value)
            err = capsys.readouterr().err
            assert err.startswith(f"{path}: {part + '.' if part else ''}{field}"), err
            assert "; allowed: " in err and len(err.splitlines()) == 1, err
