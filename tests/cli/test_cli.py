"""The command line as a user meets it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from pixelproof.cli.main import app

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
        (
            ["train", "{data}", "--model", "fcn8s", "--set", "epochs=3", "lr=0.1"],
            "train: 'lr=0.1' has no --set; write --set lr=0.1, a --set for each",
        ),
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
