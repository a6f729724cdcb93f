# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks as GNU Radio Companion has them: with parameters set, and what it finds wrong with them."""

from __future__ import annotations

import os
from typing import Mapping

from flowgraph_runs import BLOCK_FOLDERS
from gnuradio import gr
from gnuradio.grc.core.platform import Platform


def load_platform() -> Platform:
    """Companion's library of GNU Radio's blocks and the tree's."""
    platform = Platform(version=gr.version(), version_parts=tuple(gr.version().split(".")[:3]), prefs=gr.prefs())
    installed = gr.prefs().get_string("grc", "global_blocks_path", "").split(os.pathsep)
    platform.build_library([*installed, *map(str, BLOCK_FOLDERS)])
    return platform


def make_block(platform: Platform, key: str, variables: Mapping[str, str] | None = None, **changes: str):
    """A block in a flowgraph of its own, beside variables and an import of the module, validated."""
    graph = platform.make_flow_graph()
    imports = graph.new_block("import")
    imports.params["imports"].set_value("from gnuradio import ntnpos")
    for name, value in (variables or {}).items():
        variable = graph.new_block("variable")
        variable.params["id"].set_value(name)
        variable.params["value"].set_value(value)
    block = graph.new_block(key)
    block.params["id"].set_value("under_test")
    for name, value in changes.items():
        block.params[name].set_value(value)
    graph.rewrite()
    graph.validate()
    return block


def complaints(block) -> list[str]:
    """What Companion finds wrong, other than that nothing is connected."""
    return [m for m in block.get_error_messages() if "Port is not connected" not in m]


def failed_asserts(block) -> list[str]:
    """The block file's asserts that its parameters fail."""
    return [message for message in block.get_error_messages() if message.startswith("Assertion")]
