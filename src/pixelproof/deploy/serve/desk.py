"""Where requests wait for their turn: one prediction at a time, and a limited number of requests at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from pixelproof.deploy.serve.replies import Declined

PLACES = 16
"""Requests that hold an image at once, uploads included; more are sent away."""
PATIENCE = 120.0
"""Seconds within which an image must have arrived."""
DISCARDED = 8
"""How many times the largest size is read of an image that is larger, before the line is cut."""
HOPS = 10
"""Rounds of the event loop, of microseconds, in which it sees that a client has left; four, and some to spare."""
Result = TypeVar("Result")


class Desk:
    """Takes images in and has one worked on at a time.

    A network uses all cores already, so two at once would only take twice the memory.

    Args:
        limit: Largest image file in bytes.
        places: How many requests may hold an image at once.
    """

    def __init__(self, limit: int, places: int = PLACES) -> None:
        self.limit = limit
        self.places = places
        self.taken = 0
        self._turn = asyncio.Lock()
        self._took = 1.0  # seconds of a job, as far as is known
        self._begun: float | None = None  # when the job began that runs
        # One thread of its own, for libraries keep memory for each thread that calls them.
        self._worker = ThreadPoolExecutor(1, "pixelproof")

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places.

        Raises:
            Declined: All are taken.
        """
        if self.taken >= self.places:
            raise Declined(
                503,
                f"{self.taken} images are being answered already",
                "try again in some seconds",
                {"Retry-After": str(self._wait())},
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1

    async def receive(self, request: Request) -> bytes:
        """Return the body of a request.

        Raises:
            Declined: It is empty, too large, too slow, or a form.
            ClientDisconnect: The client has left.
        """
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            raise Declined(415, "the body is a form", "send the image itself, as curl --data-binary @image.jpg does")
        stated, stream = request.headers.get("content-length", ""), request.stream()
        if stated.isdecimal() and len(stated) < 20:  # HTTP has checked it; the length guards int()
            await self._refuse_large(int(stated), stream)
        body = bytearray()
        try:
            async with asyncio.timeout(PATIENCE):
                async for chunk in stream:
                    body += chunk
                    await self._refuse_large(len(body), stream)
        except TimeoutError:
            raise Declined(408, f"the image did not arrive within {PATIENCE:.0f} seconds", "send it again") from None
        if not body:
            raise Declined(400, "the body is empty", "send the bytes of an image file, curl --data-binary @image.jpg")
        return bytes(body)

    async def work(self, request: Request, job: Callable[[], Result]) -> Result:
        """Return what a job gives, when it is this request's turn and the client still waits for it.

        Raises:
            ClientDisconnect: The client has left.
        """
        # Listening all the while, for the server reads on only then and has to read to the end to see a client leave.
        leaving, turn = asyncio.create_task(_left(request)), asyncio.create_task(self._turn.acquire())
        try:
            await asyncio.wait((leaving, turn), return_when=asyncio.FIRST_COMPLETED)
            for _ in range(HOPS):
                await asyncio.sleep(0)
            if leaving.done():
                raise ClientDisconnect
            return await self._run(job)
        finally:
            leaving.cancel()
            turn.cancel()
            if turn.done() and not turn.cancelled():
                self._turn.release()

    async def _run(self, job: Callable[[], Result]) -> Result:
        begun = self._begun = time.monotonic()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, job)
        finally:
            # Quick ones, such as an image to look at, say little of how long an answer takes.
            self._took, self._begun = max(time.monotonic() - begun, self._took / 2), None

    def _wait(self) -> int:
        """Return after how many seconds one of the requests will have had its answer, and its place be free."""
        running = 0.0 if self._begun is None else time.monotonic() - self._begun
        return math.ceil(max(self._took, running))

    async def _refuse_large(self, size: int, rest: AsyncIterator[bytes]) -> None:
        if size > self.limit:
            await _discard(rest, most=DISCARDED * self.limit)
            most = f"{self.limit / 2**20:.4g} MiB"
            raise Declined(
                413, f"the image is larger than {most}", "send a smaller one, or serve with a larger --max-megabytes"
            )


async def _left(request: Request) -> None:
    """Wait until a client has left whose image is there."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _discard(rest: AsyncIterator[bytes], most: int) -> None:
    """Read what a client still sends, within bounds: many read no answer before all is sent, and see a broken line."""
    read = 0
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(PATIENCE):
            async for chunk in rest:
                read += len(chunk)
                if read > most:
                    return
