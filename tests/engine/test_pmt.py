# SPDX-License-Identifier: GPL-3.0-or-later
"""The PMT decoder against GNU Radio's own serialiser, and against bytes that lie."""

import random
import struct

import numpy as np
import pmt
import pytest
from hypothesis import given, settings, strategies as st
from ntnpos.network.pmt import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, Pair, WireError, decode

from pmt_encode import encode


def to_pmt(value):
    """GNU Radio's object for a Python value."""
    if value is None:
        return pmt.PMT_NIL
    if isinstance(value, bool):
        return pmt.from_bool(value)
    if isinstance(value, int):
        return pmt.from_uint64(value) if value >= 2**63 else pmt.from_long(value)
    if isinstance(value, float):
        return pmt.from_double(value)
    if isinstance(value, complex):
        return pmt.from_complex(value)
    if isinstance(value, str):
        return pmt.intern(value)
    if isinstance(value, tuple):
        return pmt.to_tuple(to_pmt(list(value)))
    if isinstance(value, list):
        vector = pmt.make_vector(len(value), pmt.PMT_NIL)
        for i, item in enumerate(value):
            pmt.vector_set(vector, i, to_pmt(item))
        return vector
    made = pmt.make_dict()
    for key, item in value.items():
        made = pmt.dict_add(made, pmt.intern(key), to_pmt(item))
    return made


SCALARS = (st.none() | st.booleans() | st.integers(-2**63, 2**64 - 1) | st.floats(allow_nan=False) |
           st.complex_numbers(allow_nan=False)
           | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=4) | st.lists(v, max_size=4).map(tuple) |
                      st.dictionaries(st.text(st.characters(codec="ascii", exclude_characters="\0"),
                                              max_size=8), v,
                                      min_size=1, max_size=5), max_leaves=20)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(VALUES)
def test_what_gnuradio_writes_is_read(value):
    assert decode(pmt.serialize_str(to_pmt(value))) == value


@settings(max_examples=200, deadline=None, derandomize=True)
@given(VALUES)
def test_the_tests_own_writer_writes_what_gnuradio_writes(value):
    assert encode(value) == pmt.serialize_str(to_pmt(value))


@pytest.mark.parametrize("make, items, kind", [
    (pmt.init_u8vector, [0, 255], np.uint8), (pmt.init_s8vector, [-128, 127], np.int8),
    (pmt.init_u16vector, [0, 65535], np.uint16), (pmt.init_s16vector, [-32768, 32767], np.int16),
    (pmt.init_u32vector, [0, 2**32 - 1], np.uint32), (pmt.init_s32vector, [-2**31, 2**31 - 1], np.int32),
    (pmt.init_u64vector, [0, 2**64 - 1], np.uint64), (pmt.init_s64vector, [-2**63, 2**63 - 1], np.int64),
    (pmt.init_f32vector, [0.5, -3.25], np.float32), (pmt.init_f64vector, [0.1, -1e300], np.float64),
    (pmt.init_c32vector, [0.5 + 2j, -1j], np.complex64),
    (pmt.init_c64vector, [0.1 + 2j, -1j], np.complex128)])
def test_uniform_vectors(make, items, kind):
    for n in (0, 1, 2):
        found = decode(pmt.serialize_str(make(n, items[:n])))
        assert found.dtype == np.dtype(kind) and found.dtype.isnative
        assert np.array_equal(found, np.array(items[:n], dtype=kind))


def test_lists_and_pairs():
    assert decode(pmt.serialize_str(pmt.list3(to_pmt(1), to_pmt("b"), to_pmt(2.5)))) == [1, "b", 2.5]
    assert decode(pmt.serialize_str(pmt.cons(to_pmt(1), to_pmt(2)))) == Pair(1, 2)
    chain = pmt.cons(to_pmt(1), pmt.cons(to_pmt(2), to_pmt(3)))
    assert decode(pmt.serialize_str(chain)) == Pair(1, Pair(2, 3))


def test_time_and_measurement_dict_as_the_blocks_send_them():
    sent = {"schema": "ntnpos.wire/1", "seq": 2**63 + 7, "slot_count": -2**40, "snr_db": None}
    made = pmt.dict_add(to_pmt(sent), pmt.intern("t"),
                        pmt.make_tuple(pmt.from_uint64(3), pmt.from_double(0.25)))
    assert decode(pmt.serialize_str(made)) == sent | {"t": (3, 0.25)}


GOOD = encode({"a": (1, 2.5), "b": [None, "xyz", 1j], "c": True, "d": 2**40}) + b""


def test_every_truncation_is_refused():
    for n in range(len(GOOD)):
        with pytest.raises(WireError):
            decode(GOOD[:n])
    with pytest.raises(WireError, match="1 bytes after"):
        decode(GOOD + b"\x06")


@pytest.mark.parametrize("data, message", [
    (b"", "1 bytes wanted"), (b"\x0e", "unknown tag 14"), (b"\x3b", "unknown tag 59"),
    (b"\x02\xff\xffab", "65535 bytes wanted"),
    (b"\x02\x00\x01\xff", "not UTF-8"), (b"\x08\xff\xff\xff\xff\x06", "4294967295 values claimed"),
    (b"\x0c\x00\x00\x00\x02\x06", "2 values claimed"), (b"\x0a\x0c\x00\x00\x00\x00\x00", "vector type 12"),
    (b"\x0a\x8a\x00\x00\x00\x00\x00", "vector type 138"), (b"\x0a\x0b\xff\xff\xff\xff\x00", "bytes wanted"),
    (b"\x0a\x00\x00\x00\x00\x01\x09\x00", "bytes wanted"), (b"\x09\x06\x06", "not a pair"),
    (b"\x09\x07\x00\x00\x06", "not a symbol"), (b"\x09\x07\x02\x00\x01a\x00\x00", "does not end in nil"),
    (b"\x09\x07\x02\x00\x01a\x00\x09\x07\x02\x00\x01a\x00\x06", "appears twice"),
    (b"\x08\x00\x00\x00\x01" * 100 + b"\x06", f"more than {MAX_DEPTH} deep"),
    (b"\x07" * 10000 + b"\x06", f"more than {MAX_DEPTH} deep"),
    (b"\x07\x06" * 100000 + b"\x06", f"more than {MAX_ITEMS} values"),
    (bytes(MAX_BYTES + 1), f"more than {MAX_BYTES}")])
def test_lies_are_refused(data, message):
    with pytest.raises(WireError, match=message):
        decode(data)


def test_the_limits_themselves_are_allowed():
    assert decode(b"\x08\x00\x00\x00\x01" * MAX_DEPTH + b"\x06") is not None
    items = MAX_ITEMS - 1
    assert len(decode(b"\x08" + struct.pack(">I", items) + b"\x06" * items)) == items


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_wire_error(data):
    try:
        decode(data)
    except WireError:
        pass


def test_mutated_messages_are_a_value_or_a_wire_error():
    rng = random.Random(5)
    for _ in range(5000):
        data = bytearray(GOOD)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            decode(bytes(data))
        except WireError:
            pass
