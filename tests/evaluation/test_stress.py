"""Runs under stress: a weakness that is known is found, nothing else is, and a killed call is gone on with."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pixelproof.comparison.stress import Tried, read_states, stressed
from pixelproof.comparison.wording.sentences import sentences
from pixelproof.comparison.wording.stress import sentences as told_of
from pixelproof.config import default_config
from pixelproof.data import open_data, write_png
from pixelproof.data.images import read_image
from pixelproof.data.reader import RGB
from pixelproof.data.stresses import chosen
from pixelproof.data.stressing import exposed
from pixelproof.errors import UserError
from pixelproof.evaluation.merge import merged
from pixelproof.labels import PRESETS, LabelScheme
from pixelproof.models import Output, PixelModel, build_model
from pixelproof.models.preprocessing import Preprocessing
from pixelproof.prediction import Predictor
from pixelproof.report.page import build_report
from pixelproof.runs import Run, Source, load_scores
from pixelproof.runs.calibration_file import Calibration, save_calibration
from pixelproof.runs.drift_file import DriftRecord, Sign, save_drift
from pixelproof.runs.fields import Estimate
from pixelproof.runs.locks import alone_in
from pixelproof.runs.stress_file import StressRecord, load_stress
from pixelproof.runs.stress_folder import StressFolder, state_of, still
from pixelproof.training.checkpoints import save_weights
from pixelproof.verbs import stress_scores
from pixelproof.verbs.compare import compare_models
from pixelproof.verbs.evaluate import evaluate_run
from pixelproof.verbs.pack import pack_folder
from pixelproof.verbs.stress import stress_runs
from pixelproof.verbs.verify import verify_folder
from small_data import write_near_infrared, write_two_fields
from small_runs import untrained_run

NAMES = ("bright <b>", "dark")
SCHEME = LabelScheme.model_validate(
    {"task": "classification", "classes": [{"name": name, "id": i} for i, name in enumerate(NAMES)]}
)
FEW = {
    "only": ["darker", "brighter", "blurred", "moved", "noisy", "turned"],
    "strengths": {"darker": [0.5, 2, 3], "brighter": [2], "blurred": [2], "moved": [4], "noisy": [4], "turned": [20]},
    "device": "cpu",
}


def write_dark_and_bright(folder: Path) -> Path:
    """Write flat patches of about 40 and 150, 16x16."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 4), ("validation", 12)):
        for name, level in zip(NAMES, (150, 40), strict=True):
            for index in range(count):
                image = np.full((16, 16, 3), level + rng.integers(-5, 6), np.uint8)
                write_png(folder / split / name / f"{name[0]}{index}.png", image)
    return folder


