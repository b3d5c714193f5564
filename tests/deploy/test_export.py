"""An exported file says what the network says, needs nothing of ours, and is refused where it does not."""

from __future__ import annotations

import csv
import errno
import hashlib
import inspect
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command

from pixelproof.cli.main import app
from pixelproof.data import read_image, write_png
from pixelproof.deploy.export import export_run, formats
from pixelproof.errors import Refusal, UserError
from pixelproof.labels import class_colors
from pixelproof.prediction import Predictor
from pixelproof.runs import packages
from pixelproof.runs.calibration_file import Calibration, save_calibration
from small_runs import COLORS, untrained_run

ENDINGS = {"onnx": ".onnx", "openvino": ".xml", "ncnn": ".param"}
FORMATS = list(ENDINGS)


def need(format):
    for package in formats.FORMATS[format].packages:
        pytest.importorskip(package, reason=f"the format {format} is not installed")


def run_example(path, *arguments, cwd):
    """Run the example beside an exported file in a process that has neither Pixelproof nor torch."""
    alone = "import runpy, sys; sys.modules |= {'pixelproof': None, 'torch': None}; sys.argv = sys.argv[1:]"
    command = [sys.executable, "-c", f"{alone}; runpy.run_path(sys.argv[0])", f"{path}.example.py", *arguments]
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def converted_once(tmp_path_factory):
    """Convert a network to ONNX once for the two formats that are written by way of it: that takes seconds."""
    folder, convert = tmp_path_factory.mktemp("converted"), formats.to_onnx

    def once(network, path, *how):
        weights = b"".join(tensor.numpy().tobytes() for tensor in network.state_dict().values())
        kept = folder / f"{hashlib.sha256(weights).hexdigest()}.onnx"
        if not kept.exists():
            convert(network, kept, *how)
        shutil.copy(kept, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "to_onnx", once)
        yield


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.usefixtures("converted_once")
def test_the_example_beside_an_export_draws_the_map_of_predict(tmp_path, two_fields, format):
    need(format)
    run = untrained_run(tmp_path / "run", "fcn8s")
    out = tmp_path / "shipped" / f"fields{ENDINGS[format]}"
    facts = export_run(run.path, format, out, two_fields)
    assert facts["difference"] < 1e-5
    assert facts["miou"]["change"] == pytest.approx(0, abs=1e-3)
    assert 0 < facts["miou"]["literal"] < 1
    assert facts["sizes"] == ["64x64", "41x41", "15x15"]
    assert facts["changed"]["of"] == 3 * (64 * 64 + 41 * 41 + 15 * 15)
    assert sorted(map(str, out.parent.iterdir())) == sorted(facts["files"])
    for size in ((45, 70), (64, 32)):
        image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        write_png(tmp_path / "odd.png", image)
        said = run_example(out, tmp_path / "odd.png", tmp_path / "mask.png", cwd=tmp_path)
        predictor = Predictor.open(run, "cpu")
        right = predictor.class_map(image)
        assert (np.asarray(Image.open(tmp_path / "mask.png")) == class_colors(predictor.scheme)[right]).all(
            2
        ).mean() > 0.999
        assert f"{predictor.scheme.names[right[0, 0]]}: " in said
        kept = (tmp_path / "mask.png").read_bytes()
        assert run_example(out, tmp_path / "odd.png", cwd=tmp_path) == said  # writes nothing that is not named
        assert (tmp_path / "mask.png").read_bytes() == kept
    write_png(tmp_path / "deep.png", np.random.default_rng(0).integers(0, 65536, (45, 70), dtype=np.uint16))
    run_example(out, tmp_path / "deep.png", tmp_path / "mask.png", cwd=tmp_path)
    right = class_colors(predictor.scheme)[predictor.class_map(read_image(tmp_path / "deep.png"))]
    assert (np.asarray(Image.open(tmp_path / "mask.png")) == right).all(2).mean() > 0.999
    text = (out.parent / f"fields{ENDINGS[format]}.README.md").read_text()
    assert "| 3 | forest | 3 |" in text
    assert not [file for file in out.parent.iterdir() if b"site-packages" in file.read_bytes()]


