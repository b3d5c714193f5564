"""Folding changes the operations, not the function."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pixelproof.config import ModelConfig
from pixelproof.models import (
    Output,
    PixelModel,
    build_model,
    fold,
    fold_batch_norm,
    fold_for_training,
    known_models,
    receptive_field,
    summarise,
)
from pixelproof.models.fcn import FCN, Variant
from pixelproof.models.folding.kernels import compose

SLIM = 0.0625
WITH_NORM = [name for name in known_models() if name.endswith("-bn")]
FOLDED_IN_TRAINING = ["fcn8s", "fcn8s-bn", "fcn16s", "fcn16s-bn", "vgg16", "vgg16-bn"]
ALONE = ["fcn8s-bilinear", "fcn32s", "timm:resnet18", "smp:Unet:resnet18"]
TOLERANCE = 1e-5

seeds = st.integers(0, 2**31)
widths = st.sampled_from([0.03, 0.0625, 0.1])
sides = st.integers(1, 100)
property_test = settings(max_examples=3, deadline=None, database=None)


def randomised(model: PixelModel, seed: int) -> PixelModel:
    """Give biases and statistics values that matter, in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(-1.5, 1.5, generator=generator)
                module.bias.normal_(generator=generator)
                module.running_mean.normal_(generator=generator)
                module.running_var.uniform_(0.01, 4, generator=generator)
            elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                if isinstance(module, nn.ConvTranspose2d):  # they start as if they only repeated their input
                    module.weight.add_(torch.randn(module.weight.shape, generator=generator), alpha=0.1)
                module.bias.normal_(generator=generator)
    return model.eval()


def built(name: str, seed: int = 0, width: float = SLIM) -> PixelModel:
    return randomised(build_model(ModelConfig(name=name, width=width), 5, seed), seed)


def images_of(size: tuple[int, int], seed: int = 0, count: int = 2) -> Tensor:
    return torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(seed))


def difference(a: Tensor, b: Tensor) -> float:
    """Return the largest difference, relative to the largest value."""
    return float((a - b).abs().max() / b.abs().max())


def gradients(network: PixelModel, model: PixelModel, images: Tensor) -> Tensor:
    """Return the gradients that reach the parameters of ``model`` through ``network``, as one vector."""
    model.zero_grad()
    output = network(images)
    weights = torch.randn(output.logits.shape, generator=torch.Generator().manual_seed(1)).to(images.dtype)
    (output.logits * weights).sum().backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


@pytest.mark.parametrize("name", known_models())
@given(seed=seeds, width=widths, height=sides, breadth=sides)
@property_test
def test_folding_keeps_the_outputs(name: str, seed: int, width: float, height: int, breadth: int) -> None:
    model, images = built(name, seed, width), images_of((height, breadth), seed)
    with torch.no_grad():
        literal = model(images)
        for size in (None, (height, breadth)):
            for old, new in zip(literal, fold(model, size)(images), strict=True):
                assert difference(new, old) < TOLERANCE
        model.double()
        old, new = model(images.double()).logits, fold(model)(images.double()).logits
        assert difference(new, old) < 1e-12
        assert torch.equal(new.argmax(1), old.argmax(1))


@pytest.mark.parametrize("name", FOLDED_IN_TRAINING)
@given(seed=seeds, width=widths, height=st.integers(33, 100), breadth=st.integers(33, 100))
@example(seed=52805192, width=0.03, height=33, breadth=33)  # rounding alone moves its gradients by .5%
@property_test
def test_folded_training_keeps_outputs_gradients_and_statistics(
    name: str, seed: int, width: float, height: int, breadth: int
) -> None:
    model = built(name, seed, width)
    for dropout in (module for module in model.modules() if isinstance(module, nn.Dropout)):
        dropout.p = 0.0  # draws anew in every forward
    twin = copy.deepcopy(model)
    network = fold_for_training(twin)
    assert network is not twin
    exact: list[Tensor] = []
    for dtype in (torch.float64, torch.float32):
        images = images_of((height, breadth), seed, count=3).to(dtype)
        old = gradients(model.to(dtype).train(), model, images)
        new = gradients(network, twin.to(dtype).train(), images)
        for old_buffer, new_buffer in zip(model.buffers(), twin.buffers(), strict=True):
            assert torch.allclose(old_buffer, new_buffer, rtol=1e-4, atol=1e-5)
        with torch.no_grad():
            outputs = [old, new, model(images).logits, network(images).logits]
        exact = exact or [outputs[0], outputs[2]]
        tolerance = 1e-10 if dtype == torch.float64 else TOLERANCE
        for literal, folded, truth in zip(outputs[::2], outputs[1::2], exact, strict=True):
            # Norms over three images of one pixel can make as much of the literal network's own rounding as they like.
            rounding = (literal - truth).norm()
            assert (folded - truth).norm() < tolerance * truth.norm() + 3 * rounding


