"""What ends a command before it is done: Ctrl-C, a closed console, too little memory."""

import io
import json
import shlex
import signal
import subprocess
import sys
import time

import pytest
import torch

from waiting import PATIENCE, started, wait_for


def test_nothing_of_a_closed_stderr_reaches_stdout():
    """Python's print() takes stdout where there is no stderr."""
    command = f"exec {shlex.quote(sys.executable)} -m pixelproof doctor nowhere 2>&-"
    done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_memory_that_is_not_enough_is_called_so(pixelproof, monkeypatch):
    monkeypatch.setattr("pixelproof.verbs.show.describe_model", lambda *_: torch.empty(2**48))
    code, _, err = pixelproof("show", "vgg16")
    assert (code, err.startswith("pixelproof: the memory is not enough; use a smaller batch_size")) == (2, True)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_of_few_characters_is_no_error(pixelproof, monkeypatch, color_classes, encoding):
    (color_classes / "train" / "red").rename(color_classes / "train" / "紅 → r")
    (color_classes / "validation" / "red").rename(color_classes / "validation" / "紅 → r")
    for args in (["doctor", color_classes], ["doctor", color_classes, "--json"], ["train", color_classes / "→"]):
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        code, *_ = pixelproof(*args)
        said = [(stream.flush(), stream.buffer.getvalue().decode(encoding))[1] for stream in (out, err)]
        assert code == (2 if args[0] == "train" else 0), said
        if "--json" in args:
            assert "紅 → r" in json.loads(said[0])["summary"]["classes"]
        else:
            assert "?" in "".join(said)


SLIM = ["--set", "width=0.03", "--set", "batch_size=4", "--set", "device=cpu", "--set", "epochs=100000"]


def test_ctrl_c_says_how_to_go_on(two_fields, tmp_path):
    command = ["train", two_fields, "--model", "fcn8s-bn", "--out", tmp_path / "run", *SLIM]
    # A process started in the background ignores the signal unless told otherwise.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{listen}; from pixelproof.__main__ import run; run()"
    with started([sys.executable, "-c", code, *command], stderr=subprocess.PIPE, text=True) as process:
        wait_for((tmp_path / "run" / "metrics.csv").exists, process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
        process.send_signal(signal.SIGINT)  # as wrappers do that pass it on
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "stopped; 'pixelproof train DATA --out RUN --resume' goes on where it was." in err
    assert "Traceback" not in err


def test_ctrl_c_while_the_command_line_is_imported_is_one_line():
    code = """
import sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "pixelproof.cli.main":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
from pixelproof.__main__ import run
run()
"""
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "pixelproof: stopped.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--debug", "study", "a.yaml"], "; the same command goes on where it was"),
        (["map", "run", "train.tif"], "; the same command goes on where it was"),
        (["cut", "scene.tif", "--labels", "fields.gpkg"], "; the same command goes on where it was"),
        (["stress", "run", "data"], "; the same command goes on where it was"),
        (["export", "run"], ""),
        ([], ""),
    ],
)
def test_only_what_a_stopped_command_keeps_is_promised(monkeypatch, words, said):
    from pixelproof.cli.main import _how_to_go_on

    monkeypatch.setattr(sys, "argv", ["pixelproof", *words])
    assert _how_to_go_on() == said
