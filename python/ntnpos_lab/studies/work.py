# SPDX-License-Identifier: GPL-3.0-or-later
"""Work of a study in independent, seeded blocks, over several processes."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from .rows import Findings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """One part of a study: blocks of trials, and what is concluded from all of them."""

    name: str
    blocks: Sequence[Callable[[], Any]]
    """Called in any process and order; each makes its own generator from its own seed. Must be picklable."""
    conclude: Callable[[list[Any]], Findings]
    """Takes the blocks' results in their order."""
    trials: int
    """Trials in all blocks."""


def generator(*seeds: int) -> np.random.Generator:
    """A generator that depends on these numbers alone, and is independent of that of any others."""
    return np.random.default_rng(np.random.SeedSequence(list(seeds)))


def shares(total: int, most: int) -> list[int]:
    """`total` trials in blocks of at most `most`, as even as can be."""
    count = max(1, -(-total // most))
    return [total // count + (i < total % count) for i in range(count)]


def blocks(
    function: Callable[..., Any], seeds: Sequence[int], total: int, most: int, *arguments: Any
) -> list[partial]:
    """Calls of function(generator's seeds, trials, *arguments) that together make `total` trials."""
    return [
        partial(function, (*seeds, index), share, *arguments)
        for index, share in enumerate(shares(total, most))
    ]


def _call(block: Callable[[], Any]) -> Any:
    return block()


def _results(work: Sequence[Callable[[], Any]], jobs: int) -> Iterator[Any]:
    if jobs == 1:
        yield from map(_call, work)
        return
    # The kernels start no threads, so that a copy of this process is whole.
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap(_call, work)


def carry_out(parts: Sequence[Part], jobs: int, say: Say) -> list[Findings]:
    """Every part's findings; the same for any number of processes.

    Parameters
    ----------
    parts : sequence of Part
    jobs : int
        Processes, at least 1; with 1 nothing is started.
    say : callable
        Takes a line of progress now and then.
    """
    work = [block for part in parts for block in part.blocks]
    results = _results(work, jobs)
    findings = []
    for number, part in enumerate(parts, 1):
        say(f"{number}/{len(parts)} {part.name}: {part.trials} trials ...")
        findings.append(part.conclude([next(results) for _ in part.blocks]))
    for _ in results:
        raise AssertionError("more results than blocks")
    return findings
