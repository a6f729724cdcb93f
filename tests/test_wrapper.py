# SPDX-License-Identifier: GPL-3.0-or-later
"""The ./ntnpos wrapper: help, usage errors, what it says when set-up cannot go on, and the cost of a warm start."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent


def run(command, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)


@pytest.fixture
def bare_tree():
    """The wrapper and its lists in a folder of their own, with a space in its name, that any user can read."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        tree = Path(folder) / "a tree"
        tree.mkdir()
        shutil.copy(TOP / "ntnpos", tree)
        shutil.copytree(TOP / "requirements", tree / "requirements")
        (tree / "requirements" / "debian.txt").write_text("# one package that every Debian has\ndpkg\n")
        yield tree


@pytest.mark.parametrize("flag", ["--help", "-h", "help"])
def test_help_needs_no_set_up(bare_tree, flag):
    (bare_tree / "apps").mkdir()
    (bare_tree / "apps" / "locate.py").write_text('# SPDX\n"""Replays a recording."""\n')
    got = run([bare_tree / "ntnpos", flag])
    assert (got.returncode, got.stderr) == (0, "")
    for line in ("  locate     Replays a recording\n", "  test  ", "  grc  ", "  build  "):
        assert line in got.stdout
    assert sorted(p.name for p in bare_tree.iterdir()) == ["apps", "ntnpos", "requirements"]


def test_help_has_a_line_for_every_app():
    got = run([TOP / "ntnpos", "--help"])
    lines = {line.split()[0]: line.split()[1:] for line in got.stdout.split("\n") if line.startswith("  ")}
    for app in (TOP / "apps").glob("[a-z]*.py"):
        assert len(lines[app.stem]) >= 2, app


@pytest.mark.parametrize("name", ["no-such-thing", "../tests/conftest", "", "Demo", "--version"])
def test_unknown_subcommand_is_one_line_and_exit_2(bare_tree, name):
    got = run([bare_tree / "ntnpos", name])
    assert (got.returncode, got.stdout) == (2, "")
    assert got.stderr == f'ntnpos: no subcommand "{name}"; ./ntnpos --help lists them\n'


def test_no_subcommand_shows_the_usage_and_exit_2(bare_tree):
    got = run([bare_tree / "ntnpos"])
    assert (got.returncode, got.stdout) == (2, "")
    assert got.stderr.startswith("Usage: ./ntnpos SUBCOMMAND")


def test_works_through_a_link_from_another_folder(bare_tree, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(bare_tree / "ntnpos")
    (bare_tree / "apps").mkdir()
    (bare_tree / "apps" / "demo.py").write_text('"""Shows."""\n')
    got = run([link, "--help"], cwd=tmp_path)
    assert "  demo       Shows\n" in got.stdout


def test_missing_packages_without_rights_give_the_command_to_run(bare_tree):
    (bare_tree / "requirements" / "debian.txt").write_text("dpkg\nno-such-package-a # why\nno-such-package-b\n")
    bare_tree.chmod(0o777)
    other = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    got = run([bare_tree / "ntnpos", "build"], **other)
    assert (got.returncode, got.stdout) == (1, "")
    command = (
        'sudo sh -c "apt-get update && '
        'apt-get install -y --no-install-recommends no-such-package-a no-such-package-b"'
    )
    assert got.stderr.split("\n")[-2].strip() == command


def test_failed_step_says_which_why_and_what_to_do(bare_tree):
    (bare_tree / "requirements" / "run.txt").write_text("no-such-package-of-this-project==1\n")
    environment = os.environ | {"PIP_NO_INDEX": "1"}
    got = run([bare_tree / "ntnpos", "build"], env=environment)
    assert (got.returncode, got.stdout) == (1, "")
    log = bare_tree / "build" / "log" / "python-packages.log"
    assert f"[ntnpos] installing Python packages: FAILED. The last lines of {log}:" in got.stderr
    assert "No matching distribution found for no-such-package-of-this-project==1" in got.stderr
    assert got.stderr.split("\n")[-2].startswith("[ntnpos] What to do: see that this machine reaches")
    assert "no-such-package-of-this-project" in log.read_text()


@pytest.mark.skipif(Path(sys.prefix) != TOP / ".venv", reason="not run by ./ntnpos test: starts may be cold")
def test_warm_start_is_under_a_second():
    """The best of three: what else the machine does is no part of the start."""
    times = []
    for _ in range(3):
        began = time.monotonic()
        got = run([TOP / "ntnpos", "build"], cwd="/")
        times.append(time.monotonic() - began)
        assert (got.returncode, got.stdout, got.stderr) == (0, "", "[ntnpos] ready\n")
    assert min(times) < 1.0
