# SPDX-License-Identifier: GPL-3.0-or-later
"""Flowgraphs of GNU Radio Companion compiled and run as a user would, without a display."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TOP = Path(__file__).resolve().parent.parent
BLOCK_FOLDERS = [TOP / "gr-ntnpos" / "grc", TOP / "python" / "ntnpos_lab" / "grc"]
FLOWGRAPHS = sorted((TOP / "grc").glob("*.grc"))
TIME_LIMIT_S = 120.0


def compile_flowgraph(path: Path, folder: Path) -> subprocess.CompletedProcess:
    """grcc's run: the flowgraph's Python into a folder, with the block files of the tree."""
    environment = os.environ | {"GRC_BLOCKS_PATH": os.pathsep.join(map(str, BLOCK_FOLDERS))}
    command = [sys.executable, "/usr/bin/grcc", "-o", str(folder), str(path)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def start(script: Path, *arguments: str) -> subprocess.Popen:
    """A compiled flowgraph as a process, in the folder where it lies, with no terminal and no display."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    return subprocess.Popen([sys.executable, str(script), *arguments], cwd=script.parent, env=environment,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


@dataclass(frozen=True)
class Run:
    """What a flowgraph that has ended said."""

    status: int
    stdout: str
    stderr: str

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """Its JSON lines of a type; every line of stdout must be one."""
        return [found for found in map(json.loads, self.stdout.splitlines()) if found["type"] == kind]


def run(script: Path, *arguments: str) -> Run:
    """Run a compiled flowgraph to its end."""
    process = start(script, *arguments)
    try:
        stdout, stderr = process.communicate(timeout=TIME_LIMIT_S)
    finally:
        process.kill()
    return Run(process.returncode, stdout, stderr)


def variables(path: Path) -> dict[str, str]:
    """Expressions of a flowgraph's variables."""
    blocks = yaml.safe_load(path.read_text())["blocks"]
    return {block["name"]: block["parameters"]["value"] for block in blocks if block["id"] == "variable"}


def changed(path: Path, folder: Path, *, values: dict[str, str] = {}, enabled: tuple[str, ...] = ()) -> Path:
    """A copy of a flowgraph in which variables have other values and disabled blocks are enabled."""
    graph = yaml.safe_load(path.read_text())
    named = {block["name"]: block for block in graph["blocks"]}
    for name, value in values.items():
        named[name]["parameters"]["value"] = value
    for name in enabled:
        assert named[name]["states"]["state"] == "disabled"
        named[name]["states"]["state"] = "enabled"
    copy = folder / path.name
    copy.write_text(yaml.safe_dump(graph))
    return copy
