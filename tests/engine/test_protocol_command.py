# SPDX-License-Identifier: GPL-3.0-or-later
"""`protocol lpp|nrppa|sib19 encode|decode FILE`: both ways, one clear line for every wrong input, a lazy
import."""

import io
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from protocol_scene import arrivals, directory, fresh, on_grid, round_trip_rows, scene, true_place

from ntnpos.commands.protocol import main
from ntnpos.lmf.protocols import codec, jer, lpp, nrppa, nrppa_srs, nrppa_trp, sib19
from ntnpos.lmf.protocols.lpp_assistance import provide_assistance
from ntnpos.lmf.protocols.lpp_measurements import provide_location
from ntnpos.lmf.protocols.nrppa_measurements import measurement_message
from ntnpos.network.measurements import Measurement
from ntnpos.network.resources import Carrier

SRS = {
    "sequence_id": 7,
    "comb_size": 4,
    "comb_offset": 3,
    "cyclic_shift": 1,
    "num_symbols": 8,
    "start_symbol": 2,
    "c_srs": 5,
    "freq_shift": 2,
    "group_or_sequence_hopping": "group",
}


@pytest.fixture(scope="module")
def messages() -> list[tuple[str, bytes]]:
    """One of each message that this project writes."""
    ta = {"epoch_time_s": 0.0, "ta_common_s": 4e-3, "drift_s_per_s": -2e-5, "drift_variant_s_per_s2": 1e-7}
    assistance = scene(common_ta=ta, k_offset_ms=20, ul_sync_validity_s=10)
    parties = directory(assistance)
    ids = [s.id for s in assistance.satellites]
    gnb = [Measurement(s.id, kind="gnb_rx_tx", t_s=on_grid(s, 5), rsrp_db=-90.0,
                       extra={"rx_tx_s": 1e-4, "rx_tx_std_s": 1e-8}) for s in assistance.satellites]
    toa = arrivals(assistance, true_place(assistance))
    return [
        ("lpp", lpp.request_capabilities(("dl-tdoa", "multi-rtt"))),
        ("lpp", lpp.provide_capabilities(lpp.Capability(256, finest_k=-3))),
        ("lpp", provide_assistance(parties, 0.0)),
        ("lpp", lpp.request_location(("multi-rtt",), k=-6)),
        ("lpp", provide_location(round_trip_rows(assistance) + toa, parties, k=-2, dbm_at_0_db=0.0)),
        ("lpp", provide_location([Measurement(ids[0], kind="toa", status="no_signal")], parties)),
        ("nrppa", nrppa.measurement_request(parties, 3, ids, ("gnb_rx_tx", "rsrp"), k=-1, period_ms=120)),
        ("nrppa", measurement_message(gnb, parties, 3, k=-4, dbm_at_0_db=0.0)),
        ("nrppa", measurement_message(gnb, parties, 3, report_only=True)),
        ("nrppa", nrppa_trp.trp_information_request(parties, ids)),
        ("nrppa", nrppa_trp.trp_information_response(parties, ids)),
        ("nrppa", nrppa_srs.positioning_information_request(50)),
        ("nrppa", nrppa_srs.positioning_information_response(SRS, Carrier(2.0e9, 15, 24), 40, 39)),
        ("sib19", sib19.sib19_of(parties, ids[0], 0.0)),
        ("sib19", sib19.sib19_of(parties, ids[1], 2.5, orbital=True)),
    ]


def run(capsys, *arguments) -> tuple[int, str, str]:
    status = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_decode_and_encode_are_inverse(messages, tmp_path, capsys):
    for kind, data in messages:
        (tmp_path / "pdu.hex").write_text(data.hex().upper() + "\n")
        status, text, errors = run(capsys, kind, "decode", tmp_path / "pdu.hex")
        assert (status, errors) == (0, "")
        (tmp_path / "pdu.json").write_text(text)
        status, back, errors = run(capsys, kind, "encode", tmp_path / "pdu.json")
        assert (status, errors, back) == (0, "", data.hex() + "\n")


FRESH = """
import json, sys
from pycrate_asn1dir import LPP, NRPPa, RRCNR
types = {"lpp": LPP.LPP_PDU_Definitions.LPP_Message, "nrppa": NRPPa.NRPPA_PDU_Descriptions.NRPPA_PDU,
         "sib19": RRCNR.NR_RRC_Definitions.SIB19_r17}
for line in sys.stdin:
    kind, data = line.split()
    found = types[kind]
    (found.from_aper if kind == "nrppa" else found.from_uper)(bytes.fromhex(data))
    text = found.to_jer()
    found.from_jer(text)
    back = found.to_aper() if kind == "nrppa" else found.to_uper()
    print(json.dumps([json.loads(text), back.hex(), repr(found._val)]))
"""


