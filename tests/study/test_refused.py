"""What a study file says, and what is refused before anything is trained."""

from pathlib import Path

import pytest
import yaml
from small_study import STUDY

from pixelproof.config import apply_overrides, default_config, without_effect
from pixelproof.data import open_data
from pixelproof.errors import UserError
from pixelproof.models import task_of
from pixelproof.study import studies
from pixelproof.study.conduct import conduct
from pixelproof.study.file import builtin_study, read_study, run_config
from pixelproof.training.settings import settle


def claimed(model, against=None, **test):
    """Return a part's models and a claim about them."""
    test = {"model": model, "against": against} | test
    models = {name: None for name in (model, against) if name}
    return {"models": models, "claims": [{"id": "c", "says": "better", "tests": [test]}]}


def test_two_models_of_one_run_folder_are_refused(tmp_path, study):
    text = yaml.safe_load(STUDY)
    text["parts"]["fields"]["seeds"] = [0, 1]
    text["parts"]["fields"]["models"] = {"fcn32s": None, "fcn32s.seed-1": "fcn32s"}
    (tmp_path / "twice.yaml").write_text(yaml.safe_dump(text))
    with pytest.raises(UserError, match=r"'fcn32s' and 'fcn32s.seed-1' would share the run fields/fcn32s.seed-1"):
        conduct(read_study(tmp_path / "twice.yaml"), tmp_path, tmp_path / "out")


def test_settings_come_from_defaults_part_model_and_command_line(study):
    config = run_config(study, "fields", "fcn8s", "segmentation", ("epochs=7", "patches.epochs=9", "fields.crop=64"))
    assert (config.model.name, config.training.lr, config.training.epochs, config.augment.crop) == (
        "fcn8s",
        1e-3,
        7,
        64,
    )
    assert config.model.width == 0.03
    assert run_config(study, "patches", "vgg16", "classification", ()).model.name == "vgg16-bn"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"parts": {"a": {"data": "x", "modls": {}}}}, "unknown key 'parts.a.modls'; did you mean 'models'?"),
        ({"parts": {"a": {"data": "x", "models": {}}}}, "'parts.a': give either 'models' or 'vary'"),
        (
            {"parts": {"a": {"data": "x", "models": {"vgg16": None}, "embed": ["vgg"]}}},
            "'embed' names 'vgg', and its models are vgg16",
        ),
    ],
)
def test_a_wrong_study_file_is_one_sentence(tmp_path, change, complaint):
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump({"name": "s", "parts": {"a": {"data": "x", "models": {"vgg16": None}}}} | change))
    with pytest.raises(UserError) as caught:
        read_study(path)
    assert complaint in str(caught.value)
    assert "s.yaml" in str(caught.value)


def test_a_part_called_as_a_group_of_settings_has_no_settings_of_its_own(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("name: s\nparts: {data: {data: x, models: {vgg16: null}}}")
    study = read_study(path)
    assert run_config(study, "data", "vgg16", "classification", ("cache=none",)).data.cache == "none"
    with pytest.raises(
        UserError, match="'data' is a part of the study, and a group of settings; write --set cache=none"
    ):
        run_config(study, "data", "vgg16", "classification", ("data.cache=none",))


def test_an_unknown_image_is_refused_before_any_training(study, tmp_path):
    part = study.parts["fields"].model_copy(update={"show": ("0009",)})
    wrong = study.model_copy(update={"parts": {**study.parts, "fields": part}})
    with pytest.raises(UserError, match=r"shows image '0009', which validation does not hold; (did|known) "):
        conduct(wrong, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", sorted(path.stem for path in Path(studies.__path__[0]).glob("*.yaml")))
def test_studies_that_come_along_are_valid(name):
    study = builtin_study(name)
    for part, entry in study.parts.items():
        alone = {model: listed.model or model for model, listed in entry.trained.items() if not listed.members}
        (task,) = {task_of(name) for name in alone.values()}
        for model in entry.trained:
            config = run_config(study, part, model, task, ())
            assert config.model.name == alone.get(model, config.model.name)
            assert without_effect(config) == []


def test_a_broken_file_of_the_last_part_is_refused_before_the_first_is_trained(study, tmp_path):
    mask = tmp_path / "fields" / "validation" / "0002_mask.png"
    mask.write_bytes(mask.read_bytes()[:-30])
    with pytest.raises(UserError, match=r"0002_mask\.png is truncated or damaged"):
        conduct(study, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("part", "change", "complaint"),
    [
        ("fields", {"models": {"fcn8s": None, "second": "fcn8x"}}, "unknown model 'fcn8x'"),
        ("fields", {"models": {"fcn8s": None, "second": "vgg16"}}, "model 'vgg16' is for classification"),
        ("fields", {"models": {"fcn8s": None, "second": "smp:Unet:resnet81"}}, "has no encoder 'resnet81'"),
        ("fields", {"models": {"fcn8s": None, "second": "smp:Unit:resnet18"}}, "has no decoder 'Unit'"),
        ("patches", {"models": {"vgg16": None, "second": "timm:resnet81"}}, "timm has no model 'resnet81'"),
        (
            "patches",
            {"models": {"vgg16": None, "second": {"model": "timm:nf_regnet_b3", "weights": "imagenet"}}},
            "timm has no imagenet weights of 'nf_regnet_b3'",
        ),
        (
            "fields",
            {"models": {"fcn8s": None, "second": {"model": "fcn8s", "weights": "imagenet", "width": 0.5}}},
            "no imagenet weights for 'fcn8s' of width 0.5",
        ),
        ("fields", {"models": {"fcn8s": None}, "settings": {"task": "classification"}}, "'task' cannot be set"),
        (
            "fields",
            {"models": {"fcn8s": {"weights": "none.safetensors"}}},
            "the file of weights none.safetensors does not exist",
        ),
        ("fields", {"models": {"fcn8s": None}, "embed": ["fcn8s"]}, "'embed' is for classification"),
        ("patches", {"models": {"vgg16": None}, "show": ["red/0.png"]}, "'show' is for segmentation"),
        ("patches", claimed("vgg16", "vgg16-bn"), "there is no metric 'miou' of classification; known are accuracy, "),
        ("patches", claimed("vgg16", metric="mosaic"), "the claim 'c' does not fit "),
        ("fields", {"models": {"fcn8s": None}, "metric": "accuracy"}, "part 'fields': 'metric' does not fit "),
        ("patches", {"models": {"vgg16": None}, "metric": "recall:redd"}, "did you mean 'red'?"),
        ("fields", claimed("fcn8s", "fcn32s", metric="accuracy"), "there is no metric 'accuracy' of segmentation; "),
        (
            "patches",
            {"models": {"vgg16": None}, "embed": ["vgg16"], "settings": {"limit": 6}},
            "embeds 6 images of validation, and a map needs at least 10",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_any_training(tmp_path, study, part, change, complaint):
    values = {"name": "s", "parts": {part: {"data": part, **change}}}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(UserError) as caught:
        conduct(read_study(tmp_path / "s.yaml"), tmp_path, tmp_path / "out")
    assert complaint in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "mean", "std"),
    [
        ({}, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ({"weights": "imagenet"}, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ({"weights": "imagenet", "mean": [0, 0, 0]}, (0, 0, 0), (0.5, 0.5, 0.5)),
    ],
)
def test_normalisation_is_that_of_the_weights_unless_set(color_classes, settings, mean, std):
    data = open_data(color_classes)
    config = apply_overrides(default_config("classification", "timm:vit_tiny_patch16_224"), settings)
    settled = settle(config, data, data.split("train")).model
    assert (settled.mean, settled.std) == (mean, std)
