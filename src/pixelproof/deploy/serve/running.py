"""The server itself: uvicorn, quiet, on a socket that is open already."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

import uvicorn

from pixelproof.deploy.serve.app import make_app
from pixelproof.deploy.serve.desk import Desk
from pixelproof.deploy.serve.models import Served

GRACE = 10
"""Seconds for which requests in progress are waited for in the end."""


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
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # the guard around the application has a line of its own for each request
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    return Server(config, ready)
