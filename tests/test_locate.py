# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos locate` end to end: the sample recording, recordings that an independent generator makes on the spot, and bad input.

The generator is in tests/reference; `tests/reference/campaign.py` runs the same families over many seeds.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "reference"))
import families_link  # noqa: E402,F401
from cases import base  # noqa: E402
from families import FAMILIES  # noqa: E402
from make_recording import write_recording  # noqa: E402
from score_locate import Run, run_locate, score  # noqa: E402

# What each covers is said in families.py. Seeds were not chosen for their outcome but for what they vary.
CASES = [
    ("plain", 0),
    ("rates", 5),         # 30 kHz, 30.72 MS/s
    ("partial_band", 0),  # PRS of several satellites in different parts of the carrier
    ("combs", 2),
    ("phase_term", 3),    # 3.5 GHz, 30 kHz
    ("muting", 4),
    ("repeats", 20),      # two slots 4 ms apart
    ("times", 1),         # receiver times near 1e5 s, any SFN origin, satellite clocks
    ("clock_bounds", 3),  # clock at half a repetition of the PRS, 10 ppm
    ("ephemerides", 5),   # state vectors and elements, both constellations
    ("counts", 0),        # three satellites and a height
    ("silent", 4),        # listed satellites that do not send, a cell that nobody listed
    ("twins", 2),
    ("near_far", 3),      # everybody in one slot
    ("strengths", 0),     # -8 dB
    ("noise_only", 0),
    ("blocked", 1),
    ("multipath", 3),
    ("gaps", 2),
    ("crumbs", 1),        # sixty segments, some of one sample
    ("passes", 2),        # 80 s, 10 ppm
    ("encodings", 0),     # archive, 1e-12 of full scale
    ("numerologies", 1),  # 60 kHz, extended prefix
    ("two_symbols", 1),   # 12 blocks, comb 2, 10 ppm, a prior of 100 km
    ("weak_repeats", 2),  # slots too far apart for an unambiguous Doppler
    ("without_prediction", 0),
]


@pytest.fixture(scope="session")
def judged(tmp_path_factory) -> dict:
    """Scores of all cases."""
    folder = tmp_path_factory.mktemp("recordings")
    found = {}
    for name, seed in CASES:
        case, expectation = FAMILIES[name](seed)
        made = write_recording(case, folder)
        run = run_locate(made.recording, made.assistance, case.height_m if case.give_height else None)
        found[name] = score(made, case, run, **expectation)
        made.recording.unlink()
    return found


@pytest.mark.parametrize("name", [name for name, _ in CASES])
def test_recording(judged, name):
    assert judged[name].defects == []


def test_signals_that_one_occasion_is_too_weak_for(tmp_path):
    """-21.5 dB: nothing in single occasions, all satellites in eight that are combined."""
    case = base(5, "too_weak", count=5, snr_db=(-21.6, -21.4), duration_s=0.17, frequency_error_ppm=0.2)
    made = write_recording(case, tmp_path)
    alone = run_locate(made.recording, made.assistance)
    assert alone.status == 1 and not [line for line in alone.lines if line.get("status") == "ok"]
    together = run_locate(made.recording, made.assistance, more=("--combine-s", "0.08"))
    found = score(made, case, together, detect_db=0.0)
    assert found.defects == [] and len({row["sat"] for row in found.toa}) == 5


def test_reported_deviations_are_the_errors(judged):
    rows = [row for s in judged.values() for row in s.toa if not row["several"]]
    for error, std in (("error_s", "std_s"), ("doppler_error_hz", "doppler_std_hz")):
        normalised = np.array([row[error] / row[std] for row in rows])
        assert len(rows) > 400
        assert 0.85 < np.mean(normalised**2) < 1.18  # three deviations of the mean of 400 squares are 0.21
    # Thermal noise alone, the others cancelled: the bound counts prefixes, which are not used (3.4 %).
    of_bound = np.array([row["std_s"] / row["crlb_s"] for row in judged["plain"].toa])
    assert 0.95 < np.median(of_bound) < 1.10


def test_time_and_memory(judged):
    assert max(s.memory_mb for s in judged.values()) < 500.0
    assert np.median([s.seconds for s in judged.values()]) < 10.0


# ------------------------------------------------------------------------------------------------ dev-sample


@pytest.fixture(scope="session")
def dev_sample(sample_recordings) -> tuple[Run, dict]:
    """Run and truth of the sample that another generator made."""
    run = run_locate(sample_recordings / "dev-sample", sample_recordings / "dev-sample.assistance.json")
    return run, json.loads((sample_recordings / "dev-sample.truth.json").read_text())