@pytest.mark.parametrize("format", ["ncnn", *(pytest.param(f, marks=pytest.mark.slow) for f in ("onnx", "openvino"))])
def test_a_classifier_says_how_sure_it_is_at_the_temperature_of_the_run(tmp_path, pixelproof, format):
    need(format)
    run = untrained_run(tmp_path / "run", "vgg16-bn", COLORS, input_size=48)
    facts = {"split": "selection", "images": 9, "samples": 9, "loss_before": 1.0, "loss_after": 0.9}
    save_calibration(run.calibration, Calibration(temperature=0.25, **facts))
    out = tmp_path / f"v{ENDINGS[format]}"
    code, said, err = pixelproof("export", run.path, "--format", format, "--out", out, "--json")
    assert code == 0, err
    facts = json.loads(said)
    assert facts["sizes"] == ["48x48"]
    assert (facts["miou"], facts["accuracy"]) == (None, None)
    rng = np.random.default_rng(0)
    image = np.kron(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8), np.ones((11, 13, 1), np.uint8))
    write_png(tmp_path / "i.png", image)
    found = dict(line.split(": ") for line in run_example(out, tmp_path / "i.png", cwd=tmp_path).splitlines())
    assert pixelproof("predict", run.path, tmp_path / "i.png", "--out", tmp_path / "p")[0] == 0
    (row,) = csv.DictReader((tmp_path / "p" / "predictions.csv").read_text().splitlines())
    wanted = dict(part.split("=") for part in row["top5"].split())
    assert found.keys() == wanted.keys()
    assert [float(found[name]) for name in wanted] == pytest.approx(list(map(float, wanted.values())), abs=2e-4)
    assert sum(map(float, found.values())) == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("name", "scheme"), [("smp:Unet:resnet18", None), ("timm:resnet18", COLORS)])
def test_networks_of_other_libraries_are_exported(tmp_path, name, scheme, format):
    need(format)
    settings = {"input_size": 64} if scheme else {}
    run = untrained_run(tmp_path / "run", name, *filter(None, [scheme]), **settings)
    facts = export_run(run.path, format, tmp_path / f"n{ENDINGS[format]}")
    assert facts["difference"] < 1e-4


def test_an_export_that_is_not_equal_is_refused_and_shows_where(tmp_path, monkeypatch, pixelproof):
    need("ncnn")
    run = untrained_run(tmp_path / "run", "fcn8s")

    def read(path, model):
        answer = formats.read_ncnn(path, model)

        def changed(image):
            logits = answer(image).copy()
            logits[0, 3, 5:7, 6:9] = 2 * np.abs(logits).max()
            return logits

        return changed

    monkeypatch.setitem(formats.FORMATS, "ncnn", replace(formats.FORMATS["ncnn"], read=read))
    code, _, err = pixelproof("export", run.path, "--format", "ncnn", "--out", tmp_path / "out" / "a.param")
    assert code == 1
    assert "the ncnn export is not the same network" in err
    assert "36 of 20,848 pixels change their class" in err
    assert re.search(r"image\d at 101x70: [\d.]+e\+00 in class forest, row [56], column [678]; ", err)
    assert "6 pixels change their class, in rows 5 to 6, columns 6 to 8" in err
    assert not (tmp_path / "out").exists()
    out = tmp_path / "out" / "a.param"
    assert pixelproof("export", run.path, "--format", "ncnn", "--out", out, "--tolerance", "9")[0] == 0


@pytest.mark.slow
def test_a_network_that_changes_silently_or_cannot_be_expressed_is_refused(tmp_path, monkeypatch):
    need("onnx")
    run = untrained_run(tmp_path / "psp", "smp:PSPNet:resnet18")
    with pytest.raises(Refusal, match=r"PSPNet:resnet18 cannot be exported to onnx|onnx export is not the same"):
        export_run(run.path, "onnx", tmp_path / "out" / "a.onnx")
    run = untrained_run(tmp_path / "former", "smp:Segformer:mit_b0")
    with pytest.raises(Refusal, match=r"mit_b0 cannot be exported to ncnn: ncnn has no torch\.unbind; choose"):
        export_run(run.path, "ncnn", tmp_path / "out" / "a.param")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RuntimeError("no layer for fft\nand more"), "fcn8s cannot be exported to ncnn: no layer for fft; choose"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full while writing"),
    ],
)
def test_what_fails_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch, error, sentence):
    run = untrained_run(tmp_path / "run", "fcn8s")

    def write(model, path, size, contract):
        path.write_text("half")
        raise error

    monkeypatch.setitem(formats.FORMATS, "ncnn", replace(formats.FORMATS["ncnn"], write=write, packages=()))
    with pytest.raises(UserError, match=sentence):
        export_run(run.path, "ncnn", tmp_path / "out" / "a.param")
    assert not (tmp_path / "out").exists()


