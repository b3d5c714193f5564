"""Ensembles as models of a study."""

import json

import pytest
from small_study import study_of

from pixelproof.config import run_settings
from pixelproof.errors import UserError
from pixelproof.prediction.predictor import trained_network
from pixelproof.runs import Run, load_scores
from pixelproof.runs.files import file_digest
from pixelproof.study.conduct import conduct
from pixelproof.study.plan import in_order, plan
from pixelproof.training.checkpoints import save_weights


@pytest.mark.usefixtures("pageless")
def test_an_ensemble_of_all_seeds_is_made_after_them_and_made_once(tmp_path, two_fields, capsys):
    models = {"fcn32s": None, "both": {"members": ["fcn32s"], "tta": "flip"}, "fcn8s": None}
    models |= {"all": {"members": ["fcn32s", "fcn8s"]}}
    study, out = study_of(tmp_path, {"models": models, "seeds": [0, 1]}), tmp_path / "out"
    order = [job.name.removeprefix("why/") for job in in_order(plan(study, tmp_path, out))]
    assert order == ["fcn32s", "fcn8s", "fcn32s.seed-1", "fcn8s.seed-1", "both", "all"]
    conduct(study, tmp_path, out)
    runs = {name: Run.open(out / "why" / name) for name in ("both", "all")}
    assert [(one.run, one.seed) for one in runs["both"].facts().members] == [("fcn32s", 0), ("fcn32s.seed-1", 1)]
    assert len(run_settings(runs["all"]).model.members) == 4
    assert load_scores(runs["both"].scores("validation")).source.looks == "2 x 1"
    record = json.loads((out / "study.json").read_text())["parts"][0]
    assert [(m["name"], len(m["replicates"])) for m in record["models"]] == [
        ("fcn32s", 1),
        ("both", 0),
        ("fcn8s", 1),
        ("all", 0),
    ]

    before = {name: run.best.stat().st_mtime_ns for name, run in runs.items()}
    conduct(study, tmp_path, out)
    assert {name: run.best.stat().st_mtime_ns for name, run in runs.items()} == before
    conduct(study_of(tmp_path, {"models": models | {"fcn8s": {"lr": 1.0e-3}}, "seeds": [0, 1]}), tmp_path, out)
    after = {name: run.best.stat().st_mtime_ns for name, run in runs.items()}
    assert after["both"] == before["both"]
    assert after["all"] > before["all"]
    save_weights(Run(out / "why" / "fcn32s").best, trained_network(Run(out / "why" / "fcn32s.seed-1")).half().float())
    conduct(study_of(tmp_path, {"models": models | {"fcn8s": {"lr": 1.0e-3}}, "seeds": [0, 1]}), tmp_path, out)
    member = runs["both"].facts().members[0]
    assert member.weights == file_digest(Run(out / "why" / "fcn32s").best)  # which somebody has replaced


@pytest.mark.parametrize(
    ("models", "complaint"),
    [
        ({"a": {"model": "fcn8s"}, "b": {"members": ["a"]}}, "'why/b': an ensemble consists of two different runs"),
        ({"a": {"model": "fcn8s", "mean": [0, 0, 0]}, "c": {"model": "fcn8s"}}, "otherwise than why/a, by mean"),
        ({"a": {"model": "fcn8s"}, "c": {"model": "fcn8s", "selection": 0.5}}, "was chosen by others, by selection"),
    ],
)
def test_members_that_do_not_fit_are_refused_before_any_is_trained(tmp_path, two_fields, models, complaint):
    models = {"b": {"members": ["a", "c"]}} | models if "c" in models else models
    models["b"] = models.pop("b")  # after its members
    with pytest.raises(UserError) as caught:
        conduct(study_of(tmp_path, {"models": models}), tmp_path, tmp_path / "out")
    assert complaint in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_members_whose_settings_the_data_settles_alike_fit(tmp_path, color_classes):
    models = {"a": {"model": "vgg16", "input_size": 16}, "c": {"model": "vgg16", "validation": 0.3}}
    models |= {"b": {"members": ["a", "c"]}}
    planned = plan(study_of(tmp_path, {"data": color_classes.name, "models": models}), tmp_path, tmp_path / "out")
    assert [member.input_size for member in planned["why"][-1].config.model.members] == [16, 16]
