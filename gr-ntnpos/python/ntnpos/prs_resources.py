# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of numbers to the resources of a prs_source, as GNU Radio Companion and small scripts write them."""

from collections.abc import Sequence

from .ntnpos_python import prs_resource

_BITS = ("muting_option1_bits", "muting_option2_bits")


def _is_list(value) -> bool:
    return isinstance(value, (list, tuple)) or hasattr(value, "__array__")


def _each(name: str, value, n: int) -> list:
    """n values of a field: one for all, or one for each resource."""
    shared = not any(map(_is_list, value)) if name in _BITS else not _is_list(value)
    if shared:
        return [list(value) if name in _BITS else value] * n
    if len(value) != n:
        raise ValueError(
            f"{name} = {len(value)} entries: must be a value for all, or one for each of the {n} resources"
        )
    return [list(bits) for bits in value] if name in _BITS else list(value)


def prs_resources(
    sequence_ids: Sequence[int], trps: Sequence[int] = (), **fields
) -> list[list[prs_resource]]:
    """DL-PRS resources by TRP, as prs_source takes them.

    Parameters
    ----------
    sequence_ids
        n_ID of each resource: as many as there are resources.
    trps
        TRP that each resource belongs to: 0, 1, ...; empty: all to TRP 0.
    fields
        Any other field of ntnpos.prs_resource: one value for all resources, or a list with a value for each.
        Muting bits: a list of bits for all, or a list of such lists. The resources of one resource set have its
        periodicity, slot offset, repetition, time gap, muting, comb and bandwidth in common.

    Raises
    ------
    ValueError
        A list has another length than sequence_ids, or a TRP has no resource. What is wrong within a resource
        the block itself says.
    """
    n = len(sequence_ids)
    owners = list(trps) if len(trps) else [0] * n
    count = max(owners, default=0) + 1
    if len(owners) != n or set(owners) != set(range(count)):
        raise ValueError(
            f"trps = {list(trps)}: must be 0, 1, ... without a gap, one for each of the {n} resources"
        )
    columns = {name: _each(name, value, n) for name, value in fields.items()}
    found: list[list[prs_resource]] = [[] for _ in range(count)]
    for i, sequence_id in enumerate(sequence_ids):
        row = {name: column[i] for name, column in columns.items()}
        found[owners[i]].append(prs_resource(sequence_id=sequence_id, **row))
    return found
