"""Networks that installed packages bring: the contract of every model, and a sentence for everything wrong with one."""

from __future__ import annotations

import copy
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pixelproof.config import ModelConfig
from pixelproof.errors import UserError
from pixelproof.labels import PRESETS
from pixelproof.models import PixelModel, build_model, check_model, fold, packages_of, plain_name, summarise, task_of
from pixelproof.models.drawing.diagram import structure_of
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import halo, predict_tiled, seamless, tile_side
from small_plugins import install, write_package

CLASSES = 7
NAMES = ["plugin:littlenet", "plugin:LittleUnet"]
START = "import torch\nfrom torch import nn\nfrom pixelproof.models import Output, PixelModel\n"
CLASSIFIER = (
    START
    + """
class Net(nn.Module):
    def __init__(self, num_classes, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3, padding=1)
        self.head = nn.Linear(4, num_classes)

    def forward(self, images):
        return self.head(self.conv(images).mean(dim=(2, 3)))
"""
)
SEGMENTER = (
    START
    + """
class Net(nn.Module):
    def __init__(self, num_classes, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, num_classes, 3, padding=1)

    def forward(self, images):
        return self.conv(images)
"""
)
WHOLE = (
    START
    + """
class Net(PixelModel):
    reduction = 1

    def __init__(self, num_classes, channels):
        super().__init__(num_classes, channels)
        self.conv = nn.Conv2d(channels, 4, 3, padding=1)
        self.head = nn.Conv2d(4, num_classes, 1)

    def forward(self, images):
        maps = self.conv(images)
        return Output(self.head(maps), maps)
"""
)


def build(name: str, seed: int = 0, **settings: object) -> PixelModel:
    return build_model(ModelConfig(name=name, **settings), CLASSES, seed)


@pytest.fixture
def networks(monkeypatch, tmp_path):
    return install(monkeypatch, tmp_path / "site")


@pytest.mark.parametrize("size", [(4, 4), (33, 65), (64, 32)])
@pytest.mark.parametrize("name", NAMES)
def test_images_of_any_size_and_a_copy_answers_alike(networks, name, size):
    model = build(name).eval()
    images = torch.randn(2, 3, *size)
    with torch.no_grad():
        logits, features = model(images)
        assert torch.equal(copy.deepcopy(model)(images).logits, logits)
        assert torch.equal(fold(model)(images).features, features)
    if task_of(name) == "classification":
        assert (logits.shape, features.shape) == ((2, CLASSES), (2, 12))
        head = model.model[4]
        torch.testing.assert_close(head(features), logits)  # what enters the last linear layer
        assert not head._forward_pre_hooks
    else:
        assert logits.shape == (2, CLASSES, *size)
        assert (model.stride, model.reduction) == (32, 2)
        assert features.shape[2:] == tuple(-(-side // 32) * 16 for side in size)


def test_weights_depend_on_the_seed_alone_and_each_learns(networks):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = build(NAMES[1], 1)
    assert torch.equal(torch.get_rng_state(), before)
    assert first.training
    again, other = build(NAMES[1], 1).state_dict(), build(NAMES[1], 2).state_dict()
    assert all(torch.equal(first.state_dict()[key], again[key]) for key in again)
    assert any(not torch.equal(first.state_dict()[key], other[key]) for key in other)
    logits = first(torch.randn(4, 3, 64, 64)).logits
    (logits * torch.randn(logits.shape)).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in first.parameters() if parameter.ndim > 1)


def test_padding_is_zeros_and_logits_are_enlarged_bilinearly(networks):
    model = build(NAMES[1]).eval()
    image, padded = torch.randn(1, 3, 33, 65), torch.zeros(1, 3, 64, 96)
    padded[..., :33, :65] = image
    with torch.no_grad():
        own = model.model(padded)
        larger = torch.nn.functional.interpolate(own, scale_factor=2, mode="bilinear", align_corners=False)
        assert own.shape[2:] == (32, 48)
        assert torch.equal(model(image).logits, larger[..., :33, :65])
        coarse = build(NAMES[1], downsample=2).eval()
        coarse.load_state_dict(model.state_dict())
        assert (coarse.stride, coarse.reduction) == (64, 4)
        assert coarse(image).logits.shape == (1, CLASSES, 33, 65)
        means = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(image, (0, 63, 0, 31)), 2)
        assert torch.equal(coarse(image).features, model.model(means))


