"""A guard before a web application of this machine: who may ask, for what, and how the answer travels."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

Headers = list[tuple[str, str]]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

HOSTS = ("127.0.0.1", "localhost")
READING = ("GET", "HEAD", "OPTIONS")
# Shorter answers are sent as they are.
LEAST_TO_COMPRESS = 1024
COMPRESSED = ("application/json", "text/", "application/javascript", "image/svg+xml")
READ_ONLY = "This dashboard is read-only. Start it with `hpo dashboard --allow-edit` to change something."


class Guard:
    """Answers in place of an application what must not reach it, and adds what its answers lack.

    A page of another site may have a browser ask this machine, under a name of its own (DNS rebinding) or from its own
    origin. Both are refused: the first by `Host`, the second by `Origin`. What somebody stored as an artifact is sent
    as an attachment: no browser opens it as a page of this address.

    Args:
        application: any WSGI application.
        allow_edit: whether requests that change something reach it.
    """

    def __init__(self, application: Application, *, allow_edit: bool) -> None:
        self._application = application
        self._allow_edit = allow_edit

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        if reason := self._refusal(environ):
            return _refuse(reason, start_response)
        given: dict[str, Any] = {}

        def keep(status: str, headers: Headers, exc_info: Any = None) -> None:
            given.update(status=status, headers=headers)

        answer = self._application(environ, keep)
        try:
            body = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        headers = _guarded(environ, given["headers"])
        body, headers = _compressed(environ, body, headers)
        start_response(given["status"], headers)
        return [body]

    def _refusal(self, environ: dict[str, Any]) -> str | None:
        host = environ.get("HTTP_HOST", "")
        if urlsplit(f"//{host}").hostname not in HOSTS:
            return "This dashboard answers to 127.0.0.1 and localhost alone."
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin != f"http://{host}":
            return "This dashboard does not answer to pages of other addresses."
        if environ["REQUEST_METHOD"] not in READING and not self._allow_edit:
            return READ_ONLY
        return None


def _refuse(reason: str, start_response: Callable[..., Any]) -> list[bytes]:
    # The page shows the `reason` of a JSON answer.
    body = b'{"reason": "' + reason.encode() + b'"}\n'
    start_response("403 Forbidden", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _guarded(environ: dict[str, Any], headers: Headers) -> Headers:
    kept = [(name, value) for name, value in headers if name.lower() != "access-control-allow-origin"]
    kept.append(("X-Content-Type-Options", "nosniff"))
    if environ.get("PATH_INFO", "").startswith("/artifacts/"):
        kept.append(("Content-Disposition", "attachment"))
    return kept


def _compressed(environ: dict[str, Any], body: bytes, headers: Headers) -> tuple[bytes, Headers]:
    found = {name.lower(): value for name, value in headers}
    if (
        len(body) >= LEAST_TO_COMPRESS
        and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        and "content-encoding" not in found
        and found.get("content-type", "").startswith(COMPRESSED)
    ):
        body = gzip.compress(body, compresslevel=1)
        headers = [*headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    if environ["REQUEST_METHOD"] != "HEAD":
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
        headers.append(("Content-Length", str(len(body))))
    return body, headers
