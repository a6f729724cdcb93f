# SPDX-License-Identifier: GPL-3.0-or-later
"""The live display of delay profiles: what it reads from messages, and what it then shows."""

import json
import os
import subprocess
import sys

import numpy as np
import pmt
import pytest
from gnuradio.ntnpos import qt_delay_profiles
from gnuradio.ntnpos.qt_delay_profiles import read

STEP_S = 1.0 / 7.68e6
START_S = 4.1e-3


def message(**changes):
    """A measurement with a path between two points of its profile; a change of None takes a member out."""
    points = np.arange(64)
    profile = 0.02j * np.sinc(0.5 * (points - 30.25))
    members = dict(
        kind=pmt.intern("toa"), satellite=pmt.intern("SAT-1"), status=pmt.intern("ok"),
        profile=pmt.init_c32vector(64, [complex(v) for v in profile]),
        profile_start_s=pmt.from_double(START_S), profile_step_s=pmt.from_double(STEP_S),
        window_min_s=pmt.from_double(START_S + 10 * STEP_S), window_max_s=pmt.from_double(START_S + 50 * STEP_S),
        toa_s=pmt.from_double(START_S + 30.25 * STEP_S), toa_std_s=pmt.from_double(1.5e-9),
        snr_db=pmt.from_double(12.25), doppler_hz=pmt.from_double(-1234.4),
    )  # fmt: skip
    found = pmt.make_dict()
    for name, value in (members | changes).items():
        if value is not None:
            found = pmt.dict_add(found, pmt.intern(name), value)
    return found


def test_reads_a_measurement_with_its_profile():
    found = read(message())
    assert (found.satellite, found.status) == ("SAT-1", "ok")
    largest = np.argmax(found.level_db)
    # Finer than the profile's points: an eighth of a step.
    assert abs(found.delay_s[largest] - (START_S + 30.25 * STEP_S)) <= STEP_S / 16
    assert found.level_db[largest] == 0.0 and found.level_db.min() >= -60.0
    # The first null of a sinc of half the bandwidth is two points away.
    null = np.argmin(np.abs(found.delay_s - (START_S + 32.25 * STEP_S)))
    assert found.level_db[null - 4:null + 5].min() < -25.0
    assert found.predicted_s == pytest.approx(START_S + 30 * STEP_S, abs=1e-12)
    assert found.text() == "SAT-1: toa 4103.9388 µs ± 1.5 ns, SNR 12.2 dB, Doppler -1234 Hz"


def test_what_was_not_measured_is_not_shown():
    nothing = dict.fromkeys(("toa_s", "toa_std_s", "snr_db", "doppler_hz"), pmt.PMT_NIL)
    found = read(message(status=pmt.intern("no_signal"), **nothing))
    assert found.toa_s is None
    assert found.text() == "SAT-1: no signal"


@pytest.mark.parametrize("changes", [
    dict(satellite=None), dict(satellite=pmt.from_long(1)), dict(status=None), dict(profile=None),
    dict(profile=pmt.PMT_NIL), dict(profile=pmt.init_f32vector(2, [0.0, 1.0])), dict(profile=pmt.init_c32vector(0, [])),
    dict(profile=pmt.init_c32vector(2, [1.0, complex("nan")])), dict(profile_start_s=pmt.intern("0")),
    dict(profile_step_s=pmt.from_double(0.0)), dict(profile_step_s=pmt.from_double(float("inf"))),
    dict(window_min_s=pmt.PMT_NIL), dict(window_max_s=pmt.from_complex(1j)),
], ids=str)  # fmt: skip
def test_passes_over_what_it_cannot_draw(changes):
    assert read(message(**changes)) is None


@pytest.mark.parametrize("thing", [pmt.PMT_NIL, pmt.PMT_T, pmt.intern("meas"), pmt.from_double(1.0), pmt.make_dict(),
                                   pmt.init_c32vector(1, [0j])], ids=str)
def test_passes_over_what_is_no_measurement(thing):
    assert read(thing) is None


def test_silence_is_a_flat_line():
    found = read(message(profile=pmt.init_c32vector(64, [0j] * 64)))
    assert (found.level_db == -60.0).all()


WINDOW = """
import json, sys
sys.path.insert(0, sys.argv[1])
from PyQt5 import Qt
application = Qt.QApplication(["test"])
import pmt
from gnuradio import ntnpos
from test_delay_profile_sink import message, START_S, STEP_S
sink = ntnpos.delay_profile_sink(["SAT-1", "SAT-2", "SAT-3"], 3e-6)
sink.qwidget().show()
nothing = dict.fromkeys(("toa_s", "toa_std_s", "snr_db", "doppler_hz"), pmt.PMT_NIL)
later = dict(satellite=pmt.intern("SAT-2"), status=pmt.intern("no_signal"), **nothing)
for one in (message(), message(toa_s=pmt.from_double(START_S + 31 * STEP_S)), pmt.PMT_T,
            message(satellite=pmt.intern("SAT-9")), message(satellite=pmt.intern("SAT-2")), message(**later)):
    sink._handle(one)
application.processEvents()
shown = {name: dict(first_path=s.first_path.value() if s.first_path.isVisible() else None,
                    title=s.plot.titleLabel.text, peak=float(s.curve.getData()[0][s.curve.getData()[1].argmax()])
                    if s.curve.getData()[0] is not None else None,
                    window=s.window.getRegion() if s.window.isVisible() else None)
         for name, s in sink.strips.items()}
print(json.dumps(dict(shown, unknown=sink.unknown)), flush=True)
import os
os._exit(0)
"""


def test_shows_the_latest_of_each_satellite():
    folder = __file__.rpartition("/")[0]
    found = subprocess.run([sys.executable, "-c", WINDOW, folder], capture_output=True, text=True, timeout=60,
                           env=os.environ | {"QT_QPA_PLATFORM": "offscreen"})
    assert found.returncode == 0, found.stderr
    shown = json.loads(found.stdout)
    assert shown["unknown"] == 1
    first = shown["SAT-1"]
    assert first["first_path"] == pytest.approx(1e6 * STEP_S, abs=1e-6)  # a step after the predicted delay
    assert first["peak"] == pytest.approx(0.25e6 * STEP_S, abs=0.07e6 * STEP_S)
    assert first["window"] == pytest.approx([-20e6 * STEP_S, 20e6 * STEP_S])
    assert "SNR 12.2 dB" in first["title"]
    second = shown["SAT-2"]
    assert second["first_path"] is None and second["title"] == "SAT-2: no signal"
    assert second["peak"] is not None
    assert shown["SAT-3"] == dict(first_path=None, title="SAT-3", peak=None, window=None)


@pytest.mark.parametrize("arguments, said", [
    (([],), "satellites = []: must be at least one, each once"),
    ((["A", "A"],), "satellites = ['A', 'A']: must be at least one, each once"),
    ((["A"], 0.0), "span_s = 0.0: must be above 0, up to 1"),
])
def test_wrong_settings_are_said(arguments, said):
    with pytest.raises(ValueError, match="must be") as raised:
        qt_delay_profiles.delay_profile_sink(*arguments)
    assert str(raised.value) == said