def test_a_map_in_tiles_is_the_whole_one(networks):
    model = build(NAMES[1])
    predictor = Predictor(model, PRESETS["deepglobe"], "cpu")
    image = np.random.default_rng(0).integers(0, 256, (700, 90, 3)).astype(np.uint8)
    whole = predictor.class_map(image)
    assert len(np.unique(whole)) > 1
    np.testing.assert_array_equal(predict_tiled(image, predictor.class_map, halo(model), 96), whole)
    assert (tile_side(model) % 32, halo(model)) == (0, 256)
    assert not seamless(model)


def test_its_facts_and_its_structure(networks):
    facts = summarise(build(NAMES[0]), NAMES[0], 16)
    convolutions = 16 * 16 * 27 * 8 + 8 * 8 * 72 * 12
    assert facts["macs"] == facts["macs_folded"] == convolutions + 12 * CLASSES
    assert (facts["receptive_field"], facts["stride"]) == (None, None)
    structure = structure_of(build(NAMES[1]), 64)
    assert [block.key for block in structure.blocks] == ["image", "fine", "coarse", "head", "logits"]
    assert [block.stride for block in structure.blocks] == [1, 2, 2, 2, 1]
    links = {(link.source, link.target, link.skip) for link in structure.links}
    assert links == {
        *(("image", "fine", False), ("fine", "coarse", False), ("coarse", "head", False)),
        *(("fine", "head", True), ("head", "logits", False)),
    }


@pytest.mark.parametrize("wrapped", [True, False])
def test_weights_of_its_own_file_and_of_a_run(networks, tmp_path, wrapped):
    source = build(NAMES[0], 1)
    save_file((source if wrapped else source.model).state_dict(), tmp_path / "own.safetensors")
    loaded = build(NAMES[0], weights=str(tmp_path / "own.safetensors")).state_dict()
    assert all(torch.equal(tensor, loaded[key]) for key, tensor in source.state_dict().items())
    with pytest.raises(UserError, match="no imagenet weights of 'plugin:littlenet'; use --weights PATH or"):
        check_model(ModelConfig(name=NAMES[0], weights="imagenet"))


def test_other_bands_are_other_channels(networks):
    model = build(NAMES[0], bands=(1, 2, 3, 4)).eval()
    assert model(torch.randn(1, 4, 16, 16)).logits.shape == (1, CLASSES)


def test_names(networks, tmp_path):
    assert (task_of(NAMES[0]), task_of(NAMES[1])) == ("classification", "segmentation")
    assert plain_name("plugin:littlenet-bn") == "plugin:littlenet-bn"
    names = (NAMES[0], "vgg16", "timm:resnet18")
    configs = [ModelConfig(name=name) for name in names]
    assert [packages_of(config) for config in configs] == [(networks,), (), ()]
    assert packages_of(ModelConfig(name="ensemble", members=tuple(configs))) == (networks,)
    for wrong in ("littlenet", "plugin:litlenet", "plugins:littlenet"):
        with pytest.raises(UserError, match=r"did you mean '(plugin:)?littlenet'"):
            task_of(wrong)
    with pytest.raises(UserError, match=r"'xyzzy' in the group .*; known are LittleUnet, littlenet"):
        task_of("plugin:xyzzy")
    write_package(tmp_path / "site", "", {"pixelproof.segmenters": ["littlenet"]}, "othernets")
    with pytest.raises(
        UserError, match=f"may mean that of {networks} in .*classifiers and that of othernets in .*ers; "
    ):
        task_of(NAMES[0])


def test_one_that_is_not_installed_is_named_and_no_other_is_imported(monkeypatch, tmp_path):
    with pytest.raises(UserError) as caught:
        task_of("plugin:littlenet")
    assert str(caught.value) == (
        "no installed package has the entry point 'littlenet' in the group pixelproof.classifiers or "
        "pixelproof.segmenters; install the package that brings it, which environment.json of a run names"
    )
    broken = install(monkeypatch, tmp_path / "site", "raise ValueError('never run')", classification=["broken"])
    install(monkeypatch, tmp_path / "other", CLASSIFIER, classification=["Net"])
    build("plugin:Net")
    assert task_of("plugin:broken") == "classification"
    check_model(ModelConfig(name="plugin:broken"))
    assert broken not in sys.modules


