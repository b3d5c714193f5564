"""The command line as a user meets it."""

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.main import get_command

from pixelproof.cli.main import app
from pixelproof.data import image_size
from waiting import PATIENCE, started, wait_for

SLIM = ["--set", "width=0.03", "--set", "epochs=1", "--set", "batch_size=4", "--set", "device=cpu"]

OPTIONS = {
    "compare": {
        "--out",
        "--split",
        "--protocol",
        "--unpaired",
        "--groups",
        "--metric",
        "--margin",
        "--seed",
        "--lang",
        "--overwrite",
        "--json",
        "--help",
    },
    "masks": {"--images", "--rest", "--json", "--help"},
    "cut": {"--labels", "--out", "--field", "--layer", "--as", "--rest", "--classes", "--side", "--json", "--help"},
    "assess": {"--map", "--truth", "--out", "--seed", "--overwrite", "--json", "--help"},
    "cam": {"--out", "--class", "--device", "--overwrite", "--help"},
    "demo": {"--out", "--set", "--help"},
    "doctor": {
        "--bands",
        "--stretch",
        "--groups",
        "--strict",
        "--out",
        "--overwrite",
        "--json",
        "--write-labels",
        "--help",
    },
    "correct": {"--json", "--help"},
    "drift": {
        *(
            "--split",
            "--labelled",
            "--groups",
            "--out",
            "--seed",
            "--device",
            "--lang",
            "--overwrite",
            "--json",
            "--help",
        )
    },
    "embed": {"--out", "--split", "--layer", "--perplexity", "--seed", "--onto", "--device", "--overwrite", "--help"},
    "ensemble": {"--data", "--out", "--device", "--overwrite", "--help"},
    "evaluate": {
        *("--split", "--device", "--backend", "--tta", "--scales", "--threshold", "--find", "--cost", "--out"),
        *("--keep", "--rule", "--overwrite", "--json", "--help"),
    },
    "explain": {
        *("--out", "--split", "--layer", "--unlabelled", "--most", "--seed", "--device", "--overwrite", "--help")
    },
    "export": {
        *("--format", "--to", "--out", "--data", "--images", "--tolerance", "--rule", "--overwrite", "--json"),
        "--help",
    },
    "leave-out": {"--json", "--help"},
    "map": {
        *("--out", "--polygons", "--simplify", "--probabilities", "--bands", "--nodata", "--stretch", "--tile"),
        *("--tta", "--scales", "--device", "--backend", "--overwrite", "--json", "--help"),
    },
    "predict": {
        *("--out", "--device", "--backend", "--tta", "--scales", "--part", "--probabilities", "--threshold"),
        *("--per-group", "--any", "--rule"),
        *("--skip-unreadable", "--overwrite", "--help"),
    },
    "report": {"--lang", "--help"},
    "sample": {*("--out", "--scene", "--labels", "--points", "--least", "--seed", "--bands", "--stretch", "--help")},
    "score": {
        *("--labels", "--merge", "--per-group", "--any", "--threshold", "--find", "--cost", "--out", "--overwrite"),
        *("--keep", "--rule", "--json", "--help"),
    },
    "serve": {
        *("--host", "--port", "--device", "--backend", "--tta", "--scales", "--threshold", "--rule"),
        *("--max-megabytes", "--help"),
    },
    "show": {"--classes", "--size", "--diagram", "--json", "--set", "--help"},
    "verify": {"--json", "--help"},
    "pack": {"--out", "--images", "--help"},
    "speed": {"--batch", "--size", "--backend", "--tta", "--device", "--rounds", "--json", "--help"},
    "stress": {
        *("--out", "--split", "--only", "--strengths", "--most", "--metric", "--margin", "--seed", "--tta", "--device"),
        *("--drift", "--backend", "--lang", "--overwrite", "--json", "--help"),
    },
    "study": {"--data", "--out", "--processes", "--jobs", "--set", "--help"},
    "train": {
        *("--model", "--out", "--weights", "--resume", "--no-fold", "--processes", "--overwrite", "--set", "--help")
    },
}


def test_the_surface_grows_only_on_purpose():
    commands = get_command(app).commands
    found = {
        name: {o for p in c.params for o in p.opts if o.startswith("--")} | {"--help"} for name, c in commands.items()
    }
    assert found == OPTIONS