def test_a_process_with_only_pycrate_reads_the_same_values_and_writes_the_same_octets(messages):
    lines = fresh(FRESH, "".join(f"{kind} {data.hex()}\n" for kind, data in messages)).splitlines()
    assert len(lines) == len(messages) == 15
    for (kind, data), line in zip(messages, lines):
        value, back, text = json.loads(line)
        assert json.loads(jer.to_json(kind, data)) == value
        assert back == data.hex()
        assert repr(codec.decode(kind, data)) == text


def test_hex_may_have_white_space_and_stdin_is_a_dash(monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b" 0010 0000050D\n00 0001001d00 06000039000185"))
    )
    status, text, _ = run(capsys, "nrppa", "decode", "-")
    assert status == 0 and json.loads(text)["initiatingMessage"]["nrppatransactionID"] == 5
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert run(capsys, "nrppa", "encode", "-") == (0, "00100000050d000001001d0006000039000185\n", "")


def test_other_octets_of_the_same_value_are_decoded_with_a_word(tmp_path, capsys):
    # A bit of padding within the open type is set.
    (tmp_path / "pdu.hex").write_text("00100000050d000001001d0006020039000185")
    status, text, errors = run(capsys, "nrppa", "decode", tmp_path / "pdu.hex")
    assert status == 0 and json.loads(text)
    assert errors.count("\n") == 1 and "encode gives those" in errors


def test_an_extension_of_a_later_release_goes_through(tmp_path, capsys):
    """A member of a SEQUENCE that Release 18 does not know stays as octets, and a CHOICE alike."""
    value = {"endTransaction": True, "transactionID": {"initiator": "targetDevice", "transactionNumber": 9,
                                                       "_ext_0": b"\xa5\x5a"}}
    data = codec.encode("lpp", value)
    (tmp_path / "pdu.hex").write_text(data.hex())
    status, text, _ = run(capsys, "lpp", "decode", tmp_path / "pdu.hex")
    assert status == 0 and json.loads(text)["transactionID"]["_ext_0"] == "a55a"
    (tmp_path / "pdu.json").write_text(text)
    assert run(capsys, "lpp", "encode", tmp_path / "pdu.json") == (0, data.hex() + "\n", "")


GOOD = '{"endTransaction": true, "sequenceNumber": 5}'
NRPPA = '{"initiatingMessage": {"procedureCode": 16, "criticality": "reject", "nrppatransactionID": 5, "value": %s}}'


