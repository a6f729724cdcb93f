# SPDX-License-Identifier: GPL-3.0-or-later
"""`link`: the sum of what it prints, terms switched off, wrong input."""

import json

import numpy as np
import pytest
from matplotlib.image import imread
from ntnpos.commands.link import main


def lines(capsys, *arguments) -> list[dict]:
    assert main([*arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_terms_add_up_and_one_that_is_off_is_missing(tmp_path, capsys):
    usual = lines(capsys, "-o", str(tmp_path), "--shadow-db", "3")
    assert [line["elevation_deg"] for line in usual[:-1]] == [10.0 * i for i in range(1, 10)]
    for line in usual[:-1]:
        assert line["snr_db"] == pytest.approx(sum(line["terms"].values()))
    # 34 dBW/MHz, 600 km: 16.95 dB with margins off, straight up (TR 38.821's densities and -173.98 dBm/Hz).
    up = usual[8]
    assert up["snr_db"] - up["terms"]["shadow_margin_db"] - up["terms"]["atmospheric_loss_db"] - up["terms"][
        "scintillation_loss_db"] == pytest.approx(16.95, abs=0.02)
    assert imread(usual[-1]["picture"]).std() > 0.05
    off = lines(capsys, "-o", str(tmp_path), "--shadow-db", "3", "--off", "shadow", "--off", "atmospheric")
    assert not {"shadow_margin_db", "atmospheric_loss_db"} & off[0]["terms"].keys()
    assert off[0]["snr_db"] - usual[0]["snr_db"] == pytest.approx(3.0 + 0.2006, abs=1e-3)


def test_environment_and_latitude(tmp_path, capsys):
    usual = lines(capsys, "-o", str(tmp_path), "--height-km", "1200")
    place = lines(capsys, "-o", str(tmp_path), "--height-km", "1200", "--environment", "dense-urban", "--latitude-deg", "-5")
    worse = np.array([a["snr_db"] - b["snr_db"] for a, b in zip(usual[:-1], place[:-1])])
    # TR 38.811 table 6.6.2-1, dense urban, S band; ionospheric scintillation near the equator.
    assert worse == pytest.approx(np.array([34.3, 30.9, 29.0, 27.7, 26.8, 26.2, 25.8, 25.5, 25.5]) + 2.2, abs=0.01)


@pytest.mark.parametrize("arguments, said", [
    (["--height-km", "100"], "--height-km: '100' is not a number from 200 to 40000"),
    (["--frequency-hz", "nan"], "--frequency-hz: 'nan' is not a number"),
    (["--environment", "sea"], "--environment: invalid choice: 'sea'"),
    (["--off", "rain"], "--off: invalid choice: 'rain'"),
    (["-o", "/dev/null/x"], "/dev/null/x: -o: "),
])
def test_wrong_input_is_one_line(capsys, arguments, said):
    try:
        status = main(arguments)
    except SystemExit as end:
        status = end.code
    out = capsys.readouterr()
    assert status == 2 and out.out == "" and len(out.err.splitlines()) == 1 and said in out.err
