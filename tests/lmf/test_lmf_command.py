# SPDX-License-Identifier: GPL-3.0-or-later
"""`./ntnpos lmf` and its sub-commands: one line and status 2 for bad usage and bad input; keys, replay, export."""

import json
import sqlite3
import stat
import xml.etree.ElementTree as xml

import lmf_scene
import pytest
import zmq.auth
from ntnpos.commands.lmf import main
from ntnpos.lmf.store import Store

QUIET = ("--workers", "0", "--sub", "off", "--pull", "off", "--ack", "off", "--pub", "off")


@pytest.fixture
def sky(tmp_path):
    path = tmp_path / "sky.json"
    path.write_text(lmf_scene.assistance().to_json())
    return path


def run(capfd, *arguments) -> tuple[int, str, str]:
    """Exit status, stdout, stderr; argparse's own exits count."""
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as stop:
        status = stop.code
    captured = capfd.readouterr()
    return status, captured.out, captured.err


def refused(capfd, *arguments, says="") -> None:
    status, out, err = run(capfd, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert says in err and "Traceback" not in err


@pytest.mark.parametrize(
    "arguments, says",
    [
        ((), "--assistance"),
        (("--ues", "0"), "--ues"),
        (("--ues", "x"), "--ues"),
        (("--per-ue", "1.5"), "--per-ue"),
        (("--window-s", "0"), "--window-s"),
        (("--window-s", "nan"), "--window-s"),
        (("--fix-every-s", "-1"), "--fix-every-s"),
        (("--metrics-port", "70000"), "--metrics-port"),
        (("--workers", "-1"), "--workers"),
        (("--nonsense",), "--nonsense"),
        (("extra",), "extra"),
        (("--height-std-m", "1"), "--height-m"),
        (("--total-mb", "0"), "--total-mb"),
        (("--server-key-file", "k"), "belong together"),
        (("--authorized-keys", "d"), "belong together"),
    ],
)
def test_bad_usage_is_one_line(capfd, sky, arguments, says):
    refused(capfd, *(("--assistance", sky) if arguments else ()), *arguments, says=says)


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("--sub", "tcp://0.0.0.0:*"), "no CURVE keys"),
        (("--pub", "tcp://*:5000"), "no CURVE keys"),
        (("--ack", "tcp://192.0.2.1:1"), "no CURVE keys"),
        (("--connect", "tcp://192.0.2.1:1"), "no CURVE keys"),
        (("--sub", "carrier pigeon"), "not an endpoint"),
        (("--pull", "tcp://127.0.0.1"), "no port"),
        (("--store", "/no/such/folder/x"), "cannot be written"),
        (("--output", "/no/such/folder/x"), "output"),
        (("--server-key-file", "/no/key", "--authorized-keys", "/no/folder"), "is no folder"),
    ],
)
def test_bad_input_is_one_line(capfd, sky, tmp_path, arguments, says):
    store = () if "--store" in arguments else ("--store", tmp_path / "s.sqlite")
    refused(capfd, "--assistance", sky, *QUIET, *store, *arguments, says=says)


def test_bad_assistance_data(capfd, sky, tmp_path):
    refused(capfd, "--assistance", tmp_path / "none.json", says="cannot be read")
    (tmp_path / "bad.json").write_text("{}")
    refused(capfd, "--assistance", tmp_path / "bad.json", says="schema")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "sky.json").write_text(sky.read_text())
    refused(
        capfd, "--assistance", sky, "--assistance", tmp_path / "again" / "sky.json", says="each name once"
    )


def test_a_store_that_is_taken_or_none(capfd, sky, tmp_path):
    store = Store(tmp_path / "s.sqlite")
    refused(capfd, "--assistance", sky, *QUIET, "--store", store.path, says="another process")
    store.close()
    refused(capfd, "--assistance", sky, *QUIET, "--store", sky, says="not a database")


