"""Scores put together are those of all images at once."""

from dataclasses import fields, replace

import numpy as np
import pytest

from pixelproof import api
from pixelproof.data import write_png
from pixelproof.errors import UserError
from pixelproof.evaluation import summarise
from pixelproof.evaluation.merge import merged
from pixelproof.labels import LabelClass
from pixelproof.runs import Boundaries, Scores, load_scores, save_scores
from small_data import write_color_classes, write_two_fields


def part(scores: Scores, chosen: slice) -> Scores:
    """Return the scores of some of the images."""
    arrays = {f.name: getattr(scores, f.name) for f in fields(scores)}
    cut = {name: value[chosen] for name, value in arrays.items() if isinstance(value, np.ndarray | tuple)}
    if isinstance(boundaries := arrays.get("boundaries"), Boundaries):
        cut["boundaries"] = Boundaries(**{name: value[chosen] for name, value in vars(boundaries).items()})
    source = replace(scores.source, name=f"{chosen.start}", fingerprint=f"{chosen.start}", learned="1")
    return replace(scores, **cut, source=source)


@pytest.fixture(scope="module", params=["vgg16-bn", "fcn8s-bn"])
def scores(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("merge")
    data = (write_color_classes if request.param == "vgg16-bn" else write_two_fields)(folder / "data")
    api.train(data, request.param, folder / "run", settings=["width=0.05", "epochs=1", "batch_size=4"])
    return api.evaluate(folder / "run", data, "all")


@pytest.mark.parametrize("cuts", [[1], [2, 3, 7]])
def test_parts_together_are_the_whole_but_for_what_belongs_to_one_network(scores, cuts):
    scores = replace(scores, groups=np.array([f"g{place // 2}" for place in range(len(scores.ids))]))
    starts, ends = [0, *cuts], [*cuts, len(scores.ids)]
    parts = [part(scores, slice(a, b)) for a, b in zip(starts, ends, strict=True)]
    whole = merged(parts)
    assert whole.ids == scores.ids
    nothing = dict.fromkeys({"calibration", "probabilities"} & {f.name for f in fields(scores)})
    source = replace(scores.source, temperatures="", looks="", learned=str(len(parts)))
    assert summarise(whole) == summarise(replace(scores, **nothing, source=source)) | {"looks": scores.source.looks}
    assert (whole.source.name, whole.source.split, whole.source.fingerprint) == ("", "all", "")
    one = replace(parts[0], calibration=parts[0].calibration[:, :1])  # of a network without a fitted temperature
    assert merged([one, *parts[1:]]).calibration is None


def test_scores_that_are_divided_otherwise_can_be_compared(scores, tmp_path):
    files = []
    for name, cut in (("two", [3]), ("three", [1, 4])):
        starts, ends = [0, *cut], [*cut, len(scores.ids)]
        whole = merged([part(scores, slice(a, b)) for a, b in zip(starts, ends, strict=True)])
        files.append(tmp_path / f"{name}.npz")
        save_scores(files[-1], whole)
    record = api.compare(files, tmp_path / "verdict")
    assert [model.name for model in record.models] == ["two", "three"]


def test_scores_that_do_not_fit_together_are_refused(scores):
    with pytest.raises(UserError, match=f"image '{scores.ids[1]}' is scored twice"):
        merged([part(scores, slice(0, 2)), part(scores, slice(1, 3))])
    elsewhere = replace(part(scores, slice(2, 3)), source=replace(scores.source, split="train"))
    with pytest.raises(UserError, match="are of different splits: all, train"):
        merged([part(scores, slice(0, 2)), elsewhere])
    classes = (*scores.scheme.classes, LabelClass(name="more", id=99, color=(1, 2, 3)))
    with pytest.raises(UserError, match="have other labels than"):
        merged([scores, replace(scores, scheme=scores.scheme.model_copy(update={"classes": classes}))])


def test_all_folds_score_every_image_once(pixelproof, tmp_path):
    rng = np.random.default_rng(0)
    for name, color in {"red": (200, 40, 40), "blue": (40, 40, 200)}.items():
        for index in range(9):
            image = (np.array(color) + rng.normal(0, 25, (16, 16, 3))).clip(0, 255).astype(np.uint8)
            write_png(tmp_path / "data" / "train" / name / f"{index}.png", image)
    files = []
    for place in (1, 2, 3):
        run = tmp_path / f"fold-{place}"
        settings = ["width=0.05", "epochs=1", "batch_size=4", f"cv_fold={place}/3"]
        api.train(tmp_path / "data", "vgg16-bn", run, settings=settings)
        assert len(api.evaluate(run, tmp_path / "data").ids) == 6
        files.append(run / "scores" / "validation.npz")
    code, out, said = pixelproof("score", *files, "--out", tmp_path / "all.npz")
    assert code == 0, said
    assert "/18 (" in out
    assert len(load_scores(tmp_path / "all.npz").ids) == 18
    code, out, said = pixelproof("compare", tmp_path / "all.npz", tmp_path / "all.npz")
    assert "all" in out + said
    code, _, said = pixelproof("score", *files, tmp_path)
    assert code == 2
    assert "4 places are too many" in said


def test_groups_that_some_scores_know_are_kept(scores):
    first, second = part(scores, slice(0, 2)), part(scores, slice(2, 5))
    assert merged([first, second]).groups is None
    known = replace(first, groups=np.array(["a", "a"]))
    assert merged([known, second]).groups.tolist() == ["a", "a", *second.ids]
