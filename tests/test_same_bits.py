# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels' versions for different processors give the same bits: none rounds once where others round twice.

Functions of one width (kernel/lanes.h) fuse what they say, and emulate that elsewhere (lib/qa_lanes.cc).
"""

import re
import subprocess
from pathlib import Path

import pytest
from gnuradio import ntnpos


def library() -> Path:
    """The kernels' library as the bindings load it."""
    ntnpos.carrier()
    for line in Path("/proc/self/maps").read_text().splitlines():
        if "libgnuradio-ntnpos" in line:
            return Path(line.split(maxsplit=5)[5])
    raise AssertionError("the kernels' library is not loaded")


def test_no_kernel_fuses_a_product_with_a_sum():
    """Compilers do that to complex products at least (kernel/multiversion.h); it shows in the instructions alone."""
    command = ["objdump", "-d", "--no-show-raw-insn", library()]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    asked, unasked = re.compile("_of_(16|8)[A-Z]"), r"\tvf\w*(addsub|subadd)"
    function, fused, kernels, versions = "", set(), 0, set()
    for line in found.stdout.splitlines():
        if head := re.fullmatch(r"[0-9a-f]+ <(.*)>:", line):
            function = head[1]
            kernels += "6kernel" in function
            versions |= set(re.findall(r"\.(avx512f|avx2|default)", function))
        elif "6kernel" in function and re.search(unasked if asked.search(function) else r"\tvfn?m", line):
            fused.add(function)
    assert kernels > 100
    if "avx2" not in versions:
        pytest.skip("this build has one version of each kernel")
    assert not fused