def test_every_option_is_named_in_the_documents():
    root = Path(__file__).parents[2]
    pages = "\n".join(page.read_text("utf-8") for page in [root / "README.md", *(root / "docs").rglob("*.md")])
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", pages))
    group = get_command(app)
    offered = {
        option
        for command in (group, *group.commands.values())
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }
    assert offered - named == {"--install-completion", "--show-completion"}


HEAVY = {"torch", "torchvision", "numpy", "PIL", "matplotlib", "sklearn", "scipy", "yaml"}


@pytest.mark.parametrize(
    ("arguments", "completing"),
    [
        (["--help"], {}),
        (["train", "--help"], {}),
        (["--version"], {}),
        ([], {"_PIXELPROOF_COMPLETE": "complete_bash", "COMP_WORDS": "pixelproof tr", "COMP_CWORD": "1"}),
    ],
    ids=["help", "help of a verb", "version", "completion"],
)
def test_help_and_completion_import_nothing_heavy(arguments, completing):
    code = (
        f"import sys; sys.argv = {['pixelproof', *arguments]}\n"
        "from pixelproof.cli.main import run\n"
        "try: run()\n"
        f"except SystemExit: print('loaded:', *sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ | completing
    )
    assert done.stdout.endswith("loaded:\n"), done.stdout
    assert {"": "train", "--version": ".", "--help": "Usage", "train": "--resume"}[
        "".join(arguments[:1])
    ] in done.stdout


def test_python_m_is_the_console_script():
    module = [sys.executable, "-m", "pixelproof"]
    helped = subprocess.run([*module, "--help"], check=True, capture_output=True, text=True)
    assert "Usage: pixelproof " in helped.stdout
    refused = subprocess.run([*module, "score", "nowhere"], check=False, capture_output=True, text=True)
    assert (refused.returncode, refused.stderr[:12]) == (2, "pixelproof: ")


def test_nothing_of_a_closed_stderr_reaches_stdout():
    """Python's print() takes stdout where there is no stderr."""
    command = f"exec {shlex.quote(sys.executable)} -m pixelproof doctor nowhere 2>&-"
    done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_memory_that_is_not_enough_is_called_so(pixelproof, monkeypatch):
    monkeypatch.setattr("pixelproof.verbs.show.describe_model", lambda *_: torch.empty(2**48))
    code, _, err = pixelproof("show", "vgg16")
    assert (code, err.startswith("pixelproof: the memory is not enough; use a smaller batch_size")) == (2, True)


def test_train_evaluate_predict_score_from_the_shell(pixelproof, two_fields, tmp_path):
    code, out, _ = pixelproof("train", two_fields, "--model", "fcn8s-bn", "--out", tmp_path / "run", *SLIM)
    assert (code, out.strip()) == (0, str(tmp_path / "run"))
    code, out, _ = pixelproof("evaluate", tmp_path / "run", two_fields, "--json")
    figures = json.loads(out)
    assert code == 0
    assert figures["task"] == "segmentation"
    assert set(figures["protocols"]) == {"unknown_counted", "unknown_ignored"}
    assert figures["images"] == 3
    assert (
        figures["protocols"]["unknown_counted"]["iou"]["urban"] is None
        or figures["protocols"]["unknown_counted"]["iou"]["urban"] == 0
    )
    code, out, _ = pixelproof("predict", tmp_path / "run", two_fields / "validation", "--out", tmp_path / "maps")
    assert (code, out.strip()) == (0, f"3 images predicted: {tmp_path / 'maps'}")
    for number in (1, 2):
        whole = ["predict", tmp_path / "run", two_fields / "validation", "--out", tmp_path / f"part{number}"]
        code, out, _ = pixelproof(*whole, "--part", f"{number}/2")
        assert (code, out.split()[0]) == (0, str(3 - number))
    parts = [file for number in (1, 2) for file in (tmp_path / f"part{number}").rglob("*.png")]
    wholes = {file.name: file.read_bytes() for file in (tmp_path / "maps" / "overlays").iterdir()}
    assert {file.name: file.read_bytes() for file in parts if file.parent.name == "overlays"} == wholes
    assert len(parts) == 3 * len(wholes)
    code, out, _ = pixelproof("score", tmp_path / "maps" / "masks", two_fields / "validation", "--json")
    assert code == 0
    assert json.loads(out)["protocols"] == figures["protocols"]
    code, out, _ = pixelproof("score", tmp_path / "run" / "scores" / "validation.npz", "--json")
    assert json.loads(out) == figures
    code, out, _ = pixelproof("evaluate", tmp_path / "run", two_fields)
    assert "frequency-weighted" in out


