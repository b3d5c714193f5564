"""Models of a study that start from what another has learned."""

import pytest
import torch
from safetensors.torch import load_file
from small_study import study_of, study_text

from pixelproof.config import run_settings
from pixelproof.errors import UserError
from pixelproof.runs import Run, load_scores
from pixelproof.runs.scoring_log import read_scorings, scoring_log
from pixelproof.study.conduct import conduct
from pixelproof.verbs.evaluate import evaluate_run
from pixelproof.verbs.train import train_run

OTHERS = ["width=0.03", "epochs=1", "batch_size=4", "crop=32", "device=cpu"]
ASKED = ["fields.tta_scales=[1,0.5]", "fields.tta=flip"]
LEARNED = """
name: learned
parts:
  patches:
    data: patches
    settings: {width: 0.03, epochs: 1, batch_size: 4, device: cpu, tta: flip}
    seeds: [0, 1]
    models: {vgg16: vgg16-bn}
  fields:
    data: fields
    settings: {width: 0.03, epochs: 1, batch_size: 4, crop: 32, device: cpu, lr: 1.0e-9}
    seeds: [0, 1]
    models:
      fcn32s: {model: fcn32s-bn, weights: "study:patches/vgg16"}
      fcn8s: {model: fcn8s-bn, seeds: [1], weights: "study:patches/vgg16"}
"""


@pytest.mark.usefixtures("pageless")
def test_runs_are_trained_by_seed_and_start_from_what_another_has_learned(
    tmp_path, color_classes, two_fields, capsys, monkeypatch
):
    study, out = study_text(tmp_path, LEARNED), tmp_path / "out"

    def again(*changes):
        """Conduct the study once more and return what it says."""
        capsys.readouterr()
        conduct(study, tmp_path, out, changes)
        return capsys.readouterr().err

    again()
    one_after_the_other_from_what_was_learned(out)
    assert again().count("trained already") == 5
    assert looks_at(out, "fields/fcn8s") == ["1"]
    # How they are asked changes, not what they have learned.
    assert again("fields.tta_scales=[0.5,1]", "fields.tta=flip").count("trained already") == 5
    assert [looks_at(out, name) for name in ("patches/vgg16", "fields/fcn8s")] == [["2"], ["1", "4"]]
    assert run_settings(Run(out / "fields" / "fcn8s")).model.tta_scales == (0.5, 1)
    # Killed before it is noted that they are scored, they are not taken to be scored as before.
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pixelproof.study.steps.Steps.take", interrupted)
        again("fields.tta_scales=[1,2]", "fields.tta=flip")
    again(*ASKED)
    assert looks_at(out, "fields/fcn32s") == ["1", "4", "4", "4"]
    what_others_put_in_the_place_of_the_study_s_is_noticed(out, two_fields, again)
    again("patches.lr=1e-5")  # what was learned changes, and so does all that began with it
    assert len(list((out / "previous").iterdir())) == 6


def interrupted(*_):
    raise KeyboardInterrupt


def looks_at(out, name):
    """Return how often each scoring of a run has asked about an image."""
    scorings = read_scorings(scoring_log(Run(out / name)))
    assert {row.split for row in scorings} == {"validation"}
    return [row.asked for row in scorings]


def one_after_the_other_from_what_was_learned(out):
    runs = ["patches/vgg16", "fields/fcn32s", "fields/fcn8s", "patches/vgg16.seed-1", "fields/fcn32s.seed-1"]
    assert all(Run(out / name).environment()["finished"] for name in runs)
    logged = [(out / name / "metrics.csv").stat().st_mtime_ns for name in runs]
    assert logged == sorted(logged)
    for vgg, fcn in (("patches/vgg16", "fields/fcn32s"), ("patches/vgg16.seed-1", "fields/fcn32s.seed-1")):
        learned, found = (load_file(Run(out / name).best) for name in (vgg, fcn))
        name = "features.0.weight"  # which a learning rate of almost 0 has left where it began
        torch.testing.assert_close(found[name], learned[name], rtol=1e-4, atol=1e-6)
    assert [looks_at(out, name) for name in ("patches/vgg16", "fields/fcn8s")] == [["2"], ["1"]]


def what_others_put_in_the_place_of_the_study_s_is_noticed(out, two_fields, again):
    run = Run(out / "fields" / "fcn32s")
    evaluate_run(run.path, two_fields, device="cpu", tta=True)
    said = again(*ASKED)
    assert said.count("was scored on other images, or by other looks, than the study's: it is made again") == 1
    assert load_scores(run.scores("validation")).source.looks == "2 x 0.5, 1"
    train_run(two_fields, "fcn8s-bn", run.path, settings=OTHERS, overwrite=True)
    again(*ASKED)
    assert list((out / "previous").iterdir()) == [out / "previous" / "fields-fcn32s-1"]
    assert run_settings(run).model.name == "fcn32s-bn"
    assert load_scores(run.scores("validation")).source.looks == "2 x 0.5, 1"


@pytest.mark.usefixtures("pageless")
def test_a_network_without_batch_norm_starts_from_the_folded_weights_of_one_with_it(tmp_path, color_classes):
    models = {"a": "vgg16-bn", "b": {"model": "vgg16", "weights": "study:why/a"}}
    models["c"] = {"model": "vgg16-bn", "weights": "study:why/a"}
    settings = {"width": 0.03, "epochs": 1, "batch_size": 4, "device": "cpu"}
    study = study_of(tmp_path, {"data": "patches", "models": models, "settings": settings})
    conduct(study, tmp_path, tmp_path / "out")
    used = [run_settings(Run(tmp_path / "out" / "why" / name)).model.weights for name in "bc"]
    assert used == [str(tmp_path / "out/why/a/checkpoints" / f"{name}.safetensors") for name in ("plain", "best")]


def test_a_run_starts_only_from_a_model_that_stands_before_it(tmp_path, color_classes, two_fields):
    study = study_text(tmp_path, LEARNED.replace("study:patches/vgg16", "study:fields/fcn8s"))
    with pytest.raises(UserError, match="starts from 'fields/fcn8s', which is not a model that stands before it"):
        conduct(study, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
