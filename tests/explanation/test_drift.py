"""New images beside old ones: alarms where they are of another kind, and none where they are not."""

import json
import shutil

import numpy as np
import pytest
from scipy.stats import ttest_ind

from pixelproof.comparison.wording.drift import sentences
from pixelproof.data import write_png
from pixelproof.data.images import read_image
from pixelproof.errors import Refusal
from pixelproof.explanation.drift import compared, told_apart, unlike
from pixelproof.explanation.seen import Seen
from pixelproof.runs.drift_file import DriftRecord, load_drift
from pixelproof.verbs.drift import drift_images
from pixelproof.verbs.train import train_run
from small_data import write_color_classes, write_two_fields

NONE = np.zeros((0, 2, 2, 3), np.uint8)


def seen(rng, images=120, per=1, shift=0.0, **signs):
    scenes = np.arange(images) // per
    features = rng.normal(size=(images, 8))[scenes] + 0.5 * rng.normal(size=(images, 8))
    features[:, 0] += shift
    names = tuple(f"{i:04d}" for i in range(images))
    given = {("picture", name): np.asarray(values) for name, values in signs.items()}
    return Seen(names, tuple(map(str, scenes)), given, features.astype(np.float32), NONE, ())


@pytest.mark.parametrize("per", [1, 3])
def test_chance_is_exceeded_as_often_as_it_says(per):
    rng = np.random.default_rng(5)
    found = [told_apart(seen(rng, per=per), seen(rng, per=per), seed) for seed in range(60)]
    alarms = [area > chance for area, chance in found]
    assert np.mean(alarms) < 0.1  # of 2.5%
    area, chance = told_apart(seen(rng, per=per), seen(rng, per=per, shift=3))
    assert area > chance
    assert all(map(np.isnan, told_apart(seen(rng, 12), seen(rng))))