def test_a_classifier_from_the_shell(pixelproof, color_classes, tmp_path):
    assert pixelproof("train", color_classes, "--model", "vgg16", "--out", tmp_path / "run", *SLIM)[0] == 0
    code, out, _ = pixelproof("evaluate", tmp_path / "run", color_classes)
    assert re.search(r"^Average loss: \d+\.\d{4}, Accuracy: \d+/12 \(\d+%\)$", out, re.MULTILINE)
    code, out, _ = pixelproof("evaluate", tmp_path / "run", color_classes, "--json")
    figures = json.loads(out)
    assert {"task", "correct", "total", "accuracy", "loss"} <= set(figures)
    for asked in (["evaluate", tmp_path / "run", color_classes], ["score", tmp_path / "run/scores/validation.npz"]):
        code, out, _ = pixelproof(*asked, "--threshold", "red=0.2", "--threshold", "blue=0", "--json")
        first, second = json.loads(out)["thresholds"]
        assert (first["class"], second["looked_at"]["images"]) == ("red", 12)
        code, out, _ = pixelproof(*asked, "--find", "red+blue=0.9", "--cost", "red=5", "--json")
        (found,), (cost,) = (json.loads(out)[name] for name in ("find", "costs"))
        assert (found["class"], found["promised"], found["needed"]) == ("red+blue", False, 29)
        assert cost["least"]["value"] <= min(cost["all"]["value"], cost["none"]["value"])
        code, _, err = pixelproof(*asked, "--threshold", "rad=0.2")
        assert (code, "there is no class 'rad'; did you mean 'red'?" in err) == (2, True)
    code, out, _ = pixelproof(
        "predict", tmp_path / "run", color_classes / "validation" / "red", "--out", tmp_path / "p"
    )
    assert code == 0
    header, *rows = (tmp_path / "p" / "predictions.csv").read_text().splitlines()
    assert header == "filename,label,name,probability,top5"
    assert len(rows) == 4
    code, out, _ = pixelproof("embed", tmp_path / "run", color_classes, "--out", tmp_path / "e")
    assert code == 0
    (tmp_path / "e" / "features.npz").unlink()
    mine = (tmp_path / "e" / "tsne.png").read_bytes()
    code, _, err = pixelproof("embed", tmp_path / "run", color_classes, "--out", tmp_path / "e", "--seed", "1")
    assert (code, err) == (
        2,
        f"pixelproof: {tmp_path / 'e' / 'thumbnails.npz'} already exists; choose another --out or give --overwrite.\n",
    )
    assert (tmp_path / "e" / "tsne.png").read_bytes() == mine
    again = ["embed", tmp_path / "run", color_classes, "--out", tmp_path / "e", "--seed", "1", "--overwrite"]
    assert pixelproof(*again)[0] == 0
    assert {p.name for p in (tmp_path / "e").iterdir()} == {
        *("features.npz", "thumbnails.npz", "explanation.html", "tsne.png", "tsne.svg")
    }
    assert json.loads(pixelproof("show", tmp_path / "run", "--json")[1])["input"][-1] == 16
    code, _, err = pixelproof("embed", tmp_path / "run", color_classes, "--out", tmp_path / "f", "--perplexity", "inf")
    assert (code, "perplexity inf or seed 0 is out of range" in err) == (2, True)
    for own in (["--classes", 9], ["--set", "width=0.5"]):
        code, _, err = pixelproof("show", tmp_path / "run", *own)
        assert (code, "has its own classes and settings; leave --classes and --set out" in err) == (2, True)


