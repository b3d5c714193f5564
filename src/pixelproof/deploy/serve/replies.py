"""What is said to a client that asks for something that is not there, or not allowed: one sentence as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from pixelproof.errors import UserError

LEFT = 499
"""Nobody reads the answer to a client that has left; the log shows it under the number that nginx gave it."""


class Declined(UserError):
    """A request that is not answered.

    Args:
        status: Of HTTP.
        problem: What is wrong.
        remedy: What to do next.
        headers: Further headers of the reply.
    """

    def __init__(self, status: int, problem: str, remedy: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem, remedy)
        self.status = status
        self.headers = headers


def sentence(error: UserError) -> Response:
    """Return the reply to an error that the client caused; one that is not more exact is status 400."""
    status, headers = (error.status, error.headers) if isinstance(error, Declined) else (400, None)
    return JSONResponse({"error": str(error)}, status, headers)


async def user_error(request: Request, error: Exception) -> Response:
    """Return the reply to a ``UserError``."""
    assert isinstance(error, UserError)
    return sentence(error)


async def http_error(request: Request, error: Exception) -> Response:
    """Return the reply to an address or method that does not exist."""
    assert isinstance(error, HTTPException)
    problem = {404: "there is nothing at this address", 405: f"this address does not take {request.method}"}
    said = problem.get(error.status_code, HTTPStatus(error.status_code).phrase.lower())
    return sentence(Declined(error.status_code, said, "see /openapi.json for what there is", error.headers))


async def invalid(request: Request, error: Exception) -> Response:
    """Return the reply to a parameter with a wrong value."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return sentence(Declined(400, f"'{first['loc'][-1]}': {first['msg'].lower()}", "correct it"))


async def left(request: Request, error: Exception) -> Response:
    """Return what nobody reads: the client has left."""
    return Response(status_code=LEFT)


async def failed(request: Request, error: Exception) -> Response:
    """Return the reply to a fault of ours, which tells nothing of the inside; the server's log names it."""
    return sentence(Declined(500, "the server failed on this request", "look at what it printed, or try another image"))


HANDLERS = {
    UserError: user_error,
    HTTPException: http_error,
    RequestValidationError: invalid,
    ClientDisconnect: left,
    Exception: failed,
}
"""The reply to each kind of error."""
