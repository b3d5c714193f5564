"""The HTTP API: which address answers what."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from pixelproof import __version__
from pixelproof.deploy.serve.answers import Answer, answer, as_seen, refuse_pictures
from pixelproof.deploy.serve.desk import Desk
from pixelproof.deploy.serve.guard import Guard
from pixelproof.deploy.serve.models import Served
from pixelproof.deploy.serve.replies import HANDLERS, Declined
from pixelproof.report.serve_page import serve_page
from pixelproof.schema import nearest

IMAGE = {
    "requestBody": {
        "required": True,
        "description": "The bytes of an image file: PNG, JPEG, BMP, TIFF or WebP.",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""What OpenAPI is told of a body that is read as it comes."""
ERROR = {
    "description": "What is wrong, and what to do next.",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
        }
    },
}
PNG = "image/png"


class Service:
    """What every address answers.

    Args:
        models: The models served.
        desk: Where images wait for their turn.
    """

    def __init__(self, models: Sequence[Served], desk: Desk) -> None:
        self.models = {served.name: served for served in models}
        self.desk = desk
        self.page, self.policy = serve_page()

    async def index(self) -> Response:
        """Return the page to look at answers."""
        return HTMLResponse(self.page, headers={"Content-Security-Policy": self.policy})

    async def health(self) -> dict[str, str]:
        """Say that the server runs."""
        return {"status": "ok", "version": __version__}

    async def listed(self) -> dict[str, Any]:
        """Return the models served, with their classes."""
        return {"models": [served.facts() for served in self.models.values()]}

    async def predict(
        self,
        request: Request,
        name: Annotated[str, Path(description="A name that /api/models lists.")],
        kind: Annotated[Answer, Query(alias="answer", description="Plain data, or a segmenter's picture.")] = "json",
    ) -> Response:
        """Return a model's answer to the image in the body."""
        if (served := self.models.get(name)) is None:
            raise Declined(404, f"there is no model '{name}'", nearest(name, list(self.models)))
        refuse_pictures(served, kind)
        found = await self._worked(request, partial(answer, served, kind=kind))
        return Response(found, media_type=PNG) if isinstance(found, bytes) else JSONResponse(found)

    async def image(self, request: Request) -> Response:
        """Return the image in the body as the models see it: RGB, 8 bits, upright."""
        readers = [served.predictor.reader for served in self.models.values()]
        return Response(await self._worked(request, partial(as_seen, readers=readers)), media_type=PNG)

    async def _worked(self, request: Request, job: Any) -> Any:
        with self.desk.place():
            data = await self.desk.receive(request)
            return await self.desk.work(request, partial(job, data))


def make_app(models: Sequence[Served], desk: Desk, loopback: bool = True) -> Guard:
    """Return the application that a server runs.

    Args:
        models: The models served.
        desk: Where images wait for their turn.
        loopback: Whether only this machine can reach it.
    """
    service = Service(models, desk)
    # The pages of documentation that FastAPI brings load their scripts from elsewhere.
    app = FastAPI(title="Pixelproof", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    said = {200: {"content": {PNG: {}}}, "4XX": ERROR, "5XX": ERROR}
    app.add_api_route("/", service.index, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/api/health", service.health)
    app.add_api_route("/api/health", service.health, methods=["HEAD"], include_in_schema=False)
    app.add_api_route("/api/models", service.listed)
    answers: dict[str, Any] = {"methods": ["POST"], "openapi_extra": IMAGE, "responses": said}
    app.add_api_route("/api/models/{name}/predict", service.predict, **answers)
    app.add_api_route("/api/image", service.image, response_class=Response, **answers)
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    return Guard(app, loopback)