def test_dev_sample_toa(dev_sample):
    run, truth = dev_sample
    assert run.status == 0
    rows = [line for line in run.lines if line["type"] == "measurement" and line["status"] == "ok"]
    seen = set()
    for line in rows:
        satellite = truth["satellites"][line["satellite"]]
        occasion = min(satellite["occasions"], key=lambda o: abs(o["t_s"] - line["t_s"]))
        assert abs(line["toa_s"] - occasion["toa_s"]) < 3.0 * occasion["toa_bound_s"] + 0.5e-9
        assert abs(line["doppler_hz"] - occasion["doppler_hz"]) < 5.0 * line["doppler_std_hz"]
        seen.add((line["satellite"], line["slot_count"]))
    due = {(name, o["slot_count"]) for name, s in truth["satellites"].items() for o in s["occasions"]}
    assert seen == due


def test_dev_sample_fix(dev_sample):
    run, truth = dev_sample
    fix = run.lines[-1]
    assert fix["type"] == "fix" and fix["status"] == "ok"
    off = np.array(fix["ecef_m"]) - truth["ue"]["ecef_m"]
    up = np.array(truth["ue"]["ecef_m"]) / np.linalg.norm(truth["ue"]["ecef_m"])
    horizontal = np.linalg.norm(off - up * (up @ off))
    assert horizontal < 3.0 * truth["position"]["bound"]["horizontal_m"]
    assert horizontal < 3.0 * fix["horizontal_std_m"]
    clock = truth["receiver_clock"]
    since = fix["t_s"] - clock["at_rx_full_s"] - clock["at_rx_frac_s"]
    offset_s = clock["offset_s"] + 1e-6 * clock["rate_error_ppm"] * since
    assert abs(fix["clock_offset_s"] - offset_s) < 3.0 * truth["position"]["bound"]["clock_s"]
    assert sorted(fix["used"]) == sorted(truth["satellites"]) and fix["excluded"] == []


# ------------------------------------------------------------------------------------------------- bad input

class _Missing:
    """A value to leave out; its name is part of a test's."""

    def __str__(self):
        return "missing"


REMOVE = _Missing()


def changed(value, keys, new):
    """A copy with one thing changed (or removed)."""
    value = json.loads(json.dumps(value))
    at = value
    for key in keys[:-1]:
        at = at[key]
    if new is REMOVE:
        del at[keys[-1]]
    else:
        at[keys[-1]] = new
    return value


# Where in the metadata (m) or the assistance data (a), what it becomes, and what the one line names.
FAULTS = [
    ("m", ["global", "core:sample_rate"], 0, "core:sample_rate"),
    ("m", ["global", "core:sample_rate"], float("nan"), "core:sample_rate"),
    ("m", ["global", "core:sample_rate"], 7.0e6, "sample_rate"),
    ("m", ["global", "core:datatype"], "cu8", "core:datatype"),
    ("m", ["captures"], [], "captures"),
    ("m", ["captures", 0, "core:frequency"], 2.1e9, "captures[0].core:frequency"),
    ("m", ["captures", 0, "ntnpos:rx_time"], REMOVE, "captures[0].ntnpos:rx_time"),
    ("m", ["captures", 0, "ntnpos:rx_time", "frac_s"], float("nan"), "captures[0].ntnpos:rx_time.frac_s"),
    ("m", ["captures", 0, "ntnpos:rx_time", "full_s"], 10**15, "captures[0].ntnpos:rx_time.full_s"),
    ("a", ["carrier", "frequency_hz"], "2e9", "carrier.frequency_hz"),
    ("a", ["carrier", "scs_khz"], 60, "satellites[0].prs.periodicity_slots"),
    ("a", ["satellites"], [], "satellites"),
    ("a", ["satellites", 2, "prs", "comb_size"], 5, "satellites[2].prs.comb_size"),
    ("a", ["satellites", 1, "ephemeris", "line1"], "1 x", "satellites[1].ephemeris.line1"),
    ("a", ["satellites", 1, "ephemeris", "type"], "kepler", "satellites[1].ephemeris.type"),
    ("a", ["satellites", 0, "sfn0_time_s"], float("inf"), "sfn0_time_s"),
    ("a", ["ue_prior", "latitude_deg"], REMOVE, "ue_prior.latitude_deg"),
    ("a", ["ue_prior", "height_m"], 10**400, "height_m"),
    ("a", ["receiver", "clock_offset_max_s"], 1.0, "receiver"),
    ("a", ["receiver", "frequency_error_max_ppm"], 1000.0, "receiver"),
]