@pytest.mark.parametrize(
    "kind, direction, text, message",
    [
        ("lpp", "decode", "zz", "digit 1: 'z' is not hexadecimal"),
        ("lpp", "decode", "0x00", "digit 2: 'x' is not hexadecimal"),
        ("lpp", "decode", "123", "file: has 3 hexadecimal digits; allowed: an even number"),
        ("lpp", "decode", "", "file: has 0 hexadecimal digits"),
        ("lpp", "decode", "92", "LPP-Message.transactionID.transactionNumber: ends within the field"),
        ("lpp", "decode", "0000", "LPP-Message: ends 1 octets before the end; allowed: one PDU"),
        (
            "nrppa",
            "decode",
            "00100000050d000001001d000600003900018500",
            "NRPPA-PDU: ends 1 octets before the end",
        ),
        (
            "nrppa",
            "decode",
            "00100000050d0000",
            "NRPPA-PDU.initiatingMessage.value: length determinant too long",
        ),
        ("sib19", "decode", "7fffffffffffffffffffffffffffffffff", "SIB19-r17"),
        ("sib19", "decode", "00" * 70000, "PDU: has 70000 octets; allowed: 1 to 65536 octets"),
        ("lpp", "decode", "00" * 140000, "file: is too large"),
        ("lpp", "encode", "", "file: is empty"),
        ("lpp", "encode", "{", "file: is not JSON"),
        ("lpp", "encode", "[" * 100000, "file: is nested too deeply"),
        ("lpp", "encode", '{"a":' * 500 + "1" + "}" * 500, "LPP-Message: "),
        ("lpp", "encode", "9" * 6000, "file: is not JSON"),
        ("lpp", "encode", "[]", "LPP-Message: invalid json value, []"),
        ("lpp", "encode", "{}", "LPP-Message: missing mandatory value(s): {'endTransaction'}"),
        ("lpp", "encode", '{"endTransaction": 1}', "LPP-Message.endTransaction: invalid json value, 1"),
        (
            "lpp",
            "encode",
            '{"endTransaction": true, "extra": 1}',
            "LPP-Message: invalid value, {'endTransaction': True, 'ext",
        ),
        (
            "lpp",
            "encode",
            '{"endTransaction": true, "endTransaction": true}',
            "'endTransaction' appears twice",
        ),
        (
            "lpp",
            "encode",
            '{"endTransaction": true, "sequenceNumber": 256}',
            "LPP-Message.sequenceNumber: INTEGER value out",
        ),
        (
            "lpp",
            "encode",
            '{"endTransaction": true, "sequenceNumber": 5.0}',
            "LPP-Message.sequenceNumber: invalid json",
        ),
        ("lpp", "encode", '{"endTransaction": true, "sequenceNumber": true}', "LPP-Message.sequenceNumber: "),
        (
            "lpp",
            "encode",
            '{"endTransaction": true, "lpp-MessageBody": {"c1": {"spare7": null}, "b": 2}}',
            "LPP-Message.lpp-MessageBody.b: is not a field here; allowed: c1",
        ),
        ("lpp", "encode", '{"endTransaction": true, "lpp-MessageBody": {"c2": {}}}', "LPP-Message"),
        (
            "lpp",
            "encode",
            '{"endTransaction": true, "transactionID": {"initiator": "moon", "transactionNumber": 1}}',
            "LPP-Message.transactionID.initiator: invalid json value, 'moon'",
        ),
        ("nrppa", "encode", NRPPA % '{"protocolIEs": 5}', "protocolIEs: invalid json value, 5"),
        (
            "nrppa",
            "encode",
            NRPPA % '{"protocolIEs": [{"id": 29, "criticality": "reject", "value": [{}]}]}',
            "missing mandatory",
        ),
        (
            "nrppa",
            "encode",
            NRPPA % '{"protocolIEs": [{"id": 65535, "criticality": "reject", "value": "zz"}]}',
            "NRPPA-PDU",
        ),
        ("nrppa", "encode", GOOD, "NRPPA-PDU"),
        (
            "sib19",
            "encode",
            '{"ntn-Config-r17": {"kmac-r17": 513}}',
            "kmac-r17: INTEGER value out of constraint, 513",
        ),
        ("sib19", "encode", '{"referenceLocation-r17": 5}', "SIB19-r17.referenceLocation-r17: "),
        (
            "sib19",
            "encode",
            '{"ntn-CovEnh-r18": {"numberOfMsg4HARQ-ACK-Repetitions-r18": "fff"}}',
            "Repetitions-r18: ",
        ),
    ],
)
def test_wrong_input_is_one_line_and_status_2(kind, direction, text, message, tmp_path, capsys):
    path = tmp_path / "in.txt"
    path.write_text(text)
    status, out, errors = run(capsys, kind, direction, path)
    assert (status, out) == (2, "")
    assert errors.count("\n") == 1 and errors.startswith(f"{path}: ")
    assert message in errors
    # The same process still does its work: nothing of the refused input stays in the codec.
    path.write_text(GOOD)
    assert run(capsys, "lpp", "encode", path)[1] == jer.from_json("lpp", GOOD).hex() + "\n"


def test_a_file_that_cannot_be_read(tmp_path, capsys):
    assert run(capsys, "lpp", "decode", tmp_path / "none")[0] == 2
    assert run(capsys, "lpp", "encode", tmp_path)[0] == 2
    for arguments in ([], ["lpp"], ["rrc", "decode", "x"], ["lpp", "recode", "x"]):
        with pytest.raises(SystemExit) as error:
            main(arguments)
        assert error.value.code == 2


def test_other_commands_do_not_pay_for_the_messages():
    """pycrate is imported by the first PDU, and only the module of its kind."""
    program = (
        "import sys\nimport ntnpos.commands.protocol, ntnpos.lmf.protocols as p, ntnpos.lmf.protocols.lpp\n"
        "import ntnpos.lmf.protocols.nrppa_trp, ntnpos.lmf.protocols.sib19, ntnpos.lmf.protocols.lpp_measurements\n"
        "assert not [m for m in sys.modules if m.startswith('pycrate')]\n"
        "p.codec.decode('lpp', b'\\0')\n"
        "print([m for m in sorted(sys.modules) if m.startswith('pycrate_asn1dir.')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "['pycrate_asn1dir.LPP']\n", done.stderr
