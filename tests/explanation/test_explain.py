"""``explain`` from the shell, on both tasks, with faults that were planted."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import pixelproof.verbs.explain as explaining
from pixelproof.config import ModelConfig
from pixelproof.data import Sample, fingerprint, open_data, write_png
from pixelproof.data.demo import write_digits
from pixelproof.data.images import read_image
from pixelproof.data.reader import RGB
from pixelproof.errors import Refusal, UserError
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.explanation import classifier, segmenter
from pixelproof.explanation.regions import MaskEvidence, disagreements, suspect_regions
from pixelproof.labels import PRESETS
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.randomness import generator
from pixelproof.runs import Source, load_scores, load_shown, load_thumbnails
from pixelproof.runs.explanation_file import load_explanation
from pixelproof.runs.explanation_folder import ExplanationFolder
from pixelproof.runs.ranked_file import load_ranked
from pixelproof.verbs.explain import explain, explain_run
from pixelproof.verbs.train import train_run
from small_data import write_color_classes
from small_runs import untrained_run

SLIM = ["--set", "width=0.03", "--set", "batch_size=8", "--set", "device=cpu", "--set", "selection=0.2"]
LAND = PRESETS["deepglobe"]


@pytest.mark.parametrize(
    ("folder", "name", "alone"),
    [("color_classes", "vgg16", "train"), ("color_classes", "vgg16", "validation"), ("two_fields", "fcn32s", "train")],
)
def test_a_single_image_has_none_to_be_explained_by(request, folder, name, alone):
    data = open_data(request.getfixturevalue(folder))
    model = build_model(ModelConfig(name=name, width=0.03), len(data.scheme.classes))
    parts = {split: data.split(split)[: 1 if split == alone else 3] for split in ("train", "validation")}
    with pytest.raises(Refusal, match=f"{alone} has a single image"):
        explain(Predictor(model, data.scheme, "cpu"), parts, "validation")


@pytest.mark.parametrize("temperature", [0.02, 1.0, 50.0])
def test_failures_are_told_by_the_probabilities_that_predict_gives(color_classes, temperature, monkeypatch):
    monkeypatch.setattr(classifier, "PICTURED", 4)
    data = open_data(color_classes)
    torch.manual_seed(0)
    model = build_model(ModelConfig(name="vgg16", width=0.03), len(data.scheme.classes))
    predictor = Predictor(model, data.scheme, "cpu", temperature=temperature)
    parts = {split: data.split(split) for split in ("train", "validation")}
    findings, _ = explain(predictor, parts, "validation")
    chances = predictor.probabilities([predictor.reader(sample.image) for sample in parts["validation"]])
    places = {sample.id: i for i, sample in enumerate(parts["validation"])}
    truth = np.array([sample.label for sample in parts["validation"]])
    loss = -np.log(chances[np.arange(len(truth)), truth])
    failures = findings.explanation.failures
    for failure in failures:
        i = places[failure.id]
        assert (failure.truth, failure.predicted) == (truth[i], chances[i].argmax())
        assert failure.confidence == pytest.approx(chances[i].max())
        assert failure.loss == pytest.approx(loss[i])
    highest = [places[failure.id] for failure in sorted(failures, key=lambda failure: -failure.loss)[:4]]
    np.testing.assert_allclose(loss[highest], np.sort(loss)[::-1][:4])
    assert {f"validation/{failure.id}" for failure in failures} <= set(findings.pictures.ids)


def test_a_classifier_is_asked_once_about_each_image(color_classes, tmp_path, monkeypatch):
    data = open_data(color_classes)
    run, samples = untrained_run(tmp_path / "run", "vgg16", data.scheme), data.split("validation")
    apart = evaluate(Predictor.open(run, "cpu"), samples, Source("run", "validation", fingerprint(samples)))
    asked = []
    for way in ("__call__", "logits"):
        ask = getattr(Predictor, way)
        monkeypatch.setattr(Predictor, way, lambda self, images, ask=ask: asked.extend(images) or ask(self, images))
    explain_run(run.path, color_classes, tmp_path / "why", device="cpu")
    scores = load_scores(ExplanationFolder(tmp_path / "why").scores)
    assert len(asked) == len(data.split("train")) + len(samples)
    assert (scores.ids, scores.source) == (apart.ids, apart.source)
    for field in ("truth", "predicted", "rank", "loss", "confidence", "calibration"):
        np.testing.assert_array_equal(getattr(scores, field), getattr(apart, field))


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Return a folder with patches, one labelled twice, a ``run`` on them, and a ``strange`` image; read only."""
    folder = tmp_path_factory.mktemp("known")
    train = write_color_classes(folder / "patches") / "train"
    shutil.copy(train / "red" / "0.png", train / "blue" / "wrong.png")  # a certain error: once red, once blue
    settings = ["width=0.03", "batch_size=8", "device=cpu", "selection=0.2", "epochs=3", "tta=flip"]
    train_run(folder / "patches", "vgg16", folder / "run", settings=settings)
    odd = np.random.default_rng(0).integers(0, 256, (40, 20, 3)).astype(np.uint8)
    write_png(folder / "strange" / "odd.png", odd)
    return folder


