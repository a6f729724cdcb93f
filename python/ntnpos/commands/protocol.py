# SPDX-License-Identifier: GPL-3.0-or-later
"""`protocol lpp|nrppa|sib19 encode|decode FILE`: one PDU as hex text <-> JSON, to stdout.

Exit status (contract section 4): 0 done; 2 bad usage or bad input, one line on stderr.
"""

from __future__ import annotations

import sys

from ..errors import InputError, describe
from ..lmf.protocols import codec, jer
from ..network.fields import read_bytes
from .arguments import Parser, guarded

_MAX_HEX_BYTES = 4 * codec.MAX_PDU_BYTES  # two digits an octet, and as much white space
_EPILOG = """\
kinds:
  lpp    LPP-Message, unaligned PER (TS 37.355)
  nrppa  NRPPA-PDU, aligned PER (TS 38.455)
  sib19  SIB19-r17, unaligned PER (TS 38.331)

examples:
  echo 00100000050d000001001d0006000039000185 | ./ntnpos protocol nrppa decode -
  ./ntnpos protocol nrppa decode request.hex > request.json
  ./ntnpos protocol nrppa encode request.json

What decode prints is what encode reads. docs/protocols.md describes the JSON form.
"""


def parser() -> Parser:
    """The command's arguments."""
    found = Parser(
        prog="ntnpos protocol",
        description="One message of LPP, NRPPa or SIB19: hex text <-> JSON.",
        epilog=_EPILOG,
    )
    found.add_argument("kind", choices=tuple(codec.KINDS), help="which message")
    found.add_argument(
        "direction", choices=("encode", "decode"), help="encode: JSON to hex; decode: hex to JSON"
    )
    found.add_argument("file", help="the input; - for stdin")
    return found


def main(argv: list[str]) -> int:
    """Run the command; returns its exit status."""
    arguments = parser().parse_args(argv)
    return guarded(lambda: _work(arguments.kind, arguments.direction, arguments.file))


def _work(kind: str, direction: str, file: str) -> int:
    name = "stdin" if file == "-" else file
    if direction == "encode":
        print(jer.from_json(kind, _read(file, jer.MAX_JSON_BYTES), name).hex())
        return 0
    data = octets(_read(file, _MAX_HEX_BYTES), name)
    text = jer.to_json(kind, data, name)
    sys.stdout.write(text)
    if not jer.is_canonical(kind, data, name):
        print(
            f"{name}: PDU: has the same value in fewer or other octets; encode gives those", file=sys.stderr
        )
    return 0


def _read(file: str, most: int) -> bytes:
    if file != "-":
        return read_bytes(file, most)
    data = sys.stdin.buffer.read(most + 1)
    if len(data) > most:
        raise InputError("stdin", "file", "is too large", f"up to {most} bytes")
    return data


def octets(text: bytes, name: object) -> bytes:
    """The octets of hex text; white space anywhere is no matter."""
    digits = b"".join(text.split())
    for at, digit in enumerate(digits):
        if digit not in b"0123456789abcdefABCDEF":
            raise InputError(
                name, f"digit {at + 1}", f"{describe(chr(digit))} is not hexadecimal", "0 to 9, a to f"
            )
    if len(digits) % 2 or not digits:
        raise InputError(name, "file", f"has {len(digits)} hexadecimal digits", "an even number, at least 2")
    return bytes.fromhex(digits.decode("ascii"))
