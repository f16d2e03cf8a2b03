"""optuna-dashboard on the studies of one database."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from hpo.serve.guard import Guard
from hpo.serve.local_server import local_server
from hpo.serve.port import HOST
from hpo.storage.address import Address

if TYPE_CHECKING:
    from optuna.artifacts._protocol import ArtifactStore


class DashboardServer:
    """A server of optuna-dashboard; close it, or use it as a context.

    Args:
        address: of the database; it exists.
        artifacts: where the artifacts are.
        port: to listen at, or the next one that is free; 0 takes any.
        allow_edit: whether a page may change or delete studies.

    Attributes:
        port: at which it listens.

    Raises:
        StorageError: there is no such database, or it cannot be read.
        RequestError: no port is free.
    """

    def __init__(self, address: Address, artifacts: ArtifactStore, port: int, *, allow_edit: bool = False) -> None:
        from optuna_dashboard import wsgi

        from hpo.serve.dashboard_answers import adapt
        from hpo.serve.page_storage import page_storage

        # Its tracebacks would stand between the lines that a person should read.
        logging.getLogger("optuna_dashboard").setLevel(logging.CRITICAL)
        with ExitStack() as stack:
            storage = stack.enter_context(page_storage(address, writable=allow_edit))
            app = wsgi(storage, artifact_store=artifacts)
            adapt(app, storage)
            self._server = stack.enter_context(local_server(Guard(app, allow_edit=allow_edit), port))
            self._stack = stack.pop_all()
        self.port = self._server.server_port

    def serve_forever(self) -> None:
        """Answer requests until `shutdown`."""
        self._server.serve_forever()

    def shutdown(self) -> None:
        """End `serve_forever`, which runs in another thread."""
        self._server.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()


def serve_dashboard(
    address: Address, artifacts: ArtifactStore, port: int, tell: Callable[[str], None], *, allow_edit: bool
) -> None:
    """Serve until Ctrl-C.

    Args:
        address: of the database.
        artifacts: where the artifacts are.
        port: to listen at, or the next one that is free.
        tell: called with a line for the person; the last one before it waits is the page's address.
        allow_edit: whether a page may change or delete studies.

    Raises:
        StorageError: there is no such database, or it cannot be read.
        RequestError: no port is free.
    """
    with DashboardServer(address, artifacts, port, allow_edit=allow_edit) as server:
        if server.port != port:
            tell(f"Port {port} is in use; this is port {server.port}.")
        if allow_edit:
            tell("Pages may change and delete what is stored.")
        tell(f"optuna-dashboard shows {address}. Ctrl-C ends it.")
        tell(f"http://{HOST}:{server.port}/dashboard")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