@pytest.fixture(scope="module")
def explained(known):
    """Return what was found of the run; read only."""
    explain_run(known / "run", known / "patches", known / "why", unlabelled=known / "strange", device="cpu")
    return ExplanationFolder(known / "why")


def asking(known, out):
    return ["explain", known / "run", known / "patches", "--out", out, "--unlabelled", known / "strange"]


def test_a_classifier_is_explained(explained):
    first, second = load_ranked(explained.suspects)[:2]
    assert {first.id, second.id} == {"blue/wrong.png", "red/0.png"}
    assert first.score == second.score == 1
    said = load_explanation(explained.explanation)
    assert (said.split, said.images, said.layer) == ("validation", 12, "second-last")
    following = load_ranked(explained.next)
    assert len(following) == 13
    assert [row.given for row in following if row.split == "unlabelled"] == [""]
    copies = sorted(path.name for path in explained.images.iterdir())
    assert copies[0] == f"001-{following[0].split}-{following[0].id.split('/')[-1]}"
    assert len(copies) == 13
    pictured = load_thumbnails(explained.pictures)
    assert "train/blue/wrong.png" in pictured.ids
    assert pictured.pixels.shape[1] == 40

    scores = load_scores(explained.scores)
    guesses = {i: scores.scheme.names[guess] for i, guess in zip(scores.ids, scores.predicted, strict=True)}
    labelled = [row for row in following if row.split == "validation"]
    assert {row.id: row.suggested for row in labelled} == guesses  # both averaged, as the run was set


def test_the_page_follows_from_what_was_found(pixelproof, explained, tmp_path):
    copy = shutil.copytree(explained.path, tmp_path / "why")
    text = (copy / "report.html").read_text("utf-8")
    for words in ("What run sees as alike", "12 validation images", "Reliability diagram of run"):
        assert words in text
    (copy / "report.html").unlink()
    assert pixelproof("report", copy)[0] == 0
    assert (copy / "report.html").read_text("utf-8") == text


def test_what_cannot_be_written_costs_no_earlier_explanation(pixelproof, known, explained, tmp_path, monkeypatch):
    def full(path, *_):
        raise UserError(f"the disk is full while writing {path}", "free some space and run the command again")

    found = ExplanationFolder(shutil.copytree(explained.path, tmp_path / "why"))
    monkeypatch.setattr("pixelproof.verbs.explain.save_scores", full)
    code, _, err = pixelproof(*asking(known, found.path), "--overwrite")
    assert (code, "run the command again" in err) == (2, True)
    assert load_explanation(found.explanation) == load_explanation(explained.explanation)
    monkeypatch.setattr("pixelproof.verbs.embed.write_bytes", full)
    assert pixelproof("embed", *asking(known, tmp_path / "map")[1:5])[0] == 2
    assert not (tmp_path / "map" / "features.npz").exists()