def test_a_sign_is_compared_by_scenes_as_welch_does():
    rng = np.random.default_rng(1)
    one, other = rng.normal(0, 1, 90), np.append(rng.normal(0.5, 2, 89), np.nan)
    sides = seen(rng, 90, 3, light=one, alike=np.ones(90)), seen(rng, 90, 3, light=other, alike=np.ones(90))
    light, alike = compared(*sides)
    means = [np.nanmean(values.reshape(30, 3), axis=1) for values in (one, other)]
    test = ttest_ind(means[1], means[0], equal_var=False)
    assert (light.old, light.new) == pytest.approx([each.mean() for each in means])
    assert light.p == pytest.approx(test.pvalue)
    assert (light.difference.low, light.difference.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert (alike.p, alike.difference.low, alike.difference.value) == (None, None, 0)


def test_what_lies_farther_than_the_old_ones_from_each_other_is_unlike_them():
    rng = np.random.default_rng(2)
    far = unlike(seen(rng), seen(rng, 40, shift=[*[0.0] * 20, *[50.0] * 20]))
    assert (far[20:] == 1).all()
    assert far[:20].mean() < 0.8


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift")
    data = write_color_classes(folder / "patches")
    settings = ["width=0.03", "epochs=1", "batch_size=4", "device=cpu", "validation=0.5"]
    train_run(data, "vgg16", folder / "run", settings=settings)
    return folder


def test_darker_images_are_found_and_the_same_ones_are_not(classifier, tmp_path, pixelproof):
    data, new = classifier / "patches", tmp_path / "new"
    for path in (data / "train").rglob("*.png"):
        write_png(new / f"{path.parent.name}-{path.name}", (read_image(path) * 0.3).astype(np.uint8))
    code, text, err = pixelproof("drift", classifier / "run", data, new, "--split", "train", "--out", tmp_path / "out")
    assert code == 0, err
    found = load_drift(tmp_path / "out" / "drift.json")
    signs = {sign.name: sign for sign in found.signs}
    assert signs["brightness"].new == pytest.approx(0.3 * signs["brightness"].old, abs=0.01)
    assert signs["brightness"].adjusted < 0.001
    assert signs["side, pixels"].p is None
    assert (found.copies, "right" in signs) == (0, False)
    assert "cannot be known without labels" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert found.unlike[0].id in page
    assert pixelproof("drift", classifier / "run", data, new, "--out", tmp_path / "out")[0] == 2

    settings = ("--split", "train", "--labelled", "train", "--json")
    code, text, err = pixelproof("drift", classifier / "run", data, data, *settings)
    assert code == 0, err
    same = json.loads(text)
    assert same["copies"] == same["old"]["images"] == same["new"]["images"]
    assert all(sign["difference"]["value"] == 0 for sign in same["signs"])
    assert {sign["name"] for sign in same["signs"]} >= {"right", "confidence", "red"}


def test_where_new_images_may_belong_together_nothing_is_tested(classifier, tmp_path, pixelproof):
    shutil.copytree(classifier / "patches", tmp_path / "old")
    images = sorted((tmp_path / "old" / "train").rglob("*.png"))
    lines = [f"train/{path.parent.name}/{path.name},{place // 2}" for place, path in enumerate(images)]
    others = [f"{path.relative_to(tmp_path / 'old')}," for path in (tmp_path / "old").rglob("*.png")]
    others = [line for line in others if not line.startswith("train/")]
    (tmp_path / "old" / "groups.csv").write_text("\n".join(["filename,group", *lines, *others]))
    for path in images:
        write_png(tmp_path / "new" / f"{path.parent.name}-{path.name}", 255 - read_image(path))
    asked = ("drift", classifier / "run", tmp_path / "old", tmp_path / "new", "--split", "train")
    code, text, err = pixelproof(*asked, "--json")
    assert code == 0, err
    found = json.loads(text)
    assert (found["ungrouped"], found["apart"]) == (True, None)
    assert {sign["p"] for sign in found["signs"]} == {sign["difference"]["low"] for sign in found["signs"]} == {None}
    assert "which new ones belong together is not known" in " ".join(pixelproof(*asked)[1].split())
    table = "\n".join(["filename,group", *(f"{p.parent.name}-{p.name},{n // 2}" for n, p in enumerate(images))])
    (tmp_path / "new" / "groups.csv").write_text(table)
    beside = json.loads(pixelproof(*asked, "--json")[1])
    (tmp_path / "new" / "groups.csv").rename(tmp_path / "new" / "mine.csv")
    given = json.loads(pixelproof(*asked, "--groups", tmp_path / "new" / "mine.csv", "--json")[1])
    assert beside == given
    assert (given["ungrouped"], given["new"]["scenes"]) == (False, given["old"]["scenes"])
    assert any(sign["p"] is not None for sign in given["signs"])


def test_old_images_that_were_learned_from_and_a_near_area_are_told(classifier, pixelproof):
    data = classifier / "patches"
    asked = ("drift", classifier / "run", data, data, "--split", "train", "--labelled", "validation")
    found = json.loads(pixelproof(*asked, "--json")[1])
    assert found["learned"] == found["old"]["images"]
    said = " ".join(pixelproof(*asked)[1].split())
    assert f"Warning: {found['learned']} of {found['learned']} old images were learned from by run" in said
    record = DriftRecord.model_validate(found | {"apart": 0.574, "chance": 0.571, "learned_by": ["a", "b"]})
    first, second, *_ = sentences(record)
    assert "(AUC 0.574, by chance up to 0.571)" in first
    assert "by run, or by a and b, whose weights it began with, which" in second


def test_segmenters_see_the_middle_and_count_pixels(tmp_path):
    data = write_two_fields(tmp_path / "fields")
    settings = ["width=0.03", "epochs=1", "batch_size=4", "crop=32", "device=cpu"]
    train_run(data, "fcn32s", tmp_path / "run", settings=settings)
    record = drift_images(tmp_path / "run", data, data, split="train", labelled="validation")
    signs = {sign.name: sign for sign in record.signs}
    assert 0 <= signs["right"].old <= 1
    assert sum(sign.new for sign in record.signs if sign.kind == "class") == pytest.approx(1)
    shutil.copytree(data / "train", tmp_path / "one")
    images = sorted((tmp_path / "one").glob("*_sat*"))
    with pytest.raises(Refusal, match="has a single image or group"):
        drift_images(tmp_path / "run", data, images[0], split="train")