@pytest.fixture
def good(tmp_path, sample_recordings):
    """A short recording that can be read, with its metadata and assistance data as values."""
    meta = json.loads((sample_recordings / "dev-sample.sigmf-meta").read_text())
    del meta["global"]["core:sha512"]
    assistance = json.loads((sample_recordings / "dev-sample.assistance.json").read_text())
    data = (sample_recordings / "dev-sample.sigmf-data").read_bytes()[:40000]
    return tmp_path, meta, assistance, data


def refusal(folder: Path, meta, assistance, data: bytes | None, arguments=None) -> str:
    """The one line with which the command refuses its input; asserts all else that a refusal promises."""
    for name, value in (("bad.sigmf-meta", meta), ("bad.json", assistance)):
        (folder / name).write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    if data is not None:
        (folder / "bad.sigmf-data").write_bytes(data)
    if arguments is None:
        run = run_locate(folder / "bad.sigmf-meta", folder / "bad.json", timeout_s=30.0)
    else:
        run = run_locate(*arguments, timeout_s=30.0)
    assert run.status == 2, run.stderr
    assert run.lines == []
    assert run.stderr.count("\n") == 1 and run.stderr.endswith("\n")
    assert "Traceback" not in run.stderr
    return run.stderr


@pytest.mark.parametrize("which, keys, new, named", FAULTS, ids=lambda v: None if isinstance(v, list) else str(v)[:30])
def test_wrong_field(good, which, keys, new, named):
    folder, meta, assistance, data = good
    if which == "m":
        line = refusal(folder, changed(meta, keys, new), assistance, data)
    else:
        line = refusal(folder, meta, changed(assistance, keys, new), data)
    assert named in line


@pytest.mark.parametrize("meta", [b"", b"no JSON", b"[]", b"[" * 100000, bytes(range(256)) * 20, b'{"global": 1}'])
def test_wrong_metadata(good, meta):
    folder, _, assistance, data = good
    assert "bad.sigmf-meta" in refusal(folder, meta, assistance, data)


@pytest.mark.parametrize("assistance", [b"", b"{", b"null", b"[" * 100000, bytes(range(256)) * 20, b"1e999"])
def test_wrong_assistance(good, assistance):
    folder, meta, _, data = good
    assert "bad.json" in refusal(folder, meta, assistance, data)


@pytest.mark.parametrize("data", [b"", b"123", None], ids=["empty", "half a sample", "none"])
def test_wrong_data(good, data):
    folder, meta, assistance, _ = good
    assert "bad.sigmf-data" in refusal(folder, meta, assistance, data)


def test_truncated_data(good, sample_recordings):
    folder, _, assistance, data = good
    meta = json.loads((sample_recordings / "dev-sample.sigmf-meta").read_text())
    assert "core:sha512" in refusal(folder, meta, assistance, data)


def test_folders_and_nothing_instead_of_files(good):
    folder, meta, assistance, data = good
    for recording, known in ((folder, folder / "bad.json"), (folder / "bad", folder), (folder / "no\nthing", folder / "bad.json"),
                             (folder / "bad", folder / "nothing"), ("/dev/null", folder / "bad.json")):
        refusal(folder, meta, assistance, data, (recording, known))


def test_wrong_usage(top):
    for arguments in ([], ["x"], ["x", "--assistance"], ["x", "--assistance", "y", "--height-m", "nan"],
                      ["x", "--assistance", "y", "--height-std-m", "1"], ["x", "--assistance", "y", "--height-m", "1", "--height-std-m", "9e-4"],
                      ["x", "--assistance", "y", "--bogus"], ["x", "y", "--assistance", "z"]):
        done = subprocess.run([sys.executable, top / "apps/locate.py", *arguments], capture_output=True, text=True, timeout=30)
        assert done.returncode == 2
        assert done.stdout == "" and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["zeros", "ones", "impulses", "huge"])
def test_samples_that_are_no_radio(good, kind):
    folder, meta, assistance, _ = good
    values = np.zeros(200000, "<f4")
    if kind == "ones":
        values[:] = 1.0
    elif kind == "impulses":
        values[::1000] = 1e4
    elif kind == "huge":
        values = np.random.default_rng(3).uniform(-1e9, 1e9, 200000).astype("<f4")
    (folder / "odd.sigmf-meta").write_text(json.dumps(changed(meta, ["global", "core:datatype"], "cf32_le")))
    (folder / "odd.sigmf-data").write_bytes(values.tobytes())
    (folder / "good.json").write_text(json.dumps(assistance))
    run = run_locate(folder / "odd.sigmf-meta", folder / "good.json", timeout_s=60.0)
    assert run.status == 1 and "Traceback" not in run.stderr
    assert run.lines[-1]["type"] == "fix" and run.lines[-1]["status"] == "no_fix" and run.lines[-1]["reason"]
    assert {line["status"] for line in run.lines[:-1]} <= {"no_signal", "incomplete"}
