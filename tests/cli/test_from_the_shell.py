"""From training to predictions by the command line, and what it never overwrites."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from pixelproof.data import image_size, open_data
from small_runs import untrained_run

SLIM = ["--set", "width=0.03", "--set", "epochs=1", "--set", "batch_size=4", "--set", "device=cpu"]


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
    code, out, _ = pixelproof(
        "predict", tmp_path / "run", color_classes / "validation" / "red", "--out", tmp_path / "p"
    )
    assert code == 0
    header, *rows = (tmp_path / "p" / "predictions.csv").read_text().splitlines()
    assert header == "filename,label,name,probability,top5"
    assert len(rows) == 4
    assert json.loads(pixelproof("show", tmp_path / "run", "--json")[1])["input"][-1] == 16
    for own in (["--classes", 9], ["--set", "width=0.5"]):
        code, _, err = pixelproof("show", tmp_path / "run", *own)
        assert (code, "has its own classes and settings; leave --classes and --set out" in err) == (2, True)


@pytest.fixture
def classifier(color_classes, tmp_path):
    """An untrained classifier of the patches."""
    run = untrained_run(tmp_path / "run", "vgg16", open_data(color_classes).scheme)
    return run.path


def test_thresholds_are_asked_of_a_run_and_of_its_scores_alike(pixelproof, classifier, color_classes):
    for asked in (["evaluate", classifier, color_classes], ["score", classifier / "scores/validation.npz"]):
        code, out, _ = pixelproof(*asked, "--threshold", "red=0.2", "--threshold", "blue=0", "--json")
        first, second = json.loads(out)["thresholds"]
        assert (first["class"], second["looked_at"]["images"]) == ("red", 12)
        code, out, _ = pixelproof(*asked, "--find", "red+blue=0.9", "--cost", "red=5", "--json")
        (found,), (cost,) = (json.loads(out)[name] for name in ("find", "costs"))
        assert (found["class"], found["promised"], found["needed"]) == ("red+blue", False, 29)
        assert cost["least"]["value"] <= min(cost["all"]["value"], cost["none"]["value"])
        code, _, err = pixelproof(*asked, "--threshold", "rad=0.2")
        assert (code, "there is no class 'rad'; did you mean 'red'?" in err) == (2, True)


def test_a_map_of_features_from_the_shell(pixelproof, classifier, color_classes, tmp_path):
    code, _, _ = pixelproof("embed", classifier, color_classes, "--out", tmp_path / "e")
    assert code == 0
    (tmp_path / "e" / "features.npz").unlink()
    mine = (tmp_path / "e" / "tsne.png").read_bytes()
    code, _, err = pixelproof("embed", classifier, color_classes, "--out", tmp_path / "e", "--seed", "1")
    assert (code, err) == (
        2,
        f"pixelproof: {tmp_path / 'e' / 'thumbnails.npz'} already exists; choose another --out or give --overwrite.\n",
    )
    assert (tmp_path / "e" / "tsne.png").read_bytes() == mine
    again = ["embed", classifier, color_classes, "--out", tmp_path / "e", "--seed", "1", "--overwrite"]
    assert pixelproof(*again)[0] == 0
    assert {p.name for p in (tmp_path / "e").iterdir()} == {
        *("features.npz", "thumbnails.npz", "explanation.html", "tsne.png", "tsne.svg")
    }
    code, _, err = pixelproof("embed", classifier, color_classes, "--out", tmp_path / "f", "--perplexity", "inf")
    assert (code, "perplexity inf or seed 0 is out of range" in err) == (2, True)


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