def test_what_a_package_prints_is_no_result(monkeypatch, tmp_path, capsys):
    source = CLASSIFIER.replace("        return self.head", "        print('looking')\n        return self.head")
    install(monkeypatch, tmp_path / "site", "print('imported')\n" + source, classification=["Net"])
    build("plugin:Net")
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("imported\nlooking\n")


@pytest.mark.parametrize("source", [CLASSIFIER, SEGMENTER, WHOLE])
def test_nothing_is_remembered_of_the_trial(monkeypatch, tmp_path, source):
    """Nor of one without data: a network may keep what it has made for images of a size."""
    keeping = source.replace(
        "    def forward(self, images):",
        """\
    grid = None

    def forward(self, images):
        if self.grid is None or self.grid.shape != images.shape[2:]:
            self.grid = torch.ones(images.shape[2:], device=images.device)
        images = images * self.grid""",
    )
    task = "classification" if source == CLASSIFIER else "segmentation"
    install(monkeypatch, tmp_path / "site", keeping, **{task: ["Net"]})
    model = build("plugin:Net").eval()
    assert summarise(model, "plugin:Net", 48)["parameters"] > 0
    assert build("plugin:Net")(torch.zeros(1, 3, 48, 48)).logits.isfinite().all()


def test_a_network_that_asks_for_values_is_counted_on_zeros(monkeypatch, tmp_path):
    source = CLASSIFIER.replace("return self.head", "images = images + float(images.max())\n        return self.head")
    install(monkeypatch, tmp_path / "site", source, classification=["Net"])
    facts = summarise(build("plugin:Net"), "plugin:Net", 16)
    assert facts["macs"] == facts["macs_folded"] == 16 * 16 * 27 * 4 + 4 * CLASSES


def test_a_network_of_one_size_takes_images_of_that(monkeypatch, tmp_path):
    source = CLASSIFIER.replace("Linear(4", "Linear(4 * 24 * 24").replace(".mean(dim=(2, 3))", ".flatten(1)")
    install(monkeypatch, tmp_path / "site", source, classification=["Net"])
    assert build("plugin:Net", input_size=24).eval()(torch.zeros(1, 3, 24, 24)).features.shape == (1, 4 * 24 * 24)
    with pytest.raises(
        UserError, match=r"1 image of 3 channels and 32 x 32 pixels: RuntimeError: mat1 .*set input_siz"
    ):
        build("plugin:Net", input_size=32)


def test_features_of_its_own_are_kept(monkeypatch, tmp_path):
    mean = "self.conv(images).mean(dim=(2, 3))"
    source = CLASSIFIER.replace(f"return self.head({mean})", f"return Output(self.head({mean}), images[:, :2, 0, 0])")
    install(monkeypatch, tmp_path / "site", source, classification=["Net"])
    images = torch.randn(2, 3, 16, 16)
    assert torch.equal(build("plugin:Net").eval()(images).features, images[:, :2, 0, 0])


def test_a_network_that_ends_in_no_linear_layer_gives_its_logits_as_features(monkeypatch, tmp_path):
    source = CLASSIFIER.replace("nn.Linear(4, num_classes)", "nn.Conv2d(4, num_classes, 1)")
    source = source.replace("(images).mean(dim=(2, 3)))", "(images)).mean(dim=(2, 3))")
    install(monkeypatch, tmp_path / "site", source, classification=["Net"])
    logits, features = build("plugin:Net").eval()(torch.randn(2, 3, 16, 16))
    assert logits.shape == (2, CLASSES)
    assert torch.equal(features, logits)


def test_a_pixel_model_is_taken_as_it_is(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path / "site", WHOLE, segmentation=["Net"])
    model = build("plugin:Net")
    assert type(model).__name__ == "Net"
    assert (model.stride, model.reduction, model.preprocessing.mean[0]) == (1, 1, 0.485)
    keys = [block.key for block in structure_of(model, 16).blocks]
    assert keys == ["image", "conv", "head", "logits"]


