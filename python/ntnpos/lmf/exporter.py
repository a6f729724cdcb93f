# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics for Prometheus over HTTP, on the loopback alone."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from ..errors import InputError

_HOST = "127.0.0.1"


class Exporter:
    """Serves `text` at ``/metrics`` from a thread of its own; who uses it replaces the text.

    Raises
    ------
    InputError
        The port is taken.
    """

    def __init__(self, port: int):
        self.text = ""
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 2.0  # of a client that says nothing

            def do_GET(self) -> None:
                found = self.path == "/metrics"
                body = exporter.text.encode() if found else b"see /metrics\n"
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/plain; version=0.0.4" if found else "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_) -> None:
                """No line for each request."""

        class Loopback(HTTPServer):
            def handle_error(self, *_) -> None:
                """A client that went away is no news."""

        try:
            self._server = Loopback((_HOST, port), Handler)
        except OSError as error:
            raise InputError("metrics", "port", f"{port}: {error.strerror}", "a free port") from None
        self.address = f"http://{_HOST}:{self._server.server_port}/metrics"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
