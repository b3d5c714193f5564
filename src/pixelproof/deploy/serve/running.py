"""The server itself: uvicorn, quiet, on a socket that is open already."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from pixelproof.deploy.serve.app import make_app
from pixelproof.deploy.serve.desk import Desk
from pixelproof.deploy.serve.models import Served

GRACE = 3
"""Seconds for which requests in progress are waited for in the end."""
IDLE = 5
"""Seconds without a word after which a connection that has no request in progress is closed."""
NO_HTTP = b'{"error":"this is not an HTTP request; ask as curl or a browser does"}'


class Protocol(H11Protocol):
    """HTTP 1.1, with the reply to what is none in the form of all others, and no patience with those who say nothing.

    Of itself uvicorn closes a connection that stays idle after an answer, waits for its first request for ever, and
    keeps an answer that nobody reads.
    """

    _until: float | None = None
    """When a connection is closed on which no request is in progress, whatever trickles in meanwhile."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what was sent, and wait for the rest of a head, or for the end of a body that has its answer."""
        begun = self.conn.their_state is not h11.IDLE or bool(self.conn.trailing_data[0])
        super().data_received(data)
        if not begun:
            self._until = None
        if self.conn.their_state is h11.IDLE or self.conn.our_state in (h11.DONE, h11.MUST_CLOSE):
            self._wait()

    def _wait(self) -> None:
        if self._until is None:
            self._until = self.loop.time() + self.timeout_keep_alive
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_at(self._until, self.timeout_keep_alive_handler)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, and for the client to read what it has got."""
        self._until = None
        super().on_response_complete()
        if unread := self.transport.get_write_buffer_size():
            self.loop.call_later(self.timeout_keep_alive, self._drop_unread, unread)

    def _drop_unread(self, before: int) -> None:
        """Cut off a client that has taken nothing of an answer since; one that is slow has as long again."""
        unread = self.transport.get_write_buffer_size()
        if unread >= before:
            self.transport.abort()
        elif unread:
            self.loop.call_later(self.timeout_keep_alive, self._drop_unread, unread)

    def send_400_response(self, msg: str) -> None:
        """Reply to what is no HTTP, unless it comes after a reply, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [("content-type", "application/json"), ("connection", "close")]
            for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=NO_HTTP), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Server(uvicorn.Server):
    """A server that says when it answers.

    Args:
        config: Of uvicorn.
        ready: Called then.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._ready()


def make_server(models: Sequence[Served], desk: Desk, loopback: bool, ready: Callable[[], object]) -> Server:
    """Return a server; its ``run(sockets=[...])`` answers until a signal.

    Args:
        models: The models served.
        desk: Where images wait for their turn.
        loopback: Whether only this machine can reach it.
        ready: Called when requests are answered.
    """
    config = uvicorn.Config(
        make_app(models, desk, loopback),
        loop="asyncio",
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # the guard around the application has a line of its own for each request
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=GRACE,
    )
    return Server(config, ready)