def test_what_another_process_has_written_meanwhile_stays(tmp_path, monkeypatch):
    run, write = untrained_run(tmp_path / "run", "fcn8s"), formats.FORMATS["ncnn"].write

    def slow(model, path, size, contract):
        (tmp_path / "out" / "a.bin").write_text("theirs")
        write(model, path, size, contract)

    need("ncnn")
    monkeypatch.setitem(formats.FORMATS, "ncnn", replace(formats.FORMATS["ncnn"], write=slow))
    with pytest.raises(UserError, match=r"a\.bin already exists"):
        export_run(run.path, "ncnn", tmp_path / "out" / "a.param")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.bin"]


def test_wrong_use_is_one_sentence_and_touches_nothing(tmp_path, monkeypatch):
    run = untrained_run(tmp_path / "run", "fcn8s")
    with pytest.raises(UserError, match="no format 'onx'; did you mean 'onnx'"):
        export_run(run.path, "onx", tmp_path / "a.onnx")
    with pytest.raises(UserError, match=r"a\.onnx does not end in \.param, as files of ncnn do; give a\.param"):
        export_run(run.path, "ncnn", tmp_path / "a.onnx")
    with pytest.raises(UserError, match="--images counts images of --data, which is not given; give --data"):
        export_run(run.path, "onnx", tmp_path / "a.onnx", images=4)
    for none in (0, -3):
        with pytest.raises(UserError, match=f"--images {none} leaves nothing to compare; leave it out, or give 16"):
            export_run(run.path, "onnx", tmp_path / "a.onnx", tmp_path, images=none)
    with pytest.raises(UserError, match="not a run folder"):
        export_run(tmp_path, "ncnn", tmp_path / "a.param")
    (tmp_path / "a.bin").write_text("mine")
    with pytest.raises(UserError, match=r"a\.bin already exists; choose another --out or give --overwrite"):
        export_run(run.path, "ncnn", tmp_path / "a.param")
    (tmp_path / "run.ncnn.json").mkdir()
    with pytest.raises(UserError, match=r"run\.ncnn\.json is a folder"):
        export_run(run.path, "ncnn", tmp_path, overwrite=True)
    with pytest.raises(UserError, match=r"the name .*\\udcff.* is not UTF-8; rename it"):
        export_run(run.path, "onnx", tmp_path / "\udcff.onnx")
    monkeypatch.setattr(packages, "version", lambda package: None)
    with pytest.raises(
        UserError, match="the format openvino needs openvino, which is not installed; install the extra"
    ):
        export_run(run.path, "openvino", tmp_path / "b.xml")
    assert (tmp_path / "a.bin").read_text() == "mine"
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".param", ".xml")]


def test_an_earlier_export_is_replaced_when_asked(tmp_path, two_fields):
    need("ncnn")
    run = untrained_run(tmp_path / "run", "fcn32s")
    first = export_run(run.path, "ncnn", tmp_path / "out", two_fields, images=1)
    again = export_run(run.path, "ncnn", tmp_path / "out", two_fields, images=2, overwrite=True)
    assert first["files"] == again["files"]
    assert json.loads((tmp_path / "out" / "run.ncnn.param.proof.json").read_text())["images"] == 2
    assert len(list((tmp_path / "out").iterdir())) == len(again["files"])


def test_the_command_line_has_the_defaults_of_the_function():
    by_function = inspect.signature(export_run).parameters
    by_command = {parameter.name: parameter.default for parameter in get_command(app).commands["export"].params}
    assert all(by_command[name] == by_function[name].default for name in ("tolerance", "images", "overwrite", "data"))


@pytest.mark.parametrize("tolerance", [float("inf"), float("nan"), -1.0])
def test_a_tolerance_that_is_none_is_refused(slim_run, tmp_path, tolerance):
    with pytest.raises(UserError, match="is not a number from 0 on"):
        export_run(slim_run.path, "onnx", tmp_path / "a.onnx", tolerance=tolerance)
    assert not list(tmp_path.glob("a.onnx*"))