def test_an_explanation_replaces_another_where_it_may_and_nothing_else(pixelproof, known, explained, tmp_path):
    for out, said in (
        (known / "run" / "explanation", "is where a study keeps what it finds out"),
        (known / "patches" / "why", f"lies in {known / 'patches'}"),
    ):
        code, _, err = pixelproof(*asking(known, out))
        assert (code, said in err) == (2, True)
    found = ExplanationFolder(shutil.copytree(explained.path, tmp_path / "why"))
    (found.images / "mine.txt").write_text("mine")
    code, _, err = pixelproof(*asking(known, found.path))
    assert (code, "already exists" in err) == (2, True)
    code, out, _ = pixelproof(*asking(known, found.path)[:-2], "--overwrite")
    assert code == 0
    written = (found.explanation, found.suspects, found.next, found.pictures, found.cams, found.images, found.scores)
    written = (*written, found.leave_out, found.review, found.path / "report.html")
    assert [*map(str, written)] == out.split()
    assert (found.images / "mine.txt").read_text() == "mine"
    assert len(load_ranked(found.next)) == 12


def test_a_segmenter_is_explained(pixelproof, two_fields, tmp_path):
    wrong = two_fields / "validation" / "0001_mask.png"
    mask = read_image(wrong)
    half = mask.shape[1] // 4
    mask[20:44, :half] = LAND.classes[LAND.names.index("water")].color  # forest, mapped as water
    write_png(wrong, mask)
    make = ["train", two_fields, "--model", "fcn8s-bn", "--out", tmp_path / "run", *SLIM, "--set", "epochs=25"]
    assert pixelproof(*make, "--set", "lr=3e-3")[0] == 0
    code, _, err = pixelproof("explain", tmp_path / "run", two_fields, "--out", tmp_path / "why", "--most", 5)
    assert code == 0, err
    found = ExplanationFolder(tmp_path / "why")
    first = load_ranked(found.suspects)[0]
    assert (first.id, first.split, first.given, first.suggested) == ("0001", "validation", "water", "forest")
    left, top, width, height = first.box
    assert abs(left) + abs(top - 20) + abs(width - half) + abs(height - 24) < 12
    assert {row.id for row in load_ranked(found.next)} == {"0000", "0001", "0002"}
    assert len(list(found.images.iterdir())) == 3
    assert {load_shown(path).id for path in found.worst.iterdir()} == {"0000", "0001", "0002"}
    doubtful = list(dict.fromkeys((row.id, row.split) for row in load_ranked(found.suspects)))
    for path, (name, split) in zip(sorted(found.doubtful.iterdir()), doubtful, strict=False):
        assert load_shown(path).id == (name if split == "validation" else f"{name} ({split})")
    assert doubtful[0] == ("0001", "validation")
    assert not found.explanation.exists()
    assert "Masks to doubt" in (found.path / "report.html").read_text("utf-8")
    few = ["explain", tmp_path / "run", two_fields, "--out", tmp_path / "few", "--split", "train", "--most", 3]
    assert pixelproof(*few)[0] == 0
    assert len(load_scores(tmp_path / "few" / "scores.npz").ids) == 3
    code, _, err = pixelproof("embed", tmp_path / "run", two_fields, "--out", tmp_path / "map")
    assert (code, "so an image has no one class" in err) == (2, True)


def test_a_segmenter_of_one_class_is_never_unsure(two_fields):
    rest = [entry.color for entry in LAND.classes if entry.name != "forest"]
    (two_fields / "labels.yaml").write_text(
        "task: segmentation\n"
        f"classes: [{{name: forest, id: 0, color: {list(LAND.classes[LAND.names.index('forest')].color)}}}]\n"
        f"void_colors: {[list(color) for color in rest]}\n",
        "utf-8",
    )
    data = open_data(two_fields)
    model = build_model(ModelConfig(name="fcn32s", width=0.03), 1)
    parts = {split: data.split(split) for split in ("train", "validation")}
    found, _ = explain(Predictor(model, data.scheme, "cpu"), parts, "validation")
    assert len(found.next) == 3
    assert all(np.isfinite(row.score) for row in found.next)


