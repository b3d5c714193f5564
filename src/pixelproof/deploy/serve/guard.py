"""Around the application: who may ask, what browsers are told, and one line of log for each request."""

from __future__ import annotations

import time
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pixelproof.deploy.serve.replies import Declined, sentence
from pixelproof.progress import say

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Sent with every reply that does not say otherwise."""
LONGEST = 120  # letters of an address in the log


class Guard:
    """An application that answers only whom it should.

    A browser sends requests for any page that is open in it, and such a page can give its own name this machine's
    address (DNS rebinding). Neither gets through.

    Args:
        app: The application.
        loopback: Whether only this machine can reach it, so that it must have been asked for by a name of this machine.
    """

    def __init__(self, app: ASGIApp, loopback: bool) -> None:
        self.app = app
        self.loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        start, status = time.perf_counter(), 0

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            refusal = refused(scope, self.loopback)
            await (sentence(refusal) if refusal else self.app)(scope, receive, tell)
        except Exception as error:  # a fault of ours; the client has been told that there was one
            say(f"unexpected error: {type(error).__name__}: {error}")
        say(f"{scope['method']} {scope['path'][:LONGEST]} {status} {time.perf_counter() - start:.2f} s")


def refused(scope: Scope, loopback: bool) -> Declined | None:
    """Return why a request is not answered, None for one that is."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if loopback and not _is_local(host):
        return Declined(403, "this server answers only as localhost or 127.0.0.1", "open it under one of these names")
    if _is_foreign(headers, host) and not _is_link(scope, headers):
        return Declined(
            403, "another web page sent this request", "open this server's own page, or ask without a browser"
        )
    return None


def _is_local(host: str) -> bool:
    """Return whether a Host header names this machine, with any port, for a tunnel may have changed it."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        return name == "localhost" or name.endswith(".localhost") or ip_address(name).is_loopback
    except ValueError:
        return False


def _is_foreign(headers: Headers, host: str) -> bool:
    """Return whether a browser sends a request for a page that is not ours."""
    origin = headers.get("origin")
    if origin is not None and urlsplit_netloc(origin) != host.lower():
        return True
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def urlsplit_netloc(origin: str) -> str:
    """Return host and port of an Origin header; empty for "null" and for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_link(scope: Scope, headers: Headers) -> bool:
    """Return whether somebody follows a link to our page, which that page cannot look into."""
    to_document = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return bool(scope["method"] == "GET" and scope["path"] == "/" and to_document)
