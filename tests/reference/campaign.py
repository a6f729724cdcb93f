# SPDX-License-Identifier: GPL-3.0-or-later
"""A long campaign against `./ntnpos locate`: random recordings of every family in `families.py`, judged against their truth.

    .venv/bin/python tests/reference/campaign.py [FAMILY ...] [--seeds 0:10] [--keep DIR] [--json FILE]

Prints a line for every case that is not as it should be, and statistics at the end; exit status 1 if there was any.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import families_hard  # noqa: E402,F401
import families_link  # noqa: E402,F401
from families import FAMILIES  # noqa: E402
from make_recording import write_recording  # noqa: E402
from score_locate import Score, run_locate, score  # noqa: E402


def play(name: str, seed: int, folder: Path) -> Score:
    """Make, run and judge one case."""
    case, expectation = FAMILIES[name](seed)
    made = write_recording(case, folder)
    run = run_locate(made.recording, made.assistance, case.height_m if case.give_height else None)
    (folder / f"{case.name}.out.jsonl").write_text("".join(json.dumps(line) + "\n" for line in run.lines))
    return score(made, case, run, **expectation)


def statistics(scores: list[Score]) -> str:
    """Normalised errors over all cases."""
    rows = [r for s in scores for r in s.toa if not r["several"]]
    lines = []
    if rows:
        error, std, crlb, bound = (np.array([r[k] for r in rows]) for k in ("error_s", "std_s", "crlb_s", "bound_s"))
        doppler = np.array([r["doppler_error_hz"] / r["doppler_std_hz"] for r in rows])
        lines.append(f"toa rows {len(rows)}: mean square of error/std {np.mean((error / std)**2):.2f}, /crlb "
                     f"{np.mean((error / crlb)**2):.2f}, /bound {np.mean((error / bound)**2):.2f}; robust "
                     f"{1.4826 * np.median(np.abs(error / std)):.2f} std, {1.4826 * np.median(np.abs(error / crlb)):.2f} crlb, "
                     f"mean {np.mean(error / std):+.3f}; worst {np.max(np.abs(error / std)):.1f} std; std/crlb median "
                     f"{np.median(std / crlb):.3f}")
        lines.append(f"doppler: mean square of error/std {np.mean(doppler**2):.2f}, robust "
                     f"{1.4826 * np.median(np.abs(doppler)):.2f}, worst {np.max(np.abs(doppler)):.1f}")
    several = [r for s in scores for r in s.toa if r["several"]]
    if several:
        error, std, crlb = (np.array([r[k] for r in several]) for k in ("error_s", "std_s", "crlb_s"))
        lines.append(f"toa rows with several paths {len(several)}: error/std robust {1.4826 * np.median(np.abs(error / std)):.2f}, "
                     f"90 % {np.quantile(np.abs(error / std), 0.9):.1f}, mean {np.mean(error) * 1e9:+.2f} ns, 90 % "
                     f"{np.quantile(np.abs(error), 0.9) * 1e9:.2f} ns, worst {np.max(np.abs(error)) * 1e9:.1f} ns; "
                     f"std/crlb median {np.median(std / crlb):.2f}")
    fixes = [s.fix for s in scores if s.fix.get("std_m") and s.fix.get("bound_m")]
    if fixes:
        error, bound, std = (np.array([f[k] for f in fixes]) for k in ("horizontal_error_m", "bound_m", "std_m"))
        lines.append(f"fixes {len(fixes)}: horizontal error / bound median {np.median(error / bound):.2f}, worst "
                     f"{np.max(error / bound):.2f}; error/std rms {np.sqrt(np.mean((error / std)**2)):.2f}, worst "
                     f"{np.max(error / std):.1f}")
    if scores:
        lines.append(f"time median {np.median([s.seconds for s in scores]):.1f} s, longest {max(s.seconds for s in scores):.1f} s; "
                     f"memory most {max(s.memory_mb for s in scores):.0f} MB")
    return "\n".join(lines)


def main() -> int:
    """Run the families and seeds that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", nargs="*", help=f"of {', '.join(FAMILIES)} (default: all)")
    parser.add_argument("--seeds", default="0:6", help="FIRST:END (default 0:6)")
    parser.add_argument("--keep", type=Path, help="keep the recordings there")
    parser.add_argument("--json", type=Path, help="write all scores there")
    arguments = parser.parse_args()
    first, end = map(int, arguments.seeds.split(":"))
    scores: list[Score] = []
    bad = 0
    for name in arguments.family or FAMILIES:
        mine: list[Score] = []
        for seed in range(first, end):
            with tempfile.TemporaryDirectory() as scratch:
                folder = arguments.keep or Path(scratch)
                folder.mkdir(parents=True, exist_ok=True)
                began = time.monotonic()
                try:
                    s = play(name, seed, folder)
                except Exception:  # a case that cannot be made or judged is a defect too; the campaign goes on
                    s = Score(f"{name}-{seed}", ["not judged: " + traceback.format_exc()])
                mine.append(s)
            for defect in s.defects:
                print(f"{s.case}: {defect}", flush=True)
            bad += bool(s.defects)
            print(f"  {s.case}: {len(s.defects)} defects, {len(s.toa)} toa, {s.fix.get('status')}, error "
                  f"{s.fix.get('horizontal_error_m', float('nan')):.2f} m of {s.fix.get('bound_m') or float('nan'):.2f}, "
                  f"{s.seconds:.1f} s of {time.monotonic() - began:.1f} s", flush=True)
        scores += mine
        print(f"== {name}: {sum(bool(s.defects) for s in mine)} of {len(mine)} with defects\n{statistics(mine)}", flush=True)
    print(f"\nALL {len(scores)} cases, {bad} with defects\n{statistics(scores)}")
    if arguments.json:
        arguments.json.write_text(json.dumps([vars(s) for s in scores], indent=1))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
