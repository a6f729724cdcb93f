# SPDX-License-Identifier: GPL-3.0-or-later
"""The flowgraphs of grc/ that have a window: run to their ends without a display, their pictures looked at."""

import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from flowgraph_runs import TIME_LIMIT_S, TOP, changed, compile_flowgraph
from scipy.ndimage import binary_dilation

WATERFALL = TOP / "grc" / "prs_waterfall.grc"
SCOPE = TOP / "grc" / "receiver_scope.grc"
PASS = TOP / "grc" / "satellite_pass.grc"


@pytest.fixture
def pictures(tmp_path):
    """Runs a flowgraph with changed variables; the pictures of its window and of its plots, as [row, column, RGB]."""

    def run(path, plots, **values):
        (tmp_path / "edited").mkdir()
        edited = changed(path, tmp_path / "edited", values=values)
        found = compile_flowgraph(edited, tmp_path)
        assert found.returncode == 0, found.stdout + found.stderr
        names = [tmp_path / f"{i}.png" for i in range(1 + plots)]
        command = [sys.executable, Path(__file__).parent / "window_grab.py", tmp_path / f"{path.stem}.py", *names]
        found = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S)
        assert found.returncode == 0, found.stderr
        return [matplotlib.image.imread(name)[..., :3] for name in names]

    return run


def test_waterfall_shows_four_trps_in_their_bands_and_slots(pictures):
    """Each block of 24 resource blocks by 12 symbols is there that the resources say, and no other."""
    slots = 8
    _, plot = pictures(WATERFALL, 1, n_slots=str(slots), play_rate="5e6")
    sent = {  # slot: TRP; periodicity 5, TRP 1 repeated after two slots, TRP 3 muted in its second occasion
        0: [0], 1: [1], 2: [2], 3: [1], 4: [3], 5: [0], 6: [1], 7: [2],
    }  # fmt: skip
    plot = plot[2:-2, 2:-2]  # inside the frame
    height, width = plot.shape[:2]
    signal = plot[..., 0] > 0.6  # the floor's colour has no red
    rows, lines = 200, slots * 30720 // 1024  # the sink keeps 200 lines, the newest at the bottom
    expected = np.zeros((rows, width), bool)
    doubtful = np.zeros((rows, width), bool)
    frequency_hz = (np.arange(width) + 0.5) / width * 30.72e6 - 15.36e6
    for slot, trps in sent.items():
        # Symbols 2 to 13 of a slot of 2208 + 6 * 2192 + 2208 + 6 * 2192 samples.
        first, last = (30720 * slot + 2208 + 2192) / 1024, 30720 * (slot + 1) / 1024
        row = np.arange(rows) + lines - rows
        inside = (row >= first + 1) & (row + 2 <= last)
        touched = (row + 2 > first) & (row - 1 < last) & ~inside
        for trp in trps:
            start_hz = (12 * (0, 27, 54, 82)[trp] - 6 * 106) * 15e3
            band = (frequency_hz > start_hz) & (frequency_hz < start_hz + 24 * 180e3)
            edge = np.abs(np.abs(frequency_hz - start_hz - 12 * 180e3) - 12 * 180e3) < 3e5
            expected[np.ix_(inside, band)] = True
            doubtful[touched] |= band | edge
            doubtful[inside] |= edge
    at = (np.arange(height) * rows) // height
    shown, unclear = expected[at], doubtful[at]
    # Lines that cut a symbol spread beside the band.
    assert signal[shown & ~unclear].mean() > 0.8
    assert signal[~shown & ~unclear].mean() < 0.005  # a block where none is sent would be 0.017


def test_scope_marks_first_paths_in_delay_profiles(pictures):
    """Four plots; where the echo is stronger the mark is at the direct path, 0.3 µs before the peak."""
    (window,) = pictures(SCOPE, 0, duration_s="0.1", play_rate="30e6")
    near = lambda r, g, b: (np.abs(255.0 * window - (r, g, b)).max(axis=2) < 40)  # noqa: E731
    axis, red, blue = near(0x40, 0x40, 0x40), near(0xD0, 0x10, 0x10), near(0x1F, 0x5F, 0xA8)
    bottoms = [row for row in np.flatnonzero(axis.mean(axis=1) > 0.7) if not axis[row - 1].mean() > 0.7]
    assert len(bottoms) == 4
    ends = np.flatnonzero(axis[bottoms[0]])
    delay_us = (np.arange(window.shape[1]) - ends[0]) / (ends[-1] - ends[0]) * 6.0 - 3.0
    found = []
    for top, bottom in zip([0, *bottoms], bottoms):
        inside = slice(top + (bottom - top) // 3, bottom)
        marked = np.flatnonzero(red[inside].sum(axis=0) > 60)
        curve = blue[inside]
        highest = np.flatnonzero(curve[np.flatnonzero(curve.any(axis=1))[:2]].any(axis=0))
        assert 1 <= len(marked) <= 6
        assert curve.any(axis=0).sum() > 500  # the profile covers the plot
        found.append((delay_us[marked].mean(), delay_us[highest].mean()))
    (direct, peak), *others = found
    assert abs(direct + 0.3) < 0.04 and abs(peak - direct - 0.3) < 0.08
    for mark, _ in others:
        assert abs(mark) < 0.04


def test_pass_shows_the_doppler_of_the_geometry(pictures):
    """A beacon's line on the waterfall is where geometry and crystal say; what was measured lies on the curves."""
    from ntnpos_lab.satellite_link import expected, look_up

    window, plot = pictures(PASS, 1, stretches_per_s="1000.0")
    sky = look_up("STARLINK-2420", "", 52.52, 13.40, 50.0, "2025-10-07T18:00:00Z", begin="rise")
    plot = plot[2:-2, 2:-2]
    height, width = plot.shape[:2]
    rows, lines = 200, 1 + int((sky.stop_s - sky.start_s) / 4.0)  # one every 4 s, the newest at the bottom
    t = sky.start_s + 4.0 * ((np.arange(height) + 0.5) * rows / height - (rows - lines) - 1.5)
    loudest = np.argmax(plot[..., 0] - plot[..., 1], axis=1)  # the line is red, noise yellow, green and blue
    doppler_hz = ((loudest + 0.5) / width - 0.5) * 128e3
    shown = t > sky.start_s + 16.0  # the first lines hold no signal yet
    # Three pixels aside, and a line and a half before or after: that is how well a row is known.
    early, late = (expected(sky, t[shown] + s, 2e9, 0.0, 0.1)[1] for s in (-6.0, 6.0))
    pixel = 128e3 / width
    close = (doppler_hz[shown] < early + 3.0 * pixel) & (doppler_hz[shown] > late - 3.0 * pixel)
    assert shown.sum() > 400 and close.mean() > 0.98

    window = window[60:]  # below the title
    near = lambda r, g, b: (np.abs(255.0 * window - (r, g, b)).max(axis=2) < 40)  # noqa: E731
    red, curve = near(0xD0, 0x10, 0x10), near(0x6F, 0xA3, 0xD8)
    columns = np.flatnonzero(curve.sum(axis=0) > 4)
    beside = slice(columns[0], columns[-1] + 1)  # the two plots with curves, one below the other
    red, curve = red[:, beside], curve[:, beside]
    assert red.any(axis=0).mean() > 0.9  # measured all along the pass
    assert not (red & ~binary_dilation(curve, iterations=6)).any()  # no dot beside the curves
    assert near(0xD0, 0x10, 0x10)[:, columns[-1] + 60:].sum() > 2000  # the differences, in the other two
