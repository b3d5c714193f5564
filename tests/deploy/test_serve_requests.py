"""What a server does with wrong requests, with foreign ones, and with more than it can answer at once."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from serving import FOLDERS, PNG, bomb, encoded, huge_tile, picture, running
from starlette.requests import Request

from pixelproof.deploy.serve.answers import answer
from pixelproof.deploy.serve.desk import Desk
from pixelproof.deploy.serve.replies import Declined
from waiting import wait_for

BROKEN = {
    "empty": (b"", "the body is empty"),
    "text": (b"<html>hello</html>", "the image is not a PNG, JPEG, BMP, TIFF or WebP image"),
    "truncated": (PNG[: len(PNG) // 2], "the image is truncated or damaged"),
    "no pixels": (PNG[:60], "the image is truncated or damaged"),
    "tiff": (b"II*\0" + bytes(50), "the image is a TIFF that is damaged"),
    "gif": (encoded(picture(), "GIF"), "the image is not a PNG"),
    "bomb": (bomb(20000, 20000), "the image has more than the 50 megapixels that a server takes; cut it up"),
    "large": (bomb(7001, 7143), "the image has 50,008,143 pixels, and a server takes 50,000,000; cut it up, or use"),
    "tile": (huge_tile(20000), "the image has 400,000,000 pixels, and a server takes 50,000,000; cut it up, or use"),
    "float": (encoded(picture()[..., 0].astype(np.float32), "TIFF"), "the image holds floating-point pixels"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_image_is_one_sentence(case, server):
    data, problem = BROKEN[case]
    for name in ("fcn8s", "colors"):
        reply = server.predict(name, data)
        assert reply.status == 400
        assert reply.error.startswith(problem)
    assert server.ask("POST", "/api/image", data).status == 400
    assert server.predict("fcn8s", PNG).status == 200


def test_a_body_that_is_too_large(server):
    small = b"x" * 2**20
    assert server.predict("fcn8s", small).status == 400
    assert server.predict("fcn8s", small + b"x").error.startswith("the image is larger than 1 MiB")
    assert server.predict("fcn8s", small + b"x").status == 413
    pieces = (b"x" * 2**15 for _ in range(33))
    assert server.predict("fcn8s", pieces, Transfer_Encoding="chunked").status == 413
    assert server.predict("fcn8s", iter([PNG]), "ids", Transfer_Encoding="chunked").status == 200
    assert server.predict("fcn8s", b"x" * 6 * 2**20).status == 413  # is told so, rather than cut off


def test_a_body_whose_last_piece_is_too_much():
    async def receive():
        return {"type": "http.request", "body": b"x" * 11, "more_body": False}

    def serve():
        asyncio.run(Desk(limit=10).receive(Request({"type": "http", "headers": []}, receive)))

    # In a thread of its own: a browser that another test has started keeps a loop running in this one.
    with ThreadPoolExecutor(1) as pool, pytest.raises(Declined, match="larger than"):
        pool.submit(serve).result()


def test_few_bytes_of_many_pixels(server, monkeypatch):
    monkeypatch.setattr("pixelproof.deploy.serve.answers.MOST_PIXELS", 1000)
    assert "the image has 7,070 pixels, and a server takes 1,000; cut it up" in server.predict("fcn8s", PNG).error


def test_a_form_is_told_from_an_image(server):
    reply = server.predict("fcn8s", b"--x\r\n", Content_Type="multipart/form-data; boundary=x")
    assert reply.status == 415
    assert "--data-binary" in reply.error


def test_wrong_requests(server):
    reply = server.predict("fcn9s", PNG)
    assert (reply.status, reply.error) == (404, "there is no model 'fcn9s'; did you mean 'fcn8s'?")
    for name in ("a%20b", "%E6%B0%B4", "100%25", "..%2Fcolors", "a%2Fb", "%00", "%ff", "x" * 3000, "<b>"):
        assert server.predict(name, PNG).status == 404
        assert server.predict(name, PNG).error
    reply = server.predict("fcn8s", PNG, "picture")
    assert (reply.status, "'json', 'mask', 'ids' or 'overlay'" in reply.error) == (400, True)
    for kind in FOLDERS:
        reply = server.predict("colors", PNG, kind)
        assert (reply.status, reply.error) == (
            *(400, f"colors is a classifier and draws no {kind}; ask for answer=json"),
        )
    assert server.get("/api/models/fcn8s/predict").status == 405
    assert "does not take GET" in server.get("/api/models/fcn8s/predict").error
    assert server.get("/api/models/").error
    assert server.ask("DELETE", "/").error


@pytest.mark.parametrize(
    "said", [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"]
)
def test_what_is_no_http(said, server):
    with socket.create_connection(("127.0.0.1", server.port)) as link, link.makefile("r", encoding="utf-8") as lines:
        link.sendall(said)
        reply = lines.read()
    assert reply.startswith("HTTP/1.1 400 ")
    assert "application/json" in reply
    assert '{"error":"this is not an HTTP request; ' in reply


def test_only_this_machines_own_pages_may_ask(server):
    port = server.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost", f"[::1]:{port}", "a.localhost:9000"):
        assert server.get("/api/health", Host=host).status == 200, host
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "192.168.1.7",
        "127.0.0.1.evil.example",
        "localhost.evil",
        "[",
    ):
        reply = server.get("/api/health", Host=host)
        assert (reply.status, "localhost" in reply.error) == (403, True), host
    own = f"http://127.0.0.1:{port}"
    assert server.predict("colors", PNG, Origin=own, Sec_Fetch_Site="same-origin").status == 200
    assert server.predict("colors", PNG, Sec_Fetch_Site="none").status == 200
    for origin in ("https://evil.example", "null", "http://localhost:3000", f"http://localhost:{port}", "http://["):
        reply = server.predict("colors", PNG, Origin=origin)
        assert (reply.status, "another web page" in reply.error) == (403, True), origin
    for site in ("cross-site", "same-site"):
        assert server.get("/api/models", Sec_Fetch_Site=site).status == 403
        assert server.get("/", Sec_Fetch_Site=site).status == 403
        link = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
        assert server.get("/", **link).status == 200
        assert server.get("/api/models", **link).status == 403


def test_other_machines_may_ask_where_they_are_let_in_but_no_foreign_page(models):
    with running(models, loopback=False) as client:
        own = "server.example:8000"
        assert client.predict("colors", PNG, Host=own).status == 200
        assert client.predict("colors", PNG, Host=own, Origin=f"https://{own}").status == 200
        assert client.predict("colors", PNG, Host=own, Origin="https://evil.example").status == 403
        assert client.get("/api/models", Host=own, Sec_Fetch_Site="cross-site").status == 403


def test_headers_of_every_reply(server):
    replies = [server.get("/"), server.get("/api/models"), server.get("/nowhere"), server.predict("fcn8s", PNG, "mask")]
    replies += [server.predict("fcn8s", b"x"), server.get("/", Host="evil.example")]
    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert not [name for name in reply.headers if name.startswith("access-control") or name == "server"]


def test_each_of_many_gets_its_own_answer(server, models):
    images = [encoded(picture(40 + seed, 50, seed)) for seed in range(12)]
    asked = [(models[seed % 3], data) for seed, data in enumerate(images)]
    expected = [answer(served, data) for served, data in asked]
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda item: server.predict(item[0].name, item[1]).json, asked))
    assert [reply | {"seconds": 0} for reply in replies] == [found | {"seconds": 0} for found in expected]


def begun(client, promised: int) -> socket.socket:
    """Begin to send an image, and stop."""
    link = socket.create_connection(("127.0.0.1", client.port))
    head = ["POST /api/models/fcn8s/predict HTTP/1.1", "Host: localhost", "Connection: close"]
    link.sendall("\r\n".join([*head, f"Content-Length: {promised}", "", "x"]).encode())
    return link


def test_when_all_places_are_taken(models, capfd):
    with running(models, places=2) as client:
        slow = [begun(client, 1000) for _ in range(2)]
        wait_for(lambda: client.desk.taken == 2)
        reply = client.predict("fcn8s", PNG)
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert reply.error == "2 images are being answered already; try again in some seconds"
        assert client.get("/api/health").status == 200
        for link in slow:  # they leave without a word
            link.close()
        wait_for(lambda: client.desk.taken == 0)
        assert client.predict("fcn8s", PNG).status == 200
    assert "Traceback" not in capfd.readouterr().err


def test_who_is_sent_away_is_told_how_long_an_answer_takes(models, monkeypatch):
    monkeypatch.setattr("pixelproof.deploy.serve.app.answer", lambda served, data, kind: time.sleep(1.1) or {})
    with running(models, places=1) as client:
        client.predict("fcn8s", PNG)
        with begun(client, 1000):
            wait_for(lambda: client.desk.taken == 1)
            assert client.predict("fcn8s", PNG).headers["retry-after"] == "2"


def test_an_image_that_does_not_arrive(models, monkeypatch):
    monkeypatch.setattr("pixelproof.deploy.serve.desk.PATIENCE", 0.2)
    with running(models) as client, begun(client, 1000) as link:
        with link.makefile("r", encoding="utf-8") as lines:
            reply = lines.read()
        assert " 408 " in reply.splitlines()[0]
        assert "did not arrive within" in reply
        wait_for(lambda: client.desk.taken == 0)


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_a_connection_without_a_request_is_closed(said, models, monkeypatch):
    monkeypatch.setattr("pixelproof.deploy.serve.running.IDLE", 0.2)
    with running(models) as client, socket.create_connection(("127.0.0.1", client.port), timeout=10) as link:
        link.sendall(said)
        with link.makefile("r", encoding="utf-8") as lines:
            reply = lines.read()  # until the server closes
        assert reply.startswith("HTTP/1.1 200 ") or not said.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "first", [b"", b"POST /api/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"]
)
def test_a_connection_on_which_something_trickles_is_closed(first, models, monkeypatch):
    """Bytes of a head, or of a body that has its answer already."""
    monkeypatch.setattr("pixelproof.deploy.serve.running.IDLE", 0.5)
    with running(models) as client, socket.create_connection(("127.0.0.1", client.port), timeout=10) as link:
        link.sendall(first)
        if first:
            assert link.recv(9) == b"HTTP/1.1 "
        start = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011  reset or broken pipe, as it happens
            while time.monotonic() < start + 10:
                link.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() < start + 5


def test_what_is_no_http_after_an_answer_is_not_answered_and_leaves_no_traceback(models, caplog):
    begin = b"POST /api/nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with running(models) as client, socket.create_connection(("127.0.0.1", client.port), timeout=10) as link:
        link.sendall(begin)
        said = link.recv(100_000)
        link.sendall(b"zz\r\n")
        with contextlib.suppress(ConnectionResetError):
            while more := link.recv(100_000):
                said += more
    assert said.count(b"HTTP/1.1 ") == 1
    assert b" 404 " in said
    assert not caplog.records


def test_an_answer_that_nobody_reads_is_not_kept(models, monkeypatch):
    monkeypatch.setattr("pixelproof.deploy.serve.running.IDLE", 0.3)
    large = b"x" * 20_000_000
    monkeypatch.setattr("pixelproof.deploy.serve.app.answer", lambda served, data, kind: large)
    with running(models) as client:
        assert client.predict("fcn8s", b"y").body == large  # whoever reads it gets all of it
        with begun(client, 2) as link:
            link.sendall(b"y")
            time.sleep(2)
            got = 0
            with contextlib.suppress(ConnectionResetError):
                while more := link.recv(1_000_000):
                    got += len(more)
            assert got < len(large)


def test_a_prediction_may_take_longer_than_a_connection_may_idle(models, monkeypatch):
    monkeypatch.setattr("pixelproof.deploy.serve.running.IDLE", 0.2)
    monkeypatch.setattr("pixelproof.deploy.serve.app.answer", lambda served, data, kind: time.sleep(0.6) or {})
    with running(models) as client, begun(client, 2) as link:
        time.sleep(0.6)  # an image that arrives slowly, too
        link.sendall(b"y")
        with link.makefile("r", encoding="utf-8") as lines:
            assert lines.read().startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("size", [1, 200_000])  # above 64 KiB, uvicorn reads on only when asked
def test_a_client_that_leaves_before_its_turn_is_not_worked_for(size, models, monkeypatch, capfd):
    asked, left = [], threading.Event()

    def slow(served, data, kind):
        asked.append(len(data))
        assert left.wait(30)
        return {}

    monkeypatch.setattr("pixelproof.deploy.serve.app.answer", slow)
    with running(models) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.predict, "fcn8s", b"first")
        wait_for(lambda: asked)
        waiting = [begun(client, size) for _ in range(3)]
        for link in waiting:
            link.sendall(b"y" * (size - 1))
        wait_for(lambda: client.desk.taken == 4)
        time.sleep(0.2)  # the images arrive, and their requests wait
        for link in waiting:
            link.close()
        wait_for(lambda: client.desk.taken == 1)  # their places are free at once, though their turn has not come
        left.set()
        assert first.result().status == 200
        wait_for(lambda: client.desk.taken == 0)
        assert client.predict("fcn8s", b"the last").status == 200
    assert asked == [5, 8]
    assert capfd.readouterr().err.count(" 499 ") == 3


def test_a_fault_of_ours_says_nothing_of_the_inside(models, monkeypatch, capfd):
    def fail(served, data, kind):
        raise OSError(2, "No such file", "/home/somebody/secret")

    monkeypatch.setattr("pixelproof.deploy.serve.app.answer", fail)
    with running(models) as client:
        reply = client.predict("fcn8s", PNG)
        assert reply.status == 500
        assert "secret" not in reply.error
        assert client.get("/api/health").status == 200
    err = capfd.readouterr().err
    assert "unexpected error: FileNotFoundError" in err
    assert "Traceback" not in err
    assert "POST /api/models/fcn8s/predict 500" in err