def test_keys(capfd, sky, tmp_path):
    keys = tmp_path / "keys"
    status, out, err = run(capfd, "keys", keys, "--client", "receiver-1", "--client", "map")
    assert (status, err, len(out.splitlines())) == (0, "", 6)
    secret = keys / "server.key_secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    before = {path: path.read_bytes() for path in keys.rglob("*") if path.is_file()}
    assert sorted(path.name for path in (keys / "authorized").iterdir()) == ["map.key", "receiver-1.key"]
    for name in ("map", "receiver-1"):
        public = zmq.auth.load_certificate(keys / "authorized" / f"{name}.key")[0]
        assert zmq.auth.load_certificate(keys / "clients" / f"{name}.key_secret")[0] == public
    assert run(capfd, "keys", keys, "--client", "map") == (0, "", "")
    assert before == {path: path.read_bytes() for path in keys.rglob("*") if path.is_file()}
    refused(capfd, "keys", sky / "x", says="cannot be written")
    refused(capfd, "keys", keys, "--client", "../x", says="--client")
    both = (
        "--assistance",
        sky,
        *QUIET,
        "--store",
        tmp_path / "s.sqlite",
        "--server-key-file",
        secret,
        "--authorized-keys",
    )
    secret.chmod(0o644)
    refused(capfd, *both, keys / "authorized", says="read by others")
    secret.chmod(0o600)
    refused(capfd, *both, keys / "clients", says="belongs to its client alone")
    (tmp_path / "empty").mkdir()
    refused(capfd, *both, tmp_path / "empty", says="has no key")
    refused(
        capfd, *both[:-2], keys / "server.key", "--authorized-keys", keys / "authorized", says="no secret key"
    )


@pytest.fixture
def store(tmp_path):
    """Two UEs' fixes."""
    with lmf_scene.Bench(tmp_path) as bench:
        for row in lmf_scene.measurements():
            for ue in ("phone", "other"):
                bench.service.receive(None, lmf_scene.line(row, ue))
        bench.quiet()
        bench.service.receive(None, lmf_scene.line(lmf_scene.measurements()[0]))
        bench.quiet()
    return bench.path


def test_replay(capfd, store):
    status, out, err = run(capfd, "replay", store)
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert len(found.pop("seal")) == 64
    assert found == {
        "type": "replay",
        "fixes": 3,
        "verdicts": 0,
        "measurements": 73,
        "identical": True,
        "difference": None,
    }
    database = sqlite3.connect(store)
    database.execute("DROP TRIGGER fix_no_update")
    database.execute("UPDATE fix SET line = replace(line, 'dl-tdoa', 'oracle') WHERE id = 2")
    database.commit()
    database.close()
    status, out, err = run(capfd, "replay", store)
    assert (status, err) == (1, "") and "fix 2: method" in json.loads(out)["difference"]


def test_replay_and_export_of_what_is_no_store(capfd, sky, tmp_path):
    for command in (("replay",), ("export", "--kml", tmp_path / "x.kml")):
        refused(capfd, *command, tmp_path / "none", says="is not there")
        refused(capfd, *command, sky, says="not a database")
        refused(capfd, *command, says="DB")


def test_a_damaged_store_is_one_line(capfd, store):
    data = bytearray(store.read_bytes())
    data[8192:20480] = b"\xee" * 12288
    store.write_bytes(data)
    refused(capfd, "replay", store, says="cannot be read")


def test_export(capfd, store, tmp_path):
    as_json, as_kml = tmp_path / "f.geojson", tmp_path / "f.kml"
    assert run(capfd, "export", store, "--geojson", as_json, "--kml", as_kml) == (0, "", "")
    kinds = [
        (f["properties"]["ue"], f["properties"]["kind"]) for f in json.loads(as_json.read_text())["features"]
    ]
    assert kinds == [("other", "fix"), ("other", "fix ellipse"), ("phone", "fix"), ("phone", "fix ellipse")]
    assert xml.parse(as_kml).getroot().tag.endswith("kml")
    run(capfd, "export", store, "--geojson", as_json, "--all", "--ue", "phone")
    assert len(json.loads(as_json.read_text())["features"]) == 4
    status, _, err = run(capfd, "export", store, "--geojson", as_json, "--ue", "nobody")
    assert status == 1 and err.count("\n") == 1
    refused(capfd, "export", store, says="nothing to write")
    refused(capfd, "export", store, "--kml", tmp_path / "none" / "x", says="file")
    refused(capfd, "export", store, "--kml", as_kml, "--probability", "1", says="--probability")


def test_help_has_an_example(capfd):
    for command in ((), ("replay",), ("export",), ("keys",)):
        status, out, err = run(capfd, *command, "--help")
        assert (status, err) == (0, "") and "example" in out
