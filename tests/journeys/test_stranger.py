"""A stranger's data sets, from doctor to predictions, with at most the labels.yaml that doctor proposes."""

import json

import numpy as np
import pytest
from PIL import Image

from pixelproof.data import image_size, read_image, write_png

SIZES = [(37, 61), (100, 80), (64, 130), (51, 51), (90, 33), (70, 71), (128, 40), (45, 99)]  # height, width
COLORS = np.array([(17, 99, 3), (250, 128, 0), (12, 12, 200)], np.uint8)
SLIM = ["--set", "width=0.04", "--set", "epochs=2", "--set", "batch_size=2", "--set", "device=cpu"]


@pytest.fixture
def orchard(tmp_path):
    """Images and masks in folders of other names, of odd and differing sizes, in colours of no preset."""
    rng = np.random.default_rng(0)
    for index, (height, width) in enumerate(SIZES):
        mask = np.zeros((height, width), int)
        mask[:, width // 3 :] = 1
        mask[height // 2 :, : width // 2] = 2
        image = (COLORS[mask] * 0.6 + rng.normal(50, 15, (height, width, 3))).clip(0, 255).astype(np.uint8)
        folder = tmp_path / "Orchard 2024"
        (folder / "Drone photos").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / "Drone photos" / f"row {index}.jpg", quality=95)
        write_png(folder / "Annotations" / f"row {index}_label.png", COLORS[mask])
    return folder


def test_masks_in_unknown_colours(pixelproof, orchard, tmp_path):
    code, out, _ = pixelproof("doctor", orchard, "--json")
    assert code == 1
    assert "labels-missing" in {f["check"] for f in json.loads(out)["findings"]}
    code, _, err = pixelproof("train", orchard, "--model", "fcn8s-bn", "--out", tmp_path / "run")
    assert (code, "doctor" in err) == (2, True)
    pixelproof("doctor", orchard, "--write-labels")
    proposal = (orchard / "labels.yaml").read_text()
    (orchard / "labels.yaml").write_text(proposal.replace("class_0", "trees"))
    code, out, _ = pixelproof("doctor", orchard, "--json")
    assert code == 0, out

    code, _, err = pixelproof("train", orchard, "--model", "fcn8s-bn", "--out", tmp_path / "run", *SLIM)
    assert code == 0, err
    code, out, err = pixelproof("evaluate", tmp_path / "run", orchard, "--json")
    assert code == 0, err
    figures = json.loads(out)
    assert figures["images"] == 2  # a fifth of eight, set aside because there is no validation folder
    assert "trees" in figures["protocols"]["unknown_ignored"]["iou"]

    code, _, err = pixelproof("predict", tmp_path / "run", orchard / "Drone photos", "--out", tmp_path / "maps")
    assert code == 0, err
    for path in (tmp_path / "maps" / "masks").iterdir():
        assert image_size(path) == image_size(orchard / "Drone photos" / f"{path.stem}.jpg")
        assert {tuple(c) for c in read_image(path).reshape(-1, 3)} <= {tuple(c) for c in COLORS}


def test_class_folders_of_any_name_and_size(pixelproof, tmp_path):
    rng = np.random.default_rng(0)
    data = tmp_path / "Äpfel & Birnen"
    for name, color in {"Äpfel": (200, 30, 30), "Birnen (reif)": (170, 200, 40)}.items():
        (data / name).mkdir(parents=True)
        for index, (height, width) in enumerate(SIZES):
            image = (np.array(color) + rng.normal(0, 20, (height, width, 3))).clip(0, 255).astype(np.uint8)
            Image.fromarray(image).save(data / name / f"IMG_{index}.JPG", quality=95)
    assert pixelproof("doctor", data)[0] == 0
    train = ["train", data, "--model", "timm:resnet18", "--out", tmp_path / "run", *SLIM, "--set", "input_size=32"]
    code, _, err = pixelproof(*train)
    assert code == 0, err
    code, out, err = pixelproof("evaluate", tmp_path / "run", data, "--json")
    assert code == 0, err
    assert set(json.loads(out)["class_accuracy"]) == {"Äpfel", "Birnen (reif)"}
    code, _, err = pixelproof("predict", tmp_path / "run", data / "Äpfel", "--out", tmp_path / "guess")
    assert code == 0, err
    assert len((tmp_path / "guess" / "predictions.csv").read_text().splitlines()) == 1 + len(SIZES)
