"""A web server for this machine alone, at a port that is free."""

from __future__ import annotations

import errno
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from hpo.errors import RequestError
from hpo.serve.guard import Guard

HOST = "127.0.0.1"
PORTS_TRIED = 100


class LocalServer(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing where a browser has gone away in the middle of an answer."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Leave the terminal to what a person should read."""


def local_server(application: Guard, port: int) -> LocalServer:
    """Return a server that listens at a port, or at the next one that is free.

    Args:
        application: what it serves.
        port: the first port to be tried; 0 takes any.

    Raises:
        RequestError: none of the ports is free.
    """
    last = min(port + PORTS_TRIED, 1 << 16)
    for candidate in range(port, last):
        try:
            server = LocalServer((HOST, candidate), _Quiet)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            continue
        server.set_app(application)
        return server
    raise RequestError(f"no port from {port} to {last - 1} is free: give another --port.")