def test_regions_are_large_sure_and_off_the_edge():
    scored = LAND.scored
    truth = np.zeros((100, 100), np.uint8)
    truth[:, 50:] = 3
    chances = np.full((7, 100, 100), 0.01, np.float32)
    seen = np.zeros((100, 100), int)
    seen[:, 47:] = 3  # the edge lies three pixels off
    seen[10:30, 10:30] = 4  # a pond that nobody mapped
    seen[90:93, 60:63] = 4  # a puddle
    np.put_along_axis(chances, seen[None], 0.94, axis=0)
    (region,) = disagreements(truth, chances, scored, truth.size)
    assert (region.given, region.suggested, region.pixels, region.box) == (0, 4, 400, (10, 10, 20, 20))
    assert region.confidence == pytest.approx(0.94)
    assert region.excess == pytest.approx(400 * 0.93, rel=1e-5)
    labelled = np.array([5000, 0, 0, 5000, 100, 0, 0])
    agreed = labelled * np.array([0.9, 0, 0, 0.9, 0.5, 0, 0])
    mask = MaskEvidence("a", "train", 10_000, (region,), labelled, agreed)
    (row,) = suspect_regions([mask], LAND.names)
    assert row.score == pytest.approx(400 * 0.93 / 10_000, rel=1e-4)
    assert suspect_regions([MaskEvidence("a", "train", 10_000, (region,), labelled, labelled * 0.99)], LAND.names) == []
    truth[:] = LAND.names.index("unknown")
    assert disagreements(truth, chances, scored, truth.size) == []


@pytest.mark.parametrize(("side", "found"), [(18, 0), (24, 1)])
def test_a_region_of_a_window_is_measured_by_the_image(monkeypatch, tmp_path, side, found):
    """Of 700 x 700 pixels, 0.1% is 490 or a square of 22; of a window of 256 x 256 it would be 66."""
    image = np.zeros((700, 700, 3), np.uint8)
    image[100 : 100 + side, 100 : 100 + side] = 255
    sample = Sample("a", tmp_path / "a.png", mask=tmp_path / "a_mask.png")
    Image.fromarray(image).save(sample.image)
    Image.new("RGB", (700, 700), LAND.classes[0].color).save(sample.mask)
    monkeypatch.setattr(segmenter, "LARGE", 480_000)
    monkeypatch.setattr(segmenter, "TILE", 256)
    look = segmenter._look(Sees(), "train", sample)
    assert [region.pixels for region in look.evidence.regions] == [side**2] * found


def test_a_region_of_a_huge_image_need_not_fill_a_window():
    chances = np.full((7, 100, 100), 0.01, np.float32)
    chances[0] = 0.94
    truth = np.full((100, 100), 4, np.uint8)
    (region,) = disagreements(truth, chances, LAND.scored, 30_000**2)
    assert region.pixels == 10_000


class Sees:
    """A segmenter that takes what is white for water and all else for the first class."""

    scheme, temperature, reader = LAND, 1.0, RGB

    def __call__(self, images):
        white = torch.from_numpy(images[0][None, :, :, 0] > 0)
        logits = torch.zeros(1, 7, *white.shape[1:])
        logits[:, 0], logits[:, 4] = torch.where(white, 0, 9), torch.where(white, 9, 0)
        return SimpleNamespace(features=torch.zeros(1, 3), logits=logits)

    def class_map(self, image):
        return self([image]).logits[0].argmax(dim=0).numpy().astype(np.uint8)


def test_an_image_of_another_split_is_called_by_it_too(tmp_path):
    """Ids are unique within their split alone, and a reader would open the wrong file."""
    parts = {"train": [], "validation": []}
    for split, name, side, label in (("train", "a", 50, 0), ("train", "b", 90, 4), ("validation", "a", 50, 0)):
        sample = Sample(name, tmp_path / split / f"{name}.png", mask=tmp_path / split / f"{name}_mask.png")
        sample.image.parent.mkdir(exist_ok=True)
        image = np.zeros((100, 100, 3), np.uint8)
        image[:side, :side] = 255
        Image.fromarray(image).save(sample.image)
        Image.new("RGB", (100, 100), LAND.classes[label].color).save(sample.mask)
        parts[split].append(sample)
    found = segmenter.explain_segmenter(Sees(), parts, "validation")
    assert [shown.id for shown in found.doubtful] == ["a (train)", "a", "b (train)"]