@pytest.mark.parametrize("name", FOLDED_IN_TRAINING)
def test_a_network_folded_for_training_has_the_same_head(name: str) -> None:
    model = built(name, 0, 0.03)
    folded = fold_for_training(model)
    assert {id(parameter) for parameter in folded.backbone()} == {id(parameter) for parameter in model.backbone()}
    assert len(folded.backbone()) < len(list(folded.parameters())) == len(list(model.parameters()))


@pytest.mark.parametrize("name", ["fcn8s-bn", "vgg16-bn"])
def test_nothing_of_the_folding_reaches_the_literal_network(name: str) -> None:
    model = built(name).train()
    state = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    folded, network = fold(model), fold_for_training(model)
    with torch.no_grad():
        folded(images_of((32, 32)))
    assert model.training
    assert not any(module.training for module in folded.modules())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert model.state_dict().keys() == state.keys()
    assert all(torch.equal(tensor, state[key]) for key, tensor in model.state_dict().items())
    assert {id(p) for p in network.parameters()} == {id(p) for p in model.parameters()}
    model.eval()
    assert not any(module.training for module in network.modules() if not list(module.children()))


@pytest.mark.parametrize("name", known_models())
def test_a_folded_network_keeps_the_facts_of_the_literal_one(name: str) -> None:
    model = built(name)
    folded = fold(model)
    for attribute in ("num_classes", "stride", "reduction", "preprocessing"):
        assert getattr(folded, attribute) == getattr(model, attribute)
    assert receptive_field(folded) == receptive_field(model)


def test_folding_leaves_nothing_behind_that_slows_the_next() -> None:
    model, known = built("fcn8s-bn"), torch.fx._symbolic_trace._wrapped_fns_to_patch
    fold(model)
    before = len(known)
    copy.deepcopy(fold(model))
    fold_for_training(model)
    assert len(known) == before


@pytest.mark.parametrize("name", ALONE)
def test_what_has_nothing_to_fold_is_left_alone(name: str) -> None:
    model = built(name) if ":" not in name else build_model(ModelConfig(name=name), 5)
    assert fold(model) is model
    assert fold_for_training(model) is model


@pytest.mark.parametrize("side", [64, 300])
def test_a_size_that_is_known_never_makes_the_network_larger(side: int) -> None:
    model, images = built("vgg16", width=SLIM), images_of((side, side))
    folded = fold(model, (side, side))
    sizes = [sum(parameter.numel() for parameter in network.parameters()) for network in (folded, model)]
    assert sizes[0] < sizes[1] if side < 7 * 32 else sizes[0] == sizes[1]
    with torch.no_grad():
        assert difference(folded(images).logits, model(images).logits) < TOLERANCE


@pytest.mark.parametrize("steps", [(4, 2), (2, 4), (2, 2, 2, 2, 2), (1, 8), (4, 4)])
def test_variants_without_a_name_fold_as_well(steps: tuple[int, ...]) -> None:
    model = randomised(FCN(5, Variant(steps), width=SLIM), 0)
    model.preprocessing = built("fcn8s").preprocessing
    images = images_of((45, 70))
    folded, network = fold(model), fold_for_training(model)
    assert sum(isinstance(module, nn.ConvTranspose2d) for module in folded.modules()) <= 2
    with torch.no_grad():
        assert difference(folded(images).logits, model(images).logits) < TOLERANCE
        assert difference(network(images).logits, model(images).logits) < TOLERANCE


class Knotted(PixelModel):
    """What must not be folded over: a map used twice, overlap, groups, and an activation."""

    encoder = ("features",)

    def __init__(self) -> None:
        super().__init__(3)
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.up = nn.ConvTranspose2d(8, 12, 2, stride=2)
        self.norm = nn.BatchNorm2d(12)
        self.score = nn.Conv2d(12, 16, 1)
        self.overlapping = nn.ConvTranspose2d(16, 16, 4, stride=2, padding=1)
        self.grouped = nn.ConvTranspose2d(16, 16, 2, stride=2, groups=4)
        self.wide = nn.ConvTranspose2d(16, 16, 2, stride=2)
        self.last = nn.ConvTranspose2d(16, 3, 2, stride=2)

    def forward(self, images: Tensor) -> Output:
        maps = self.features(images)
        seen = self.score(self.norm(self.up(maps)))
        wide = self.wide(self.overlapping(seen) + self.grouped(seen))
        return Output(self.last(wide), seen)


