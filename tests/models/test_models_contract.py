"""What every model promises, whatever its name."""

from __future__ import annotations

import copy
import warnings

import pytest
import torch

from pixelproof.config import ModelConfig
from pixelproof.errors import UserError
from pixelproof.models import PixelModel, build_model, known_models, task_of

OTHERS = ["timm:resnet18", "timm:test_vit", "smp:Unet:resnet18", "smp:PAN:resnet18", "smp:DPT:tu-test_vit"]
SLIM = 0.0625
CLASSES = 5
SIZES = [(1, 1), (33, 65), (64, 32)]


def build(name: str, seed: int = 0) -> PixelModel:
    return build_model(ModelConfig(name=name, width=SLIM), CLASSES, seed)


@pytest.fixture(scope="module", params=[*known_models(), *OTHERS])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(name: str) -> PixelModel:
    return build(name).eval()


@pytest.mark.parametrize("size", SIZES)
def test_any_size_gives_logits_and_features_of_the_promised_shapes(
    model: PixelModel, name: str, size: tuple[int, int]
) -> None:
    with torch.no_grad():
        logits, features = model(torch.randn(2, 3, *size))
    if task_of(name) == "classification":
        assert logits.shape == (2, CLASSES)
        assert features.ndim == 2
    else:
        assert logits.shape == (2, CLASSES, *size)
        assert features.ndim == 4
        height, width = (-(-side // model.stride) * model.stride // model.reduction for side in size)
        assert features.shape[2:] == (height, width)
    assert logits.isfinite().all()
    assert features.isfinite().all()


@pytest.mark.parametrize("name", ["fcn32s", "fcn8s-bn", "fcn8s-bilinear", "smp:Unet:resnet18", "smp:PAN:resnet18"])
def test_padding_is_zeros_to_the_right_and_below(name: str) -> None:
    model = build(name).eval()
    image = torch.randn(1, 3, 33, 65)
    padded = torch.zeros(1, 3, 128, 128)
    padded[..., :33, :65] = image
    grid = padded if model.stride == 128 else padded[..., :64, :96]
    with torch.no_grad():
        assert torch.equal(model(image).logits, model(grid).logits[..., :33, :65])


@pytest.mark.parametrize("name", ["fcn8s-bn", "smp:FPN:resnet18"])
def test_a_coarser_look_is_the_same_network_on_means_of_squares(name: str) -> None:
    whole = build(name).eval()
    coarse = build_model(ModelConfig(name=name, width=SLIM, downsample=2), CLASSES).eval()
    coarse.load_state_dict(whole.state_dict())
    image = torch.randn(1, 3, 128, 192)
    means = image.unflatten(2, (64, 2)).unflatten(4, (96, 2)).mean(dim=(3, 5))
    with torch.no_grad():
        expected, seen = whole(means), coarse(image)
    larger = torch.nn.functional.interpolate(expected.logits, size=(128, 192), mode="bilinear", align_corners=False)
    torch.testing.assert_close(seen.logits, larger, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(seen.features, expected.features, rtol=1e-4, atol=1e-5)
    assert (coarse.stride, coarse.reduction) == (2 * whole.stride, 2 * whole.reduction)
    with torch.no_grad():
        assert coarse(torch.randn(1, 3, 33, 65)).logits.shape == (1, CLASSES, 33, 65)


def test_gradients_reach_every_parameter(name: str) -> None:
    network = build(name).train()
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(4, 3, 64, 64, generator=generator)
    logits = network(images).logits
    (logits * torch.randn(logits.shape, generator=generator)).sum().backward()
    gradients = {key: parameter.grad for key, parameter in network.named_parameters()}
    if name in known_models():
        assert [key for key, gradient in gradients.items() if gradient is None or not gradient.abs().sum() > 0] == []
    else:  # others start some branches at zero, and hold a few parts that the answer does not use
        assert sum(gradient is None for gradient in gradients.values()) < 0.1 * len(gradients)


def test_preprocessing_is_no_part_of_the_weights_or_the_print(model: PixelModel) -> None:
    assert model.preprocessing.mean == (0.485, 0.456, 0.406)
    assert model.num_classes == CLASSES
    assert not any("preprocessing" in key for key in model.state_dict())
    assert "reprocessing" not in repr(model)


def test_a_copy_gives_the_same_answer(model: PixelModel) -> None:
    image = torch.randn(1, 3, 40, 40)
    with torch.no_grad():
        assert torch.equal(copy.deepcopy(model)(image).logits, model(image).logits)


@pytest.mark.parametrize("name", ["fcn8s-bn", "timm:resnet18"])
def test_weights_depend_on_the_seed_alone(name: str) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = build(name, seed=1).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    again, other = build(name, seed=1).state_dict(), build(name, seed=2).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ("fcn8", "did you mean 'fcn8s'?"),
        ("vgg16bn", "did you mean 'vgg16-bn'?"),
        ("xyzzy", "known are"),
        ("timm:resnet81", "'resnet18'"),
        ("timm:resnet18.a1_in1", "'resnet18.a1_in1k'"),
        ("timm:", "see its documentation"),
        ("smp:Unit:resnet18", "did you mean 'Unet'?"),
        ("smp:Unet:resnet81", "'resnet18'"),
        ("smp:Unet:tu-convnext_ato", "'tu-convnext_atto'"),
        ("smp:Unet", "see its documentation"),
        ("smp:Linknet:mit_b0", "choose another"),
    ],
)
def test_an_unknown_name_brings_near_ones(wrong: str, advice: str) -> None:
    with pytest.raises(UserError) as caught:
        build(wrong)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tasks() -> None:
    assert task_of("vgg16-bn") == task_of("timm:anything") == "classification"
    assert task_of("fcn8s-bilinear-bn") == task_of("smp:Unet:resnet18") == "segmentation"
    for name in ("vgg16-bn-bn", "resnet18", ""):
        with pytest.raises(UserError, match="unknown model"):
            task_of(name)


def test_names() -> None:
    varied = [f"fcn{stride}s-{way}" for stride in (32, 16, 8) for way in ("direct", "stepwise", "bilinear")]
    plain = ["vgg16", "fcn32s", "fcn16s", "fcn8s", *varied]
    assert sorted(known_models()) == sorted([*plain, *(f"{name}-bn" for name in plain)])


def test_building_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("fcn8s", "timm:resnet18", "smp:Unet:resnet18"):
            build(name)
