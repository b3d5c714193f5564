"""Segmented images, and other bands, under stress: masks move with their images."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pixelproof.comparison.stress import Tried, read_states, stressed
from pixelproof.data import open_data, write_png
from pixelproof.data.reader import RGB
from pixelproof.data.stresses import chosen
from pixelproof.errors import UserError
from pixelproof.labels import PRESETS
from pixelproof.models import Output, PixelModel
from pixelproof.models.preprocessing import Preprocessing
from pixelproof.prediction import Predictor
from pixelproof.runs import Source, load_scores
from pixelproof.runs.stress_file import StressRecord, load_stress
from pixelproof.runs.stress_folder import StressFolder, state_of, still
from pixelproof.verbs import stress_scores
from pixelproof.verbs.pack import pack_folder
from pixelproof.verbs.stress import stress_runs
from pixelproof.verbs.verify import verify_folder
from small_data import write_near_infrared, write_two_fields
from small_runs import untrained_run


def test_segmenters_keep_their_masks(tmp_path, pixelproof):
    data = write_two_fields(tmp_path / "fields")
    run = untrained_run(tmp_path / "run", "fcn8s-bn")
    asked = ["stress", run.path, data, "--out", tmp_path / "out", "--only", "darker,noisy", "--device", "cpu"]
    code, text, err = pixelproof(*asked, "--strengths", "darker=2", "--strengths", "noisy=8,16", "--tta", "--json")
    assert code == 0, err
    record = StressRecord.model_validate_json(text)
    assert [len(curve.cells) for curve in record.models[0].curves] == [1, 2]
    assert (record.metric, record.images, record.task) == ("miou", 3, "segmentation")
    scores = load_scores(tmp_path / "out" / record.models[0].curves[1].cells[0].scores)
    assert (scores.source.stress, scores.source.looks) == ("noisy, 8 levels, seed 0", "8 x 1")
    assert json.loads(text)["colors"]["forest"]
    assert pixelproof(*asked)[0] == 2
    code, text, err = pixelproof(*asked, "--overwrite", "--strengths", "noisy=8", "--strengths", "darker=2")
    assert code == 0, err
    assert "changed by computation" in text
    chinese = ["--strengths", "turned=10", "--only", "darker,turned", "--lang", "zh-Hant", "--backend", "torch"]
    code, text, err = pixelproof(*asked, "--overwrite", *chinese)
    assert code == 0, err
    assert "影像旋轉後移出畫面的部分沒有真值" in text
    assert text.count("從未：所試的各強度皆無") == 1
    page = (tmp_path / "out" / "report.html").read_text()
    _, turned = load_stress(tmp_path / "out" / "stress.json").models[0].curves
    assert '<body data-shown="zh-Hant">' in page
    before, under = (f"{state.score.value:.3f}" for state in (turned.cells[0].before, turned.cells[0]))
    assert f"turned, degrees: run: {before} to {under}" in page  # by the pixels that are left in both
    assert "<td>never</td>" in page
    assert page.count("Never: at no strength that was tried") == 1
    assert verify_folder(tmp_path / "out").of("differs") == []
    packed = pack_folder(tmp_path / "out", tmp_path / "packed").folder
    assert (packed / "scores" / "run" / "untouched-turned-10.npz").is_file()
    assert not (packed / "scores" / "run" / "noisy-8.npz").exists()
    assert pixelproof(*asked, "--overwrite", "--lang", "de")[0] == 2


def test_bands_suffer_what_makes_sense_for_them(tmp_path):
    pytest.importorskip("rasterio")
    data = write_near_infrared(tmp_path / "nir")
    bands = {"bands": (1, 2, 3, 4), "mean": (0.5,) * 4, "std": (0.2,) * 4, "stretch": ((0.0, 4000.0),)}
    run = untrained_run(tmp_path / "run", "fcn8s-bn", PRESETS["deepglobe"], **bands)
    with pytest.raises(UserError, match="the run reads bands"):
        stress_runs(run.path, data, tmp_path / "out", only=["warmer"], device="cpu")
    record = stress_runs(run.path, data, tmp_path / "out", strengths={"darker": [1]}, device="cpu", only=["darker"])
    assert record.models[0].curves[0].cells[0].strength == 1


class ByBrightness(PixelModel):
    """Calls each pixel by its own brightness alone, so that what it answers moves as the image does."""

    def __init__(self):
        super().__init__(2)
        self.preprocessing = Preprocessing((0.0,) * 3, (1.0,) * 3)

    def forward(self, images):
        bright = images.mean(dim=1, keepdim=True) - 120 / 255
        return Output(torch.cat([-bright, bright], dim=1), images)


def write_blobs(folder: Path) -> Path:
    """Write images of two greys, 40x56, whose masks say something else of a corner, so that no answer is all right."""
    classes = "- {name: dark, id: 0, color: [0, 0, 0]}\n- {name: bright, id: 1, color: [255, 0, 0]}\n"
    labels = f"task: segmentation\nclasses:\n{classes}"
    (folder / "images").mkdir(parents=True)
    (folder / "labels.yaml").write_text(labels)
    rows, columns = np.indices((40, 56))
    for index in range(6):
        bright = np.hypot(rows - 8 - 4 * index, columns - 28) < 9 + index
        write_png(folder / "images" / f"{index}.png", np.repeat((20 + 201 * bright)[..., None], 3, 2).astype(np.uint8))
        mask = bright ^ ((rows < 12) & (columns < 20 + index))
        (folder / "masks").mkdir(exist_ok=True)
        write_png(folder / "masks" / f"{index}.png", mask.astype(np.uint8))
    return folder


def test_what_moves_with_the_image_loses_nothing(tmp_path):
    """Truth, answers and border are moved alike, so turned and shifted images cost such a network not one pixel."""
    data = open_data(write_blobs(tmp_path / "data"))
    (samples,) = data.splits.values()
    stresses, _ = chosen(["turned", "shifted"], {"turned": [7, 30], "shifted": [20]}, True, 1.0)
    folder, images = StressFolder(tmp_path / "out"), stress_scores.Decoded(RGB)
    states = tuple(stress_scores.settings_of(stresses, False, 3, segmented=True))
    source = Source("net", "all", "print")
    stress_scores.score_states(
        Predictor(ByBrightness(), data.scheme), samples, source, states, images, folder, 3, False
    )
    tried = [
        Tried(s.name, s.unit, s.none, *({x: f"scores/net/{called(state_of(s.name, x))}.npz" for x in s.strengths}
        for called in (str, still)))
        for s in stresses
    ]  # fmt: skip
    start = "scores/net/untouched.npz"
    files = [start, *(file for each in tried for part in (each.files, each.before) for file in part.values())]
    found = stressed("net", "net", start, tried, read_states(folder.path, files), "miou", 0.05, 0)
    for curve, each in zip(found.curves, tried, strict=True):
        assert (curve.lost_from, curve.falls_at, curve.classes) == (None, None, ())
        for cell in curve.cells:
            before, under = (load_scores(folder.path / part[cell.strength]) for part in (each.before, each.files))
            assert (before.confusion[:, :2] == under.confusion[:, :2]).all()
            assert (cell.difference.value, cell.lost, cell.before.score) == (0, False, cell.score)
            assert cell.score.value < 0.9
            seen = before.confusion[:, :2].sum(axis=(1, 2))
            assert ((seen > 0.4 * 40 * 56) & (seen < 40 * 56)).all()  # the border has no truth
            assert (before.boundaries.bands[..., 1] == under.boundaries.bands[..., 1]).all()
