"""``serve`` as a user starts and ends it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from serving import encoded, picture

from pixelproof import api
from pixelproof.deploy.serve.server import address, is_loopback, listening
from pixelproof.errors import UserError
from pixelproof.runs import packages
from waiting import PATIENCE


def test_from_the_address_to_ctrl_c(runs):
    command = [sys.executable, "-m", "pixelproof", "serve", *(str(run.path) for run in runs), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--device", "cpu", "--max-megabytes", "0.5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        with urllib.request.urlopen(f"{url}/api/models") as reply:
            assert [model["name"] for model in json.load(reply)["models"]] == ["fcn8s", "fcn32s", "colors"]
        asked = urllib.request.Request(f"{url}/api/models/colors/predict", encoded(picture(8, 8)))
        with urllib.request.urlopen(asked) as reply:
            assert json.load(reply)["label"]["name"] in ("red", "green", "blue")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "")
    lines = err.splitlines()
    assert lines[0] == "fcn8s: fcn8s, segmentation, 7 classes, computed by torch on cpu"
    assert [line.rsplit(" ", 2)[0] for line in lines[3:]] == [
        *("GET /api/models 200", "POST /api/models/colors/predict 200")
    ]


def test_it_says_so_when_other_machines_can_reach_it(runs, capsys, monkeypatch):
    monkeypatch.setattr("pixelproof.deploy.serve.running.Server.run", lambda self, sockets: self._ready())
    addresses = []
    for host in ("0.0.0.0", "127.0.0.1"):
        api.serve([str(runs[2].path)], host=host, port=0, device="cpu", ready=addresses.append)
    assert re.fullmatch(r"http://localhost:\d+", addresses[0])
    assert capsys.readouterr().err.count("note: other machines can reach this server, and it has no password") == 1


def test_a_port_that_is_taken(pixelproof, runs):
    with listening("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        code, out, err = pixelproof("serve", runs[0].path, "--port", port)
    said = f"pixelproof: port {port} of 127.0.0.1 is taken; give another --port, or 0 for a free one.\n"
    assert (code, out, err) == (2, "", said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{0}", "{0}"], "{0} is given twice; give each run once"),
        (["{0}", "{0}/../fcn8s"], "{0}/../fcn8s is given twice; give each run once"),
        (["{0}", "{0}/nowhere"], "{0}/nowhere is not a run folder (it has no config.yaml); give a folder that"),
        (["{0}", "--backend", "tensorflow"], "there is no backend 'tensorflow'; known are auto, ncnn, "),
        (["{2}", "--scales", "0.5"], "scales are for segmenters, and this run classifies whole images; leave them out"),
        (
            ["{0}", "{2}", "--threshold", "rde=0.5"],
            "--threshold 'rde=0.5': there is no class 'rde'; did you mean 'red'?",
        ),
        (["{2}", "--threshold", "red=2"], "--threshold 'red=2' is not a class and a probability of 0 to 1; write such"),
        (["{0}", "--threshold", "urban=0.5"], "--threshold is for classifiers, and these classes are of masks; leave"),
        (["{0}", "--device", "abacus"], "device 'abacus' is not available here; use auto, cpu, cuda or cuda:N"),
        (
            ["{0}", "--host", "nowhere.invalid"],
            "nowhere.invalid, port 0, is not an address of this machine; give --host",
        ),
        (["{0}", "--host", "192.0.2.1"], "192.0.2.1, port 0, is not an address of this machine; give --host"),
        (["{0}", "--port", "70000"], "serve: option '--port': "),
        (["{0}", "--max-megabytes", "0"], "serve: option '--max-megabytes': "),
        ([], "serve: argument RUN... is missing; see 'pixelproof serve --help'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_sentence(arguments, said, pixelproof, runs):
    path = str(runs[0].path)
    words = [word.replace("{0}", path).replace("{2}", str(runs[2].path)) for word in arguments]
    code, out, err = pixelproof("serve", *([] if "--port" in words else ["--port", "0"]), *words)
    assert (code, out) == (2, "")
    assert err.startswith("pixelproof: " + said.replace("{0}", path))
    assert err.count("\n") == 1


def test_the_extra_that_is_missing(pixelproof, runs, monkeypatch):
    monkeypatch.setattr(packages, "version", lambda package: None)
    code, out, err = pixelproof("serve", runs[0].path)
    how = "install the extra: pip install -c constraints.txt -e '.[serve]'"
    said = f"pixelproof: a server needs fastapi, which is not installed; {how}.\n"
    assert (code, out, err) == (2, "", said)


def test_who_can_reach_it():
    with listening("127.0.0.1", 0) as door:
        assert is_loopback(door)
        assert address(door) == f"http://127.0.0.1:{door.getsockname()[1]}"
    with listening("0.0.0.0", 0) as door:
        assert not is_loopback(door)
        assert address(door) == f"http://localhost:{door.getsockname()[1]}"
    if socket.has_ipv6:
        try:
            door = listening("::1", 0)
        except UserError:
            pytest.skip("this machine has no IPv6")
        with door:
            assert is_loopback(door)
            assert address(door) == f"http://[::1]:{door.getsockname()[1]}"
