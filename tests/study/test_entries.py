"""Models made by varying factors, and the seeds they are trained with."""

import json

import pytest
import yaml
from small_study import study_of, study_text

from pixelproof.errors import UserError
from pixelproof.study.conduct import conduct
from pixelproof.study.file import run_config
from pixelproof.study.plan import plan
from pixelproof.study.record import part_record
from small_plugins import LEARNING, NETWORKS, install

VARY = {
    "model": "fcn{skips}{way}-bn",
    "factors": {
        "skips": {"none": "32s", "pool3+4": "8s"},
        "way": {"stepwise": "-stepwise", "at once": "-direct"},
        "loss": {"cross-entropy": {"loss": "cross-entropy"}, "lovasz": {"loss": "cross-entropy+lovasz"}},
    },
    "baseline": {"skips": "pool3+4"},
}
SHARP = {"dice": {"loss": "dice"}, "focal": {"loss": "focal"}}
MANY = {setting: {"a": {setting: 1}, "b": {setting: 2}} for setting in ("lr", "crop", "clip", "warmup", "epochs")}
MANY |= {setting: {"a": {setting: 1}, "b": {setting: 2}} for setting in ("batch_size", "seed", "downsample", "color")}
BROKEN = """
def broken(num_classes, channels):
    raise KeyError(num_classes)
"""
CLAIM = {"id": "c", "says": "masks look like a mosaic"}


def test_one_factor_at_a_time_is_varied_around_the_baseline(tmp_path):
    models = study_of(tmp_path, {"vary": VARY}).parts["why"].trained
    assert {name: (m.model, m.settings) for name, m in models.items()} == {
        "baseline": ("fcn8s-stepwise-bn", {"loss": "cross-entropy"}),
        "skips-none": ("fcn32s-stepwise-bn", {"loss": "cross-entropy"}),
        "way-at-once": ("fcn8s-direct-bn", {"loss": "cross-entropy"}),
        "loss-lovasz": ("fcn8s-stepwise-bn", {"loss": "cross-entropy+lovasz"}),
    }
    assert models["skips-none"].levels == {"skips": "none", "way": "stepwise", "loss": "cross-entropy"}


def test_further_combinations_can_be_named(tmp_path):
    also = [{"skips": "none", "way": "at once"}]
    models = study_of(tmp_path, {"vary": VARY | {"also": also}}).parts["why"].trained
    assert len(models) == 5
    assert models["skips-none_way-at-once"].model == "fcn32s-direct-bn"


def test_factors_may_share_a_group_of_settings(tmp_path):
    rate = {"low": {"training": {"lr": 0.1}}, "high": {"training": {"lr": 0.2}}}
    length = {"short": {"training": {"epochs": 1}}, "long": {"training": {"epochs": 2}}}
    models = (
        study_of(tmp_path, {"vary": {"model": "fcn8s", "factors": {"rate": rate, "length": length}}})
        .parts["why"]
        .trained
    )
    assert {name: model.settings for name, model in models.items()} == {
        "baseline": {"training.lr": 0.1, "training.epochs": 1},
        "rate-high": {"training.lr": 0.2, "training.epochs": 1},
        "length-long": {"training.lr": 0.1, "training.epochs": 2},
    }


@pytest.mark.parametrize("level", [{"class_weights": {"water": 3}}, {"training": {"class_weights": {"water": 3}}}])
def test_weights_of_classes_are_one_setting_wherever_a_study_gives_them(tmp_path, level):
    def weights(part, model, *overrides):
        study = study_of(tmp_path, part)
        return run_config(study, "why", model, "segmentation", overrides).training.class_weights

    assert weights({"models": {"fcn8s": level}}, "fcn8s") == {"water": 3}
    assert weights({"models": {"fcn8s": level}}, "fcn8s", "why.class_weights={urban: 2}") == {"urban": 2}
    varied = {"vary": {"model": "fcn8s", "factors": {"weights": {"even": {}, "water": level}}}}
    assert weights(varied, "weights-water") == {"water": 3}
    with pytest.raises(UserError, match="the study varies 'weights', which sets class_weights"):
        weights(varied, "baseline", "class_weights={urban: 2}")


