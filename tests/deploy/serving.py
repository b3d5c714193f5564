"""A server in this process, and a client that sends exactly what a test wants."""

from __future__ import annotations

import io
import json
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

import numpy as np
from PIL import Image

from pixelproof.deploy.serve.desk import Desk
from pixelproof.deploy.serve.running import make_server
from pixelproof.deploy.serve.server import listening


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The sentence, once it is clear that it is one."""
        assert self.status >= 400
        assert self.headers["content-type"] == "application/json"
        found = self.json
        assert list(found) == ["error"]
        assert "; " in found["error"]
        assert "\n" not in found["error"]
        return found["error"]


@dataclass
class Client:
    port: int
    desk: Desk

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body=None, **headers: str) -> Reply:
        """Send a request; headers are named with underscores, and a body that is an iterator goes in chunks."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, named, encode_chunked=isinstance(body, Iterator))
            reply = connection.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def predict(self, name: str, body, answer: str = "", **headers: str) -> Reply:
        return self.ask("POST", f"/api/models/{name}/predict" + f"?answer={answer}" * bool(answer), body, **headers)


@contextmanager
def running(models, limit: int = 2**20, places: int = 16, loopback: bool = True) -> Iterator[Client]:
    """Serve models until the block ends."""
    ready = threading.Event()
    with listening("127.0.0.1", 0) as door:
        desk = Desk(limit, places)
        server = make_server(models, desk, loopback, ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        assert ready.wait(30)
        try:
            yield Client(door.getsockname()[1], desk)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def picture(height: int = 70, width: int = 101, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def encoded(pixels: np.ndarray, format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=format, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that claims to be of this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def huge_tile(side: int) -> bytes:
    """Return a TIFF of 10 x 10 pixels whose one tile claims to be of this size."""
    pixels = zlib.compress(bytes(1000))
    values = {256: 10, 257: 10, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side, 324: 8, 325: len(pixels)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in values.items())
    start = struct.pack("<2sHI", b"II", 42, 8 + len(pixels))
    return start + pixels + struct.pack("<H", len(values)) + entries + bytes(4)


PNG = encoded(picture())
FOLDERS = {"mask": "masks", "ids": "ids", "overlay": "overlays"}