def looking_at_brightness(folder: Path, limit: float) -> Run:
    """Write a run of a network that calls bright what is brighter than ``limit``, 0 to 255, and sees nothing else."""
    config = default_config("classification", "vgg16")
    config = config.model_copy(update={"model": config.model.model_copy(update={"width": 0.03, "input_size": 32})})
    model = build_model(config.model, 2)
    mean, std = (torch.tensor(each) for each in (model.preprocessing.mean, model.preprocessing.std))
    seen = float(((limit / 255 - mean) / std).mean()) + 3  # above 0 for any image, as what is below is cut off
    layers = [each for each in model.modules() if isinstance(each, torch.nn.Conv2d | torch.nn.Linear)]
    with torch.no_grad():
        for layer in layers:
            layer.weight.zero_()
            layer.bias.zero_()
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight[0, 0, 1, 1] = 1
        layers[0].weight[0, :, 1, 1] = 1 / 3
        layers[0].bias[0] = 3
        first, *rest = [each for each in layers if isinstance(each, torch.nn.Linear)]
        channels = [each for each in layers if isinstance(each, torch.nn.Conv2d)][-1].out_channels
        first.weight[0, : first.in_features // channels] = channels / first.in_features
        for layer in rest:
            layer.weight[0, 0] = 1
        rest[-1].weight[1, 0], rest[-1].bias[1] = -1, 2 * seen
        rest[-1].weight[:], rest[-1].bias[:] = 10 * rest[-1].weight, 10 * rest[-1].bias
    run = Run.create(folder, config.model_dump(mode="json"), SCHEME, {})
    save_weights(run.best, model)
    return run


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stress")
    write_dark_and_bright(folder / "data")
    looking_at_brightness(folder / "middle", 110)
    looking_at_brightness(folder / "low", 60)
    return folder


def without_paths(record: StressRecord) -> dict:
    return record.model_dump() | {"models": [m.model_dump() | {"path": ""} for m in record.models]}


@pytest.fixture(scope="module")
def found(known):
    record = stress_runs([known / "middle", known / "low"], known / "data", known / "out", **FEW)
    return known / "out", record


def test_a_known_weakness_is_found_and_nothing_else(known, found):
    out, record = found
    middle = {curve.stress: curve for curve in record.models[0].curves}
    assert record.models[0].untouched.score.value == 1
    assert middle["darker"].lost_from == 2
    assert middle["darker"].falls_at == pytest.approx(0.5 + 1.5 * 0.05 / 0.5)
    assert [cell.score.value for cell in middle["darker"].cells] == [1, 0.5, 0.5]
    (bright,) = middle["darker"].classes
    assert (bright.name, bright.before, bright.under) == (NAMES[0], 1, 0)
    assert middle["brighter"].classes == ()
    assert record.models[1].curves[1].classes[0].name == NAMES[1]
    assert (middle["noisy"].lost_from, middle["noisy"].falls_at) == (None, None)
    for name in ("blurred", "moved", "turned"):  # which do nothing to a flat image
        for cell in middle[name].cells:
            assert (cell.lost, cell.difference.value, cell.score) == (False, 0, record.models[0].untouched.score)
    hardest = middle["darker"].cells[-1]
    assert hardest.sure_wrong == pytest.approx(0.5)  # it does not notice
    assert (hardest.right, hardest.ece > 0.4) == (0.5, True)
    plain = evaluate_run(known / "middle", known / "data", device="cpu", out=out.parent / "plain.npz")
    under = load_scores(out / record.models[0].untouched.scores)
    assert under.ids == plain.ids
    for name in ("predicted", "loss", "confidence", "calibration", "probabilities"):
        assert (getattr(under, name) == getattr(plain, name)).all()


def test_who_stands_what_better_is_told(found):
    _, record = found
    told = {each.stress: (each.score_better, each.kept_better) for each in record.standings}
    assert told["darker"] == ("b", "b")  # whose limit lies lower
    assert told["brighter"] == ("a", "a")
    assert told["noisy"] == told["blurred"] == ("undecided", "undecided")
    darker = next(each for each in record.standings if each.stress == "darker")
    assert darker.score.value == darker.kept.value > 0


def test_a_score_file_is_one_of_the_usual_kind(found):
    out, record = found
    cell = record.models[0].curves[0].cells[1]
    pair = compare_models([out / record.models[0].untouched.scores, out / cell.scores]).pairs[0]
    assert (pair.a, pair.b) == ("middle", "middle, darker, 2 stops")
    assert (pair.difference, pair.low, pair.high) == (cell.difference.value, cell.difference.low, cell.difference.high)


def test_score_and_compare_say_what_the_images_suffered(found, pixelproof):
    out, record = found
    first, second = (model.curves[0].cells[1].scores for model in record.models)
    code, text, err = pixelproof("score", out / first, "--json")
    assert (code, json.loads(text)["stress"]) == (0, "darker, 2 stops, seed 0")
    assert "these images were stressed before they were scored (darker, 2 stops, seed 0)" in err
    code, text, err = pixelproof("score", out / record.models[0].untouched.scores, "--json")
    assert (code, json.loads(text)["stress"], err) == (0, None, "")
    sees = " saw images that were stressed before (darker, 2 stops, seed 0): real ones differ from them."
    alike = sentences(compare_models([out / first, out / second]).pairs[0], compare_models([out / first, out / second]))
    assert [said for said in alike if "stressed" in said] == [
        f"{name}, darker, 2 stops{sees}" for name in ("middle", "low")
    ]
    assert not any("did not see the same" in said for said in alike)
    apart = compare_models([out / record.models[1].untouched.scores, out / first])
    said = " ".join(sentences(apart.pairs[0], apart))
    assert f"middle, darker, 2 stops{sees} So the two did not see the same" in said


def test_scores_under_different_stress_are_not_put_together(found):
    out, record = found
    plain, under = (load_scores(out / file) for file in (record.models[0].untouched.scores, "scores/low/darker-2.npz"))
    under = replace(under, ids=tuple(f"other {name}" for name in under.ids))
    with pytest.raises(UserError, match="images under different stress"):
        merged([plain, under])
    assert merged([under]).source.stress == "darker, 2 stops, seed 0"


def test_the_page_follows_from_the_files_and_escapes_names(found):
    out, record = found
    page = (out / "report.html").read_text()
    assert build_report(out).read_text() == page
    assert load_stress(out / "stress.json") == record
    assert "bright &lt;b&gt;" in page
    assert "<b>/" not in page
    assert page.count("data:image/svg+xml") == len(record.models[0].curves)


def test_figures_follow_from_the_score_files(found, tmp_path):
    folder = shutil.copytree(found[0], tmp_path / "copy")
    assert {check.outcome for check in verify_folder(folder).checks} == {"right"}
    record = json.loads((folder / "stress.json").read_text())
    record["models"][0]["curves"][0]["falls_at"] += 0.1
    (folder / "stress.json").write_text(json.dumps(record))
    wrong = verify_folder(folder).of("differs")
    assert {check.file for check in wrong} == {"stress.json", "report.html"}
    assert [each.figure for each in wrong[0].differences] == ["models[middle].curves[0].falls_at"]


@pytest.mark.parametrize(
    ("part", "changed", "said"),
    [
        ("standings", {"stress": "hotter"}, "it says something of 'hotter'"),
        ("standings", {"a": "other"}, "it compares other"),
        ("likenesses", {"sign": "x", "old": 0, "new": 1, "stress": "hotter", "strength": 1}, "something of 'hotter'"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(found, tmp_path, part, changed, said):
    record = json.loads((found[0] / "stress.json").read_text())
    record[part] = [(record[part] or [{}])[0] | changed]
    (tmp_path / "stress.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=said):
        load_stress(tmp_path / "stress.json")


def test_what_proves_the_figures_can_be_packed(found, tmp_path):
    folder = shutil.copytree(found[0], tmp_path / "out")
    (folder / "scores" / "other.npz").write_bytes(b"")
    packed = pack_folder(folder, tmp_path / "packed")
    assert {check.outcome for check in verify_folder(packed.folder).checks} == {"right"}
    assert {model.path for model in load_stress(packed.folder / "stress.json").models} == {"middle", "low"}
    assert not [file for file in packed.folder.rglob("*") if file.name in ("pictures.npz", "masks.npz", "other.npz")]
    assert set(packed.left) == {"pictures of the data"}
    pack_folder(folder, tmp_path / "whole", images=True)
    page = (tmp_path / "whole" / "report.html").read_text()
    assert page == (folder / "report.html").read_text()


def test_a_killed_call_is_gone_on_with_and_batches_change_nothing(known, found, tmp_path, monkeypatch):
    save, written = stress_scores.save_scores, []

    def dying(path, scores):
        if len(written) == 7:
            raise KeyboardInterrupt
        written.append(path)
        save(path, scores)

    runs, data, out = [known / "middle", known / "low"], known / "data", tmp_path / "out"
    monkeypatch.setattr("pixelproof.evaluation.evaluate.BATCH", 5)
    monkeypatch.setattr(stress_scores, "save_scores", dying)
    monkeypatch.setattr(stress_scores.Decoded, "__init__", lambda self, reader: setattr_all(self, reader))
    with pytest.raises(KeyboardInterrupt):
        stress_runs(runs, data, out, **FEW)
    monkeypatch.setattr(stress_scores, "save_scores", save)
    before = {path: path.stat().st_mtime_ns for path in written}
    record = stress_runs(runs, data, out, **FEW)
    assert {path: path.stat().st_mtime_ns for path in written} == before
    assert without_paths(record) == without_paths(found[1])


def setattr_all(images, reader):
    """Keep a few images only, so that the others are decoded again."""
    images.reader, images._room, images._kept = reader, 3000, {}


def test_what_is_there_is_not_replaced_unasked(known, found, tmp_path):
    out, _ = found
    few = {"only": ["darker"], "strengths": {"darker": [2]}, "device": "cpu", "most": 6}
    with pytest.raises(UserError, match=r"stress\.json already exists"):
        stress_runs(known / "middle", known / "data", out, **few)
    small = stress_runs(known / "middle", known / "data", tmp_path / "out", **few)
    assert (small.images, small.of, small.models[0].untouched.score.value) == (6, 24, 1)
    (tmp_path / "out" / "stress.json").unlink()
    for name in ("pictures.npz", "masks.npz", "report.html"):
        (tmp_path / "out" / name).unlink()
    with pytest.raises(UserError, match="scores of other images, weights or settings"):
        stress_runs(known / "middle", known / "data", tmp_path / "out", **few | {"most": 8})
    assert (
        stress_runs(known / "middle", known / "data", tmp_path / "out", **few | {"most": 8}, overwrite=True).images == 8
    )
    with pytest.raises(UserError, match="whose images are looked at"):
        stress_runs(known / "middle", known / "data", known / "data" / "out", **few)
    with pytest.raises(UserError, match="holds a study or a run"):
        stress_runs(known / "middle", known / "data", known / "low", **few)


def test_scores_of_other_groups_are_not_kept(known, tmp_path):
    data, out = shutil.copytree(known / "data", tmp_path / "data"), tmp_path / "out"
    few = {"only": ["darker"], "strengths": {"darker": [2]}, "device": "cpu"}
    files = sorted(file.relative_to(data).as_posix() for file in data.rglob("*.png"))

    def grouped(parts):
        lines = [f"{file},{place % parts}" for place, file in enumerate(files)]
        (data / "groups.csv").write_text("\n".join(["filename,group", *lines]))

    grouped(4)
    assert stress_runs(known / "middle", data, out, **few).scenes == 4
    grouped(6)
    for name in ("stress.json", "pictures.npz", "masks.npz", "report.html"):
        (out / name).unlink()
    with pytest.raises(UserError, match="scores of other groups"):
        stress_runs(known / "middle", data, out, **few)
    assert stress_runs(known / "middle", data, out, **few, overwrite=True).scenes == 6


def test_two_calls_do_not_write_to_one_folder(known, tmp_path):
    (tmp_path / "out").mkdir()
    with alone_in(tmp_path / "out"), pytest.raises(UserError, match="another process is writing"):
        stress_runs(known / "middle", known / "data", tmp_path / "out", only=["darker"], device="cpu")
    assert not list((tmp_path / "out").iterdir())


def test_what_drift_has_found_is_placed_on_the_curve(known, tmp_path, pixelproof):
    levels = [int(read_image(path)[0, 0, 0]) for path in sorted((known / "data" / "validation").rglob("*.png"))]
    darker = [int(exposed(np.full((1, 1, 1), level, np.uint8), -1.0, False)[0, 0, 0]) for level in levels]
    old, new = (float(np.mean(each) / 255) for each in (levels, darker))
    sign = Sign(kind="picture", name="brightness", old=old, new=new, difference={"value": new - old}, p=0, adjusted=0)
    other = sign.model_copy(update={"name": "contrast", "adjusted": 0.5})
    far = sign.model_copy(update={"difference": Estimate(value=-old)})
    side = {"name": "x", "images": 24, "scenes": 24}
    for number, (signs, strength) in enumerate((((sign, other), 1), ((far,), None))):
        record = DriftRecord(
            run="middle", old=side, new=side, apart=1, chance=0.5, far=1, copies=0, signs=signs, unlike=()
        )
        save_drift(tmp_path / "drifted" / "drift.json", record)
        asked = ["--only", "darker", "--strengths", "darker=0.5,1,3", "--drift", tmp_path / "drifted"]
        code, text, err = pixelproof(
            "stress", known / "middle", known / "data", "--out", tmp_path / f"{number}", *asked
        )
        assert code == 0, err
        (like,) = load_stress(tmp_path / f"{number}" / "stress.json").likenesses
        assert (like.sign, like.stress, like.strength is None) == ("brightness", "darker", strength is None)
        assert strength is None or like.strength == pytest.approx(strength, abs=0.02)
        told = "which darker, about 1 stop, makes" if strength else "which not even darker, 3 stops, makes"
        assert told in " ".join(text.split())


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "darker,"], "there is no stress ''"),
        (["--only", "drker"], "there is no stress 'drker'; did you mean 'darker'?"),
        (["--strengths", "darker=x"], "write --strengths darker=1,2,3"),
        (["--strengths", "darker=-1"], "has no strength -1"),
        (["--most", "1"], "take 2 or more"),
        (["--margin", "0"], "a margin of 0 points is none"),
        (["--metric", "acuracy"], "did you mean 'accuracy'?"),
        (["--split", "tset"], "has no split 'tset'"),
    ],
)
def test_wrong_use_is_one_sentence(known, tmp_path, pixelproof, options, said):
    code, out, err = pixelproof("stress", known / "middle", known / "data", "--out", tmp_path / "out", *options)
    assert (code, out) == (2, "")
    assert said in err
    assert not (tmp_path / "out" / "scores").exists()


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


def test_scores_at_another_temperature_are_not_kept(known, tmp_path):
    run = Run.open(shutil.copytree(known / "middle", tmp_path / "middle"))
    few = {"only": ["darker"], "strengths": {"darker": [2]}, "device": "cpu"}

    def fitted(temperature):
        facts = {"split": "selection", "images": 9, "samples": 9, "loss_before": 1, "loss_after": 1}
        save_calibration(run.calibration, Calibration(temperature=temperature, **facts))

    def stopped():
        for name in ("stress.json", "pictures.npz", "masks.npz", "report.html"):
            (tmp_path / "out" / name).unlink()

    fitted(2.0)
    before = stress_runs(run.path, known / "data", tmp_path / "out", **few).models[0].untouched
    fitted(3.0)
    stopped()
    with pytest.raises(UserError, match="scores at another temperature than the run has now"):
        stress_runs(run.path, known / "data", tmp_path / "out", **few)
    after = stress_runs(run.path, known / "data", tmp_path / "out", **few, overwrite=True).models[0].untouched
    assert after.confidence < before.confidence
    run.calibration.unlink()
    stopped()
    with pytest.raises(UserError, match="at another temperature"):
        stress_runs(run.path, known / "data", tmp_path / "out", **few)


def test_scores_of_what_is_not_asked_any_more_are_kept_and_named(known, tmp_path, capsys):
    few = {"only": ["darker"], "device": "cpu"}
    stress_runs(known / "middle", known / "data", tmp_path / "out", **few, strengths={"darker": [1, 2]})
    assert "not of what was asked" not in capsys.readouterr().err
    record = stress_runs(
        known / "middle", known / "data", tmp_path / "out", **few, strengths={"darker": [2]}, overwrite=True
    )
    assert [cell.strength for cell in record.models[0].curves[0].cells] == [2]
    assert "kept, and shown by nothing: scores/middle/darker-1.npz" in capsys.readouterr().err
    assert (tmp_path / "out" / "scores" / "middle" / "darker-1.npz").is_file()


def test_left_out_images_and_corrected_labels_are_heeded(known, tmp_path, capsys):
    """Each as ``evaluate`` does it: the same images and labels, and what is known of them is said."""
    data = shutil.copytree(known / "data", tmp_path / "data")
    (data / "leave_out.csv").write_text("filename,reason\nvalidation/dark/d0.png,blurred\n")
    (data / "corrections.csv").write_text(f"filename,label,was\nvalidation/dark/d1.png,{NAMES[0]},dark\n")
    few = {"only": ["darker"], "strengths": {"darker": [2]}, "device": "cpu"}
    record = stress_runs(known / "middle", data, tmp_path / "out", **few)
    plain = evaluate_run(known / "middle", data, device="cpu", out=tmp_path / "plain.npz")
    assert record.images == len(plain.ids) == 23
    assert record.models[0].untouched.score.value == pytest.approx(22 / 23)
    assert record.models[0].corrected == 1
    assert "corrected" in capsys.readouterr().err
    assert any("1 of these 23 images have a corrected label" in said for said in told_of(record))