def test_a_full_design_has_every_combination_once(tmp_path):
    models = study_of(tmp_path, {"vary": VARY | {"design": "full"}}).parts["why"].trained
    assert len(models) == 2 * 2 * 2
    assert len({tuple(m.levels.items()) for m in models.values()}) == 8
    assert next(iter(models)) == "baseline"
    assert models["skips-none_way-at-once"].model == "fcn32s-direct-bn"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"factors": {"skips": {"none": "32s"}}}, "factor 'skips' has fewer than two levels"),
        ({"factors": {"way": VARY["factors"]["way"]}}, "a place for 'skips', which is not a factor"),
        ({"baseline": {"skips": "pool5"}}, "'skips: pool5' is not a factor and level"),
        ({"model": "fcn8s"}, "factor 'skips' has no place in 'model'"),
        ({"factors": VARY["factors"] | {"skips": {"a": "8s", "b": {"lr": 1}}}}, "texts and settings"),
        ({"factors": VARY["factors"] | {"sharp": SHARP}}, "factors 'loss' and 'sharp' both set 'loss'"),
        ({"factors": VARY["factors"] | {"sharp": {k: {"training": v} for k, v in SHARP.items()}}}, "both set 'loss'"),
        ({"factors": VARY["factors"] | MANY, "design": "full"}, "these factors make 4,096 models, more than 1,000"),
        (
            {"factors": VARY["factors"] | {"blotch": {False: {}, True: {"lr": 1}}}},
            "vary.factors.blotch': the name false is not a text; write it in quotes; YAML reads no, off, yes and on as",
        ),
        ({"factors": VARY["factors"] | {"skips": {"a": "8s", "b b": "16s", "b+b": "32s"}}, "baseline": {}}, "named"),
    ],
)
def test_factors_that_cannot_be_varied_are_one_sentence(tmp_path, change, complaint):
    with pytest.raises(UserError) as caught:
        study_of(tmp_path, {"vary": VARY | change})
    assert complaint in str(caught.value)
    assert "parts.why" in str(caught.value)


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ({"vary": VARY, "models": {"fcn8s": None}}, "either 'models' or 'vary'"),
        ({"models": {True: "fcn8s"}}, "models': the name true is not a text; write it in quotes"),
        ({"models": {"fcn8s": None}, "seeds": [1, 1]}, "a seed is given twice"),
        ({"models": {"fcn8s": {"seed": 7}}, "seeds": [0, 1]}, "'seed' has no effect beside 'seeds'"),
        ({"models": {"fcn8s": {"seed": 7, "seeds": [0, 1]}}}, "'seed' has no effect beside 'seeds'"),
        (
            {"vary": VARY | {"factors": VARY["factors"] | {"luck": {"a": {"seed": 3}, "b": {"training.seed": 4}}}}}
            | {"seeds": [0, 1]},
            "'seed' has no effect beside 'seeds'",
        ),
        (
            {"models": {"fcn8s": None}, "claims": [CLAIM | {"tests": [{"model": "fcn", "metric": "mosaic"}]}]},
            "the claim 'c' names 'fcn', and its models are fcn8s",
        ),
        (
            {"models": {"fcn8s": None}, "claims": [CLAIM | {"tests": [{"model": "fcn8s"}]}]},
            "needs 'against'",
        ),
        ({"models": {"all": {"members": ["fcn8s"]}, "fcn8s": None}}, "'members' names 'fcn8s', and its models are"),
        ({"models": {"fcn8s": "ensemble"}}, "an ensemble has 'members'"),
        ({"models": {"fcn8s": None, "all": {"members": ["fcn8s"], "epochs": 3}}}, "but for tta and tta_scales"),
        ({"models": {"fcn8s": None, "all": {"members": ["fcn8s"], "seeds": [1]}}}, "but for tta and tta_scales"),
    ],
)
def test_contradictions_in_a_part_are_one_sentence(tmp_path, part, complaint):
    with pytest.raises(UserError) as caught:
        study_of(tmp_path, part)
    assert complaint in str(caught.value)


def test_a_seed_on_the_command_line_has_no_place_beside_seeds_of_the_part(tmp_path):
    study = study_of(tmp_path, {"models": {"fcn8s": None}, "seeds": [3, 4]})
    own = study.parts["why"].replicates("fcn8s")[1]
    assert run_config(study, "why", "fcn8s", "segmentation", (), own).training.seed == 4
    with pytest.raises(UserError, match="has seeds of its own"):
        run_config(study, "why", "fcn8s", "segmentation", ("seed=9",), own)


def test_the_command_line_cannot_undo_a_factor(tmp_path):
    study = study_of(tmp_path, {"vary": VARY})
    assert run_config(study, "why", "loss-lovasz", "segmentation", ("lr=0.5",)).training.lr == 0.5
    for text in ("loss=dice", "training.loss=dice", "why.loss=dice"):
        with pytest.raises(UserError, match=r"loss=dice: the study varies 'loss', which sets (training\.)?loss"):
            run_config(study, "why", "loss-lovasz", "segmentation", (text,))


def test_a_part_may_have_dots_in_its_name(tmp_path):
    part = {"data": "fields", "models": {"fcn8s": None}}
    study = study_text(tmp_path, yaml.safe_dump({"name": "s", "parts": {"land": part, "land.v2": part}}))
    changes = ("land.v2.epochs=3", "land.epochs=5")
    epochs = {name: run_config(study, name, "fcn8s", "segmentation", changes).training.epochs for name in study.parts}
    assert epochs == {"land": 5, "land.v2": 3}


