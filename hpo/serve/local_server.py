"""A web server for this machine alone, at a port that is free."""

from __future__ import annotations

from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from hpo.serve.guard import Guard
from hpo.serve.port import HOST, listen


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
        port: the first port to be tried.

    Raises:
        RequestError: none of the ports is free.
    """
    server = listen(port, lambda candidate: LocalServer((HOST, candidate), _Quiet))
    server.set_app(application)
    return server