@pytest.mark.parametrize("training", [False, True])
def test_only_what_may_be_folded_is(training: bool) -> None:
    model = randomised(Knotted(), 3).double()
    model.preprocessing = built("fcn8s").preprocessing
    folded = (fold_for_training if training else fold)(model)
    images = images_of((12, 10)).double()
    with torch.no_grad():
        for old, new in zip(model(images), folded(images), strict=True):
            assert difference(new, old) < 1e-12
    kinds = [type(module) for module in folded.modules()]
    assert kinds.count(nn.BatchNorm2d) == (1 if training else 0)
    assert isinstance(folded.get_submodule("network.overlapping"), nn.ConvTranspose2d)
    assert isinstance(folded.get_submodule("network.grouped"), nn.ConvTranspose2d)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), seeds)
@settings(max_examples=25, deadline=None, database=None)
def test_a_composed_kernel_is_the_answer_to_a_single_cell(factors: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    channels = torch.randint(1, 5, (len(factors) + 1,)).tolist()
    layers = [nn.ConvTranspose2d(*channels[i : i + 2], f, stride=f).double() for i, f in enumerate(factors)]
    kernel = compose(layers, torch.float64)
    with torch.no_grad():
        answers = nn.Sequential(*layers)(torch.eye(channels[0], dtype=torch.float64)[:, :, None, None])
        silence = nn.Sequential(*layers)(torch.zeros(1, channels[0], 1, 1, dtype=torch.float64))[0]
    torch.testing.assert_close(kernel.bias, silence)
    torch.testing.assert_close(kernel.weight, answers - silence)


@pytest.mark.parametrize("name", known_models())
def test_a_fold_never_costs_more(name: str) -> None:
    for width in (0.01, 0.5):
        with torch.device("meta"):
            model = build_model(ModelConfig(name=name, width=width), 5)
        for size in (32, 96):
            facts = summarise(model, name, size)
            assert facts["macs_folded"] <= facts["macs"]


def test_the_study_s_networks_fold_as_far_as_the_algebra_says() -> None:
    with torch.device("meta"):
        fcn, vgg = build_model(ModelConfig(name="fcn8s"), 7), build_model(ModelConfig(name="vgg16"), 50)
    facts = summarise(fcn, "fcn8s", 512)
    encoder = 15_346_630_656 * (512 * 512) // (224 * 224)
    head = 64 * 64 * 256 * 512 + 7 * (64 * 64 * 512 * 64 + 32 * 32 * 512 * 256 + 16 * 16 * 512 * 1024)
    assert facts["macs_folded"] == encoder + head
    facts = summarise(vgg, "vgg16", 32)
    assert facts["macs"] - facts["macs_folded"] == 4096 * (25088 - 512)


def test_bf16_rounds_a_folded_network_no_more_than_a_literal_one() -> None:
    model = built("fcn8s", width=0.25)
    images = images_of((64, 96))
    with torch.no_grad():
        exact = model(images).logits
        with torch.autocast("cpu", torch.bfloat16):
            literal, folded = model(images).logits.float(), fold_for_training(model)(images).logits.float()
    assert (folded - exact).norm() < 1.1 * (literal - exact).norm()


@pytest.mark.parametrize("name", WITH_NORM)
def test_the_folded_weights_are_those_of_the_plain_name(name: str) -> None:
    model, config = built(name, 1), ModelConfig(name=name, width=SLIM)
    state = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    folded, plain = fold_batch_norm(model, config)
    assert plain.name == name.removesuffix("-bn")
    build_model(plain, 5).load_state_dict(folded.state_dict())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert all(torch.equal(tensor, state[key]) for key, tensor in model.state_dict().items())
    assert folded.preprocessing == model.preprocessing
    assert not folded.training
    with torch.no_grad():
        for old, new in zip(model.double()(images_of((40, 70)).double()), folded.double()(images_of((40, 70)).double()),
                            strict=True):  # fmt: skip
            assert difference(new, old) < TOLERANCE


@pytest.mark.parametrize("name", ["fcn8s", "vgg16", "timm:resnet18", "smp:Unet:resnet18"])
def test_a_network_without_a_plain_twin_is_left_alone(name: str) -> None:
    config = ModelConfig(name=name, width=SLIM)
    model = build_model(config, 5)
    assert fold_batch_norm(model, config) == (model, config)
