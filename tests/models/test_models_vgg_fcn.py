"""The VGG and FCN family against the reference study, torchvision, the papers and plain arithmetic."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor

from pixelproof.config import ModelConfig
from pixelproof.models import PixelModel, Preprocessing, build_model

BLOCK = """\
    ({0}): Conv2d({i}, {o}, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    ({1}): ReLU(inplace=True)
"""
POOL = "    ({0}): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)\n"


def full(name: str, classes: int) -> PixelModel:
    with torch.device("meta"):
        return build_model(ModelConfig(name=name), classes)


def slim(name: str, classes: int = 7, width: float = 0.0625) -> PixelModel:
    return build_model(ModelConfig(name=name, width=width), classes).eval()


def printed_stage(name: str, layers: list[int | str]) -> str:
    """Return how PyTorch prints a stage whose layers are (inputs, outputs, ...) with "M" for a pooling."""
    text, index, inputs = f"  ({name}): Sequential(\n", 0, int(layers[0])
    for layer in layers[1:]:
        if layer == "M":
            text += POOL.format(index)
            index += 1
        else:
            text += BLOCK.format(index, index + 1, i=inputs, o=layer)
            index, inputs = index + 2, int(layer)
    return text + "  )\n"


TO_POOL3: list[int | str] = [3, 64, 64, "M", 128, 128, "M", 256, 256, 256, "M"]
FCN8S = (
    "FCN(\n"
    + printed_stage("features", TO_POOL3)
    + "  (conv1_1): Sequential(\n    (0): Conv2d(256, 512, kernel_size=(1, 1), stride=(1, 1))\n"
    + "    (1): ReLU(inplace=True)\n  )\n"
    + printed_stage("middlelayer", [256, 512, 512, 512, "M"])
    + "  (deconv_2x): ConvTranspose2d(512, 512, kernel_size=(2, 2), stride=(2, 2))\n"
    + printed_stage("lastlayer", [512, 512, 512, 512, "M"])
    + "  (deconv_4x): ConvTranspose2d(512, 512, kernel_size=(4, 4), stride=(4, 4))\n"
    + "  (deconv_2x_2layer): Sequential(\n"
    + "    (0): ConvTranspose2d(512, 512, kernel_size=(2, 2), stride=(2, 2))\n"
    + "    (1): ConvTranspose2d(512, 512, kernel_size=(2, 2), stride=(2, 2))\n  )\n"
    + "  (deconv_2x_tochannel_7): ConvTranspose2d(512, 7, kernel_size=(2, 2), stride=(2, 2))\n)"
)
FCN32S = (
    "FCN(\n"
    + printed_stage("features", [*TO_POOL3, 512, 512, 512, "M", 512, 512, 512, "M"])
    + "  (deconv_32x_tochannel_7): ConvTranspose2d(512, 7, kernel_size=(32, 32), stride=(32, 32))\n)"
)


@pytest.mark.parametrize(
    ("name", "classes", "parameters"),
    [
        ("vgg16", 50, 134_465_394),
        ("fcn32s", 7, 18_384_711),
        ("fcn8s", 7, 22_202_695),
        # By hand: the encoder's 14,714,688; then 512*512*4+512 for each 2x step, 512*7*4+7 and 512*7*64+7 at the end.
        ("fcn16s", 7, 14_714_688 + 4 * 1_049_088 + 14_343),
        ("fcn8s-direct", 7, 14_714_688 + 131_584 + 1_049_088 + 4_194_816 + 229_383),
        ("fcn8s-bilinear", 7, 14_714_688 + 7 * (256 + 512 + 512) + 21),
        ("fcn8s-stepwise", 7, 22_202_695),
        ("fcn32s-direct", 7, 18_384_711),
        ("fcn32s-stepwise", 7, 14_714_688 + 4 * 1_049_088 + 14_343),
        ("fcn16s-bilinear", 7, 14_714_688 + 7 * (512 + 512) + 14),
        ("vgg16-bn", 50, 134_465_394 + 2 * 4224),
        ("fcn8s-bn", 7, 22_202_695 + 2 * (4224 + 512)),
    ],
)
def test_parameter_counts(name: str, classes: int, parameters: int) -> None:
    assert sum(p.numel() for p in full(name, classes).parameters()) == parameters


@pytest.mark.parametrize("ending", ["", "_bn"])
def test_vgg_prints_as_torchvision_does_and_takes_its_names(ending: str) -> None:
    with torch.device("meta"):
        theirs = getattr(torchvision.models, f"vgg16{ending}")(num_classes=50)
    ours = full(f"vgg16{ending.replace('_', '-')}", 50)
    assert repr(ours) == repr(theirs)
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}


def test_fcns_print_as_in_the_study() -> None:
    assert repr(full("fcn8s", 7)) == FCN8S
    assert repr(full("fcn32s", 7)) == FCN32S


def test_vgg_computes_what_torchvision_computes() -> None:
    ours = slim("vgg16", 10, width=1 / 64)
    blocks = [1, 1, "M", 2, 2, "M", 4, 4, 4, "M", 8, 8, 8, "M", 8, 8, 8, "M"]
    features = torchvision.models.vgg.make_layers(blocks)
    features.load_state_dict(ours.features.state_dict())
    image = torch.randn(2, 3, 70, 45)
    with torch.no_grad():
        logits, hidden = ours(image)
        pooled = F.adaptive_avg_pool2d(features(image), 7).flatten(1)
        weights = ours.classifier.state_dict()
        for index in (0, 3):
            pooled = F.relu(pooled @ weights[f"{index}.weight"].T + weights[f"{index}.bias"])
    assert torch.allclose(hidden, pooled, atol=1e-6)
    assert torch.allclose(logits, pooled @ weights["6.weight"].T + weights["6.bias"], atol=1e-6)


def test_vgg_features_are_the_second_hidden_layer() -> None:
    assert slim("vgg16")(torch.randn(2, 3, 32, 32)).features.shape == (2, 256)
    assert full("vgg16", 50)(torch.randn(2, 3, 32, 32, device="meta")).features.shape == (2, 4096)


def pyramid(model: PixelModel, image: Tensor) -> dict[int, Tensor]:
    """Return the maps after each pooling, computed from the weights alone."""
    maps, level, levels = image, 0, {}
    weights = model.state_dict()
    convolutions = [k for k in weights if k.split(".")[0] in ("features", "middlelayer", "lastlayer") and "weight" in k]
    for number, key in enumerate(convolutions, start=1):
        maps = F.relu(F.conv2d(maps, weights[key], weights[key.replace("weight", "bias")], padding=1))
        if number in (2, 4, 7, 10, 13):
            maps, level = F.max_pool2d(maps, 2), level + 1
            levels[level] = maps
    return levels


def test_fcn8s_is_the_study_s_network() -> None:
    model, image = slim("fcn8s"), torch.randn(1, 3, 64, 96)
    weights = model.state_dict()

    def up(maps: Tensor, name: str, factor: int) -> Tensor:
        return F.conv_transpose2d(maps, weights[f"{name}.weight"], weights[f"{name}.bias"], stride=factor)

    levels = pyramid(model, image)
    skip = F.relu(F.conv2d(levels[3], weights["conv1_1.0.weight"], weights["conv1_1.0.bias"]))
    total = skip + up(levels[4], "deconv_2x", 2) + up(levels[5], "deconv_4x", 4)
    total = up(up(total, "deconv_2x_2layer.0", 2), "deconv_2x_2layer.1", 2)
    with torch.no_grad():
        logits, features = model(image)
    assert torch.allclose(logits, up(total, "deconv_2x_tochannel_7", 2), atol=1e-5)
    assert torch.allclose(features, levels[5], atol=1e-6)


def test_the_bilinear_variant_is_the_paper_s_network() -> None:
    model, image = slim("fcn8s-bilinear"), torch.randn(1, 3, 64, 96)
    weights = model.state_dict()
    levels = pyramid(model, image)
    score = {
        level: F.conv2d(levels[level], weights[f"score_pool{level}.0.weight"], weights[f"score_pool{level}.0.bias"])
        for level in (3, 4, 5)
    }

    def up(maps: Tensor, factor: int) -> Tensor:
        return F.interpolate(maps, scale_factor=factor, mode="bilinear")

    with torch.no_grad():
        assert torch.allclose(model(image).logits, up(up(up(score[5], 2) + score[4], 2) + score[3], 8), atol=1e-5)


def test_direct_and_progressive_differ_in_the_last_steps_only() -> None:
    names = [set(slim(name).state_dict()) for name in ("fcn8s", "fcn8s-direct")]
    assert {key.split(".")[0] for key in names[0] ^ names[1]} == {
        "deconv_2x_2layer",
        "deconv_2x_tochannel_7",
        "deconv_8x_tochannel_7",
    }


def test_width_scales_every_channel_count() -> None:
    half = slim("fcn8s", width=0.5)
    counts = [m.out_channels for m in half.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    assert counts[:7] == [32, 32, 64, 64, 128, 128, 128]
    assert set(counts[7:-1]) == {256}
    assert counts[-1] == 7
    assert slim("vgg16", 3, width=0.001)(torch.randn(1, 3, 8, 8)).logits.shape == (1, 3)


@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s", "fcn8s-direct", "fcn8s-bilinear", "fcn8s-bn", "vgg16"])
def test_a_new_model_starts_near_the_uniform_answer(name: str) -> None:
    size = 32 if name == "vgg16" else 64
    noise = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    images = F.interpolate(noise, size, mode="bilinear")
    spreads = []
    for seed in range(3):
        model = build_model(ModelConfig(name=name, width=0.25), 7, seed).train()
        with torch.no_grad():
            spreads.append(model(images).logits.std().item())
    assert 0.05 < sum(spreads) / 3 < 2


def test_new_upsampling_is_nearest_neighbour() -> None:
    model = slim("fcn8s")
    maps = torch.randn(1, 32, 3, 4)
    with torch.no_grad():
        assert torch.equal(model.get_submodule("deconv_4x")(maps), F.interpolate(maps, scale_factor=4, mode="nearest"))


@pytest.mark.parametrize("name", ["fcn32s", "fcn8s", "fcn8s-bn"])
def test_training_from_scratch_learns(name: str) -> None:
    """Each 32 x 32 cell is labelled by its brightness: a few steps must beat what guessing reaches, ln 2."""
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(0, 2, (2, 2, 2), generator=generator).repeat_interleave(32, 1).repeat_interleave(32, 2)
    images = (target[:, None] * 2.0 - 1).expand(-1, 3, -1, -1) + 0.3 * torch.randn(2, 3, 64, 64, generator=generator)
    model = build_model(ModelConfig(name=name, width=0.0625), 2).train()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(20):
        loss = F.cross_entropy(model(images).logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.5 * math.log(2)


def test_large_slim_input() -> None:
    with torch.no_grad():
        logits, features = slim("fcn8s")(torch.randn(1, 3, 512, 512))
    assert logits.shape == (1, 7, 512, 512)
    assert features.shape == (1, 32, 16, 16)


def test_preprocessing_follows_its_formula() -> None:
    images = torch.arange(0, 192, dtype=torch.uint8).view(1, 3, 8, 8)
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.25, 2.0)
    result = Preprocessing(mean, std)(images)
    assert result.dtype == torch.float32
    for channel in range(3):
        expected = (images[0, channel].double() / 255 - mean[channel]) / std[channel]
        assert torch.allclose(result[0, channel].double(), expected, atol=1e-6)


def test_the_configuration_s_preprocessing_travels_with_the_model() -> None:
    config = ModelConfig(name="vgg16", width=0.0625, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25), input_size=48)
    assert build_model(config, 3).preprocessing == Preprocessing((0.5, 0.5, 0.5), (0.25, 0.25, 0.25), 48)
