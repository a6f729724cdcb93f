# SPDX-License-Identifier: GPL-3.0-or-later
"""A small PMT writer for the tests, itself checked against GNU Radio's in test_pmt.py."""

import struct


def encode(value) -> bytes:
    """Serialised PMT of None, bool, int, float, complex, str, tuple, list (vector) and dict."""
    if value is None:
        return b"\x06"
    if isinstance(value, bool):
        return b"\x00" if value else b"\x01"
    if isinstance(value, int):
        if value >= 2**63:
            return b"\x0b" + struct.pack(">Q", value)
        small = -2**31 <= value < 2**31
        return b"\x03" + struct.pack(">i", value) if small else b"\x0d" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\x04" + struct.pack(">d", value)
    if isinstance(value, complex):
        return b"\x05" + struct.pack(">dd", value.real, value.imag)
    if isinstance(value, str):
        text = value.encode()
        return b"\x02" + struct.pack(">H", len(text)) + text
    if isinstance(value, (tuple, list)):
        head = b"\x0c" if isinstance(value, tuple) else b"\x08"
        return head + struct.pack(">I", len(value)) + b"".join(map(encode, value))
    entries = (b"\x09\x07" + encode(key) + encode(item) for key, item in reversed(value.items()))
    return b"".join(entries) + b"\x06"