def test_models_that_would_be_scored_on_other_images_are_refused_before_any_is_trained(tmp_path, two_fields):
    few = {"model": "fcn8s", "limit": 2}
    study = study_of(tmp_path, {"models": {"all": "fcn8s", "few": few}})
    with pytest.raises(UserError, match="part 'why': 'all' and 'few' would be scored on different images; give limit"):
        conduct(study, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out" / "why").exists()
    (job, *_) = plan(study_of(tmp_path, {"models": {"a": "fcn8s"}}), tmp_path, tmp_path / "out")["why"]
    (tmp_path / "fields" / "leave_out.csv").write_text(f"{job.data.place(job.parts['validation'][0].image)}\n")
    study = study_of(tmp_path, {"models": {"listed": "fcn8s", "every": {"model": "fcn8s", "leave_out": "none"}}})
    with pytest.raises(
        UserError, match=r"different images, as .*fields leaves some .*; let leave_out\.csv name images of"
    ):
        conduct(study, tmp_path, tmp_path / "out")
    (tmp_path / "fields" / "leave_out.csv").unlink()
    factors = {"images": {"all": {}, "2": {"train_limit": 2}}}
    study = study_of(tmp_path, {"vary": {"model": "fcn8s", "factors": factors}})
    planned = plan(study, tmp_path, tmp_path / "out")["why"]
    assert [job.model for job in planned] == ["baseline", "images-2"]
    assert len(planned[1].parts["train"]) == 2 < len(planned[0].parts["train"])
    record = part_record(study.parts["why"], "why", planned, tmp_path / "out", {}, {})
    assert (record.data.images.train, record.data.images.validation) == (None, len(planned[0].parts["validation"]))
    with pytest.raises(UserError, match=r"'baseline' and 'images-2' would learn from the same 2 images; give a train_"):
        plan(study, tmp_path, tmp_path / "out", ["limit=2"])


@pytest.mark.parametrize(
    ("network", "said"),
    [("LittleUnet", "need the head of 'plugin:LittleUnet'"), ("broken", "cannot build 'plugin:broken' for 7 classes")],
)
def test_networks_of_packages_are_built_before_any_is_trained(tmp_path, two_fields, monkeypatch, network, said):
    install(monkeypatch, tmp_path / "site", NETWORKS + BROKEN, segmentation=["LittleUnet", "broken"])
    theirs = {"model": f"plugin:{network}", "freeze": 1}
    study = study_of(tmp_path, {"models": {"own": "fcn8s", "theirs": theirs}})
    with pytest.raises(UserError, match=said):
        conduct(study, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out" / "why").exists()


@pytest.mark.usefixtures("pageless")
def test_losses_of_packages_are_tried_before_any_is_trained_and_not_needed_after(tmp_path, two_fields, monkeypatch):
    out, bent = tmp_path / "out", "\n\ndef bent(num_classes):\n    return lambda logits, target: logits.mean().log()"

    def with_loss(name):
        theirs = {"model": "fcn32s", "loss": f"plugin:{name}"}
        return study_of(tmp_path, {"models": {"ours": "fcn32s", "theirs": theirs}})

    with monkeypatch.context() as patch:
        install(patch, tmp_path / "site", LEARNING + bent, loss=["tversky", "bent"])
        for name, said in (("bent", "'plugin:bent' is nan for random logits"), ("tversk", "did you mean 'tversky'")):
            with pytest.raises(UserError, match=said):
                conduct(with_loss(name), tmp_path, out)
            assert not (out / "why" / "ours").exists()
        conduct(with_loss("tversky"), tmp_path, out)
    conduct(with_loss("tversky"), tmp_path, out)
    with pytest.raises(UserError, match="no installed package has the entry point 'bent'"):
        conduct(with_loss("bent"), tmp_path, out)


@pytest.mark.usefixtures("pageless")
def test_every_level_is_trained_with_every_seed_and_recorded(tmp_path, two_fields):
    part = {"vary": {"model": "fcn{skips}", "factors": {"skips": {"none": "32s", "two": "8s"}}}, "seeds": [0, 1]}
    out = tmp_path / "out"
    conduct(study_of(tmp_path, part | {"show": ["0001"]}), tmp_path, out)
    record = json.loads((out / "study.json").read_text())["parts"][0]
    assert record["baseline"] == {"skips": "none"}
    assert [(m["run"], m["replicates"], m["levels"]) for m in record["models"]] == [
        ("why/baseline", ["why/baseline.seed-1"], {"skips": "none"}),
        ("why/skips-two", ["why/skips-two.seed-1"], {"skips": "two"}),
    ]
    for model in record["models"]:
        for run, seed in zip([model["run"], *model["replicates"]], (0, 1), strict=True):
            config = yaml.safe_load((out / run / "config.yaml").read_text())
            assert config["training"]["seed"] == seed
            assert (out / run / "scores" / "validation.npz").is_file()
            assert (out / run / "shown" / "0001.npz").is_file()