def test_show_prints_the_study(pixelproof, tmp_path):
    code, out, _ = pixelproof("show", "fcn8s", "--json", "--diagram", tmp_path / "d.svg")
    facts = json.loads(out)
    assert code == 0
    assert facts["parameters"] == 22_202_695
    assert facts["receptive_field"] == 212
    assert facts["stride"] == 32
    assert (
        "(deconv_2x_tochannel_7): ConvTranspose2d(512, 7, kernel_size=(2, 2), stride=(2, 2))" in facts["architecture"]
    )
    assert (tmp_path / "d.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["show", "fcn8"], "did you mean 'fcn8s'?"),
        (["show", "{data}"], "is not a run folder"),
        (["train", "nowhere", "--model", "fcn8s"], "nowhere is not a folder"),
        (["train", "{data}"], "--model is missing; give one of"),
        (["train", "{data}", "--model", "fcn8s", "--set", "epoch=1"], "unknown key 'epoch'; did you mean 'epochs'?"),
        (["train", "{data}", "--model", "vgg16", "--out", "{data}/run"], "model 'vgg16' is for classification"),
        (["train", "{data}", "--resume", "--out", "{data}/none"], "is not a run folder"),
        (["train", "{data}", "--model", "fcn8s", "--out", "{data}"], "already exists"),
        (
            ["train", "{data}", "--model", "fcn8s", "--out", "{data}/r", "--set", "device=cuda:99"],
            "device 'cuda:99' is not",
        ),
        (["train", "{data}", "--epochs", "2"], "there is no option '--epochs'; it is a setting; give --set epochs=..."),
        (["train", "{data}", "--model", "resnet18"], "unknown model 'resnet18'; did you mean 'timm:resnet18'?"),
        (["train", "{data}", "--model", "Unet"], "did you mean 'smp:Unet:resnet18', or with another encoder?"),
        (["train", "{data}", "--model", "fcn8s", "--set", "name=fcn32s"], "--set says 'fcn32s'; leave the latter out"),
        (["evaluate", "{data}", "{data}"], "is not a run folder"),
        (["predict", "{data}", "{data}", "--out", "{data}/p"], "is not a run folder"),
        (["score", "{data}/none", "{data}"], "none does not exist"),
        (["score", "{data}"], "there is nothing to score"),
        (["study", "{data}/none.yaml"], "none.yaml does not exist"),
        (["report", "{data}/none"], "none"),
        (["doctor", "{data}/none"], "is not a folder"),
        (["show", "fcn8s", "--clases", "7"], "show: there is no option '--clases'; did you mean '--classes'?"),
        (["shwo"], "there is no command 'shwo'; did you mean 'show'?"),
        (["--versoin"], "there is no option '--versoin'; did you mean '--version'?"),
        (["show"], "show: argument MODEL is missing; see 'pixelproof show --help'"),
        (["predict", "a", "b"], "predict: option '--out' is missing; see 'pixelproof predict --help'"),
        (["show", "fcn8s", "--classes", "many"], "show: option '--classes': "),
        (["show", "fcn8s", "--classes", "-3"], "show: option '--classes': "),
        (["show", "fcn8s", "--size", "-5"], "show: option '--size': "),
        (["show", "fcn8s", "more"], "unexpected extra argument"),
        (["train", "{data}", "--model"], "option '--model' requires an argument"),
        (["embed", "a", "b", "--out", "c", "--seed", "-5"], "embed: option '--seed': "),
        (
            ["embed", "a", "b", "--out", "c", "--onto", "d.npz", "--seed", "0", "--layer", "second-last"],
            "the map d.npz has its own layer, seed; give no other beside --onto",
        ),
        (
            ["embed", "a", "b", "--out", "c", "--onto", "d.npz", "--perplexity", "30"],
            "the map d.npz has its own perplexity; give no other beside --onto",
        ),
        (["show", "fcn8s", "--set", "task=classification"], "--set: 'task' cannot be set, the data decides it"),
        (["show", "fcn8s", "--set", "lr=" + "[" * 2000], "--set: the value of 'lr' is not readable"),
        (
            ["train", "{data}", "--model", "fcn8s", "--out", "{data}/r", "--set", "device=meta"],
            "device 'meta' is not available here; use auto, cpu, cuda or cuda:N",
        ),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(pixelproof, two_fields, args, complaint):
    code, _, err = pixelproof(*(a.replace("{data}", str(two_fields)) for a in args))
    assert code == 2
    assert complaint in err
    assert err.startswith("pixelproof: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [("--debug", "show", "fcn8"), ("show", "fcn8", "--debug")])
def test_debug_shows_the_traceback(pixelproof, words):
    code, _, err = pixelproof(*words)
    assert code == 2
    assert "Traceback" in err


def test_without_a_command_there_is_help(pixelproof):
    code, out, err = pixelproof()
    assert (code, err) == (0, "")
    assert "Usage: pixelproof" in out


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


def test_nothing_is_overwritten_unasked(pixelproof, color_classes, tmp_path):
    train = ["train", color_classes, "--model", "vgg16", "--out", tmp_path / "run", *SLIM]
    assert pixelproof(*train)[0] == 0
    code, _, err = pixelproof(*train)
    assert code == 2
    assert "already exists" in err
    assert pixelproof(*train, "--overwrite")[0] == 0
    predict = ["predict", tmp_path / "run", color_classes / "validation" / "red", "--out", tmp_path / "p"]
    assert pixelproof(*predict)[0] == 0
    (tmp_path / "p" / "mine.txt").write_text("mine")
    assert pixelproof(*predict)[0] == 2
    assert pixelproof(*predict, "--overwrite")[0] == 0
    assert (tmp_path / "p" / "mine.txt").read_text() == "mine"


def test_images_of_any_size_and_mode(pixelproof, two_fields, tmp_path):
    assert pixelproof("train", two_fields, "--model", "fcn32s", "--out", tmp_path / "run", *SLIM)[0] == 0
    rng = np.random.default_rng(0)
    folder = tmp_path / "odd"
    folder.mkdir()
    rgb = Image.fromarray(rng.integers(0, 256, (37, 61, 3)).astype(np.uint8))
    rgb.save(folder / "rgb.jpg")
    rgb.convert("L").save(folder / "grey.png")
    rgb.convert("RGBA").save(folder / "rgba.png")
    rgb.convert("P").save(folder / "palette.png")
    rgb.convert("CMYK").save(folder / "cmyk.tif")
    Image.fromarray(rng.integers(0, 65536, (37, 61)).astype(np.uint16)).save(folder / "deep.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    rgb.save(folder / "turned.jpg", exif=exif)
    rgb.resize((1, 1)).save(folder / "dot.png")
    code, _, err = pixelproof("predict", tmp_path / "run", folder, "--out", tmp_path / "maps")
    assert code == 0, err
    sizes = {p.stem: image_size(p)[::-1] for p in (tmp_path / "maps" / "masks").iterdir()}
    assert sizes.pop("turned") == (37, 61)
    assert sizes.pop("dot") == (1, 1)
    assert set(sizes.values()) == {(61, 37)}
    (folder / "broken.png").write_bytes(b"")
    code, _, err = pixelproof("predict", tmp_path / "run", folder / "broken.png", "--out", tmp_path / "more")
    assert code == 2
    assert "broken.png is an empty file" in err


def test_ctrl_c_says_how_to_go_on(two_fields, tmp_path):
    command = ["train", two_fields, "--model", "fcn8s-bn", "--out", tmp_path / "run", *SLIM, "--set", "epochs=100000"]
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


def test_overwrite_never_touches_what_others_wrote(pixelproof, color_classes, tmp_path):
    train = ["train", color_classes, "--model", "vgg16", *SLIM, "--overwrite"]
    assert pixelproof(*train, "--out", tmp_path / "run")[0] == 0
    (tmp_path / "run" / "thesis.tex").write_text("precious")
    assert pixelproof(*train, "--out", tmp_path / "run")[0] == 2
    assert (tmp_path / "run" / "thesis.tex").read_text() == "precious"
    (tmp_path / "data" / "masks").mkdir(parents=True)
    (tmp_path / "data" / "masks" / "a.png").write_bytes(b"truth")
    predict = ["predict", tmp_path / "run", color_classes / "validation" / "red", "--out", tmp_path / "data"]
    code, _, err = pixelproof(*predict, "--overwrite")
    assert (code, "that predict did not write" in err) == (2, True)
    assert (tmp_path / "data" / "masks" / "a.png").read_bytes() == b"truth"
