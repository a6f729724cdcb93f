# SPDX-License-Identifier: GPL-3.0-or-later
"""CURVE keys of the location server: files, who may connect, and making them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from ..errors import InputError
from ..network.wire import CurveKeys

SERVER = "server"
CLIENT = "client"


def load_server_key(path: Path) -> CurveKeys:
    """The server's key pair from a secret certificate (``*.key_secret``).

    Raises
    ------
    InputError
        Unreadable, without a secret key, or open to other users.
    """
    allowed = "a secret key as ./ntnpos lmf keys DIR makes it"
    try:
        mode = os.stat(path).st_mode
        public, secret = zmq.auth.load_certificate(path)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise InputError(path, "server key", problem, allowed) from None
    if secret is None:
        raise InputError(path, "server key", "holds no secret key", allowed)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(path, "server key", f"can be read by others (mode {stat.S_IMODE(mode):04o})",
                         "mode 0600")
    return CurveKeys(public, secret)


def check_authorized(folder: Path) -> int:
    """How many clients' public keys a folder holds; `InputError` for none, or for a secret one."""
    allowed = "a folder of clients' public keys, *.key"
    if not folder.is_dir():
        raise InputError(folder, "authorized keys", "is no folder", allowed)
    if secrets := sorted(folder.glob("*.key_secret")):
        raise InputError(secrets[0], "authorized keys", "is a secret key, which belongs to its client alone",
                         allowed)
    try:
        found = len(zmq.auth.load_certificates(folder))
    except (OSError, ValueError) as error:
        raise InputError(folder, "authorized keys", str(error), allowed) from None
    if not found:
        raise InputError(folder, "authorized keys", "has no key", allowed)
    return found


def authenticator(context: zmq.Context, folder: Path) -> ThreadAuthenticator:
    """Admits the holders of these keys alone, on all of the context's CURVE sockets. The caller stops it."""
    found = ThreadAuthenticator(context)
    found.start()
    found.configure_curve(domain="*", location=str(folder))
    return found


def make_keys(folder: Path, clients: list[str]) -> list[Path]:
    """Keys for a server and its clients; returns the files that were made. What is there already stays.

    `server.key`, `server.key_secret`; for each client `authorized/NAME.key`, `clients/NAME.key_secret`.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    authorized, secrets = folder / "authorized", folder / "clients"
    made = []
    before = os.umask(0o077)
    try:
        for needed in (folder, authorized, secrets):
            needed.mkdir(parents=True, exist_ok=True)
        if not (folder / f"{SERVER}.key_secret").exists():
            made += map(Path, zmq.auth.create_certificates(folder, SERVER))
        for name in clients:
            if not (secrets / f"{name}.key_secret").exists():
                public, secret = map(Path, zmq.auth.create_certificates(secrets, name))
                made += [public.replace(authorized / public.name), secret]
    except OSError as error:
        raise InputError(folder, "keys", f"cannot be written ({error.strerror})",
                         "a folder that can be written") from None
    finally:
        os.umask(before)
    return made