def plant_errors(folder, share):
    """Move ``share`` of the training images into the folder of another class; return their new ids."""
    samples = open_data(folder).split("train")
    rng = generator(0, "planted")
    moved = set()
    for index in rng.permutation(len(samples))[: round(share * len(samples))]:
        sample = samples[index]
        name = f"{(sample.label + 1 + int(rng.integers(9))) % 10}/{sample.image.name}"
        sample.image.rename(folder / "train" / name)
        moved.add(name)
    return moved


@pytest.mark.slow
def test_planted_label_errors_head_the_suspects(pixelproof, tmp_path):
    """Measured on 2 CPU cores: 70 of 72 planted errors among the first 179 of 1,797 images."""
    write_digits(tmp_path / "digits")
    planted = plant_errors(tmp_path / "digits", 0.05)
    recipe = ["width=0.125", "epochs=8", "batch_size=64", "lr=2e-3", "ema=0.95", "flip=false", "shift=2", "device=cpu"]
    sets = [word for text in recipe for word in ("--set", text)]
    assert pixelproof("train", tmp_path / "digits", "--model", "vgg16-bn", "--out", tmp_path / "run", *sets)[0] == 0
    assert pixelproof("explain", tmp_path / "run", tmp_path / "digits", "--out", tmp_path / "why")[0] == 0
    rows = load_ranked(ExplanationFolder(tmp_path / "why").suspects)
    images = sum(1 for _ in (tmp_path / "digits").rglob("*.png"))
    head = {row.id for row in rows[: images // 10] if row.split != "validation"}
    assert len(planted & head) >= 0.8 * len(planted)
    assert {row.id for row in rows[: len(rows) // 10]} <= planted


@pytest.mark.real
@pytest.mark.slow
def test_the_known_contradictions_of_the_real_data_come_first(pixelproof, real_data, tmp_path):
    sets = [word for s in ("width=0.05", "epochs=1", "device=cpu") for word in ("--set", s)]
    data = real_data / "p1_data"
    assert pixelproof("train", data, "--model", "vgg16-bn", "--out", tmp_path / "run", *sets)[0] == 0
    assert pixelproof("explain", tmp_path / "run", data, "--out", tmp_path / "why")[0] == 0
    first = load_ranked(ExplanationFolder(tmp_path / "why").suspects)[:4]
    assert {row.id for row in first} == {"10_363.png", "41_87.png", "33_161.png", "48_309.png"}


def test_what_is_not_of_an_explanation_stays(color_classes, tmp_path, monkeypatch):
    make = ["width=0.03", "epochs=1", "device=cpu"]
    run = train_run(color_classes, "vgg16", tmp_path / "run", settings=make).path
    others = [tmp_path / "why" / name for name in ("worst/my_photo.png", "doubtful/notes.txt", "next/holiday.jpg")]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    explain_run(run, color_classes, tmp_path / "why")
    assert {path.read_text() for path in others} == {"mine"}
    explain_run(run, color_classes, tmp_path / "why", overwrite=True)
    assert {path.read_text() for path in others} == {"mine"}
    with pytest.raises(UserError, match="holds a study or a run"):
        explain_run(run, color_classes, run)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "scores.npz").write_text("mine")
    with pytest.raises(UserError, match=r"scores\.npz already exists"):
        explain_run(run, color_classes, tmp_path / "else")
    shutil.rmtree(tmp_path / "else")
    build, written = explaining.build_report, tmp_path / "else" / "suspects.csv"
    monkeypatch.setattr(explaining, "build_report", lambda folder: written.write_text("theirs") and build(folder))
    with pytest.raises(UserError, match="already exists"):  # which another process has written meanwhile
        explain_run(run, color_classes, tmp_path / "else")
    assert [path.name for path in (tmp_path / "else").iterdir()] == ["suspects.csv"]