@pytest.mark.parametrize(
    ("source", "old", "new", "said"),
    [
        (CLASSIFIER, "import torch\n", "import torhc\n", "imported from {0}:Net: ModuleNotFoundError: No module named"),
        (CLASSIFIER, "class Net", "class Not", "imported from {0}:Net: AttributeError: .*install its package again"),
        (CLASSIFIER, "channels):", "bands):", "{0}:Net cannot build 'plugin:Net' for 7 classes and 3 ch.*: TypeError"),
        (CLASSIFIER, "super().__init__()", "1 / 0", "'plugin:Net' for 7 classes .*: ZeroDivisionError: division by ze"),
        (CLASSIFIER, "class Net(nn.Module):", "Net = dict\n\nclass Not(nn.Module):", "makes dict for 'plugin:Net' wh"),
        (CLASSIFIER, "return self.head(", "return dict(out=", "forward of 'plugin:Net' gives dict where logits are wa"),
        (CLASSIFIER, "self.conv(images)", "self.con(images)", "AttributeError: 'Net' object has no attribute 'con'"),
        (CLASSIFIER, "(4, num_classes)", "(4, 10)", r"logits of shape \[2, 10\] .* for 2 images .*be \[2, 7\] and"),
        (CLASSIFIER, ".mean(dim=(2, 3))", ".view(-1, 4 * 33 * 47)[:, :4]", "RuntimeError: view size .*Use .reshape"),
        (CLASSIFIER, "self.conv(images)", "self.requires_grad_(False).conv(images)", "has no weights to train; let so"),
        (SEGMENTER, "padding=1", "padding=0", r"logits of shape \[1, 7, 94, 158\] for an image of 96 x 160 pixels; l"),
        (SEGMENTER, "self.conv(images)", "self.conv(images).mean((2, 3))", r"logits of shape \[1, 7\] for an image of"),
        (SEGMENTER, "num_classes, 3", "2, 3", r"logits of shape \[2, 2, 33, 47\] and features .*be \[2, 7, 33, 47\]"),
        (
            SEGMENTER,
            "self.conv(images)",
            "self.conv(images).reshape(1, 7, 64, 64)",
            "sides that are multiples of 32, or",
        ),
        (
            WHOLE,
            "(num_classes, channels)\n ",
            "(9)\n ",
            "has 9 classes and 3 channels where 7 and 3 were asked for; ha",
        ),
        (WHOLE, "return Output(self.head(maps), maps)", "return self.head(maps)", "a PixelModel, gives Tensor; let it"),
        (WHOLE, "padding=1", "padding=0", r"logits of shape \[2, 7, 31, 45\] .*be \[2, 7, 33, 47\] and \[2, D, h, w\]"),
    ],
)
def test_what_is_wrong_is_one_sentence(monkeypatch, tmp_path, source, old, new, said):
    assert old in source
    task = "classification" if source == CLASSIFIER else "segmentation"
    module = install(monkeypatch, tmp_path / "site", source.replace(old, new, 1), **{task: ["Net"]})
    with pytest.raises(UserError, match=said.format(module) if "{" in said else said) as caught:
        build("plugin:Net")
    assert "plugin:Net" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_long_error_is_shortened_and_an_answer_of_training_is_checked_too(monkeypatch, tmp_path):
    source = CLASSIFIER.replace("        return self", "        if self.training:\n            return images, images\n"
                                "        return self")  # fmt: skip
    install(monkeypatch, tmp_path / "site", source, classification=["Net"])
    with pytest.raises(UserError, match="the forward of 'plugin:Net' gives tuple where logits"):
        build("plugin:Net").train()(torch.zeros(2, 3, 16, 16))
    monkeypatch.undo()
    source = "def Net(**_):\n    raise ValueError('first line\\n' + 'x' * 1000)"
    install(monkeypatch, tmp_path / "other", source, classification=["Net"])
    with pytest.raises(UserError, match=r"ValueError: first line x+ …; correct it; --debug shows where") as caught:
        build("plugin:Net")
    assert len(str(caught.value)) < 450
