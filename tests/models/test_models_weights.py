"""Weights from files: what fits is taken, the rest reported, hostile files refused."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor

from pixelproof.config import ModelConfig
from pixelproof.errors import UserError
from pixelproof.models import PixelModel, build_model, known_models
from pixelproof.models.weights import imagenet_vgg16, read_weights, transfer_weights

SLIM = 0.0625


def build(name: str, weights: str | Path = "none", seed: int = 0, classes: int = 4) -> PixelModel:
    return build_model(ModelConfig(name=name, width=SLIM, weights=str(weights)), classes, seed)


def slim_torchvision(batch_norm: bool = False) -> dict[str, Tensor]:
    """Return the state dict of torchvision's own VGG class at a sixteenth of its width, and 1000 classes."""
    channels = [4, 4, "M", 8, 8, "M", 16, 16, 16, "M", 32, 32, 32, "M", 32, 32, 32, "M"]
    layers = torchvision.models.vgg.make_layers(channels, batch_norm)
    state = {f"features.{key}": tensor for key, tensor in layers.state_dict().items()}
    for index, shape in {"0": (256, 1568), "3": (256, 256), "6": (1000, 256)}.items():
        state[f"classifier.{index}.weight"] = torch.randn(shape)
        state[f"classifier.{index}.bias"] = torch.randn(shape[0])
    return state


def encoder_weights(model: PixelModel) -> list[Tensor]:
    """Return the weights and biases of all 3x3 convolutions, in order from the image."""
    found = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size == (3, 3)]
    return [tensor for layer in found for tensor in (layer.weight, layer.bias)]


@pytest.mark.parametrize("name", ["vgg16", "fcn32s", "fcn16s", "fcn8s", "fcn8s-direct", "fcn8s-bilinear", "fcn8s-bn"])
def test_torchvision_s_vgg16_fits_every_encoder_in_order(name: str, tmp_path: Path) -> None:
    state = slim_torchvision()
    torch.save(state, tmp_path / "vgg16.pth")
    model = build(name, tmp_path / "vgg16.pth")
    theirs = [tensor for key, tensor in state.items() if key.startswith("features")]
    ours = encoder_weights(model)
    assert len(ours) == len(theirs) == 26
    assert all(torch.equal(mine, other) for mine, other in zip(ours, theirs, strict=True))


def test_torchvision_s_vgg16_bn_brings_its_statistics() -> None:
    state = slim_torchvision(batch_norm=True)
    state["features.25.running_var"] = torch.full((32,), 7.0)
    model = build("fcn8s-bn")
    transfer_weights(model, state, "vgg16_bn")
    assert torch.equal(model.state_dict()["middlelayer.1.running_var"], state["features.25.running_var"])
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(norms) == 14  # 13 of the encoder and the one of conv1_1


def test_the_classifier_comes_along_where_it_fits(capsys: pytest.CaptureFixture[str]) -> None:
    state, model = slim_torchvision(), build("vgg16")
    match = transfer_weights(model, state, "vgg16.pth")
    assert match.wrong_shape == ("classifier.6.weight", "classifier.6.bias")
    assert (match.missing, match.unexpected, len(match.loaded)) == ((), (), 30)
    assert torch.equal(model.state_dict()["classifier.3.weight"], state["classifier.3.weight"])
    captured = capsys.readouterr()
    assert captured.out == ""
    said = "vgg16.pth: 30 tensors loaded, 2 of wrong shape (classifier.6.weight, classifier.6.bias)"
    assert captured.err == said + "\n"


def test_members_of_the_family_take_each_other_s_encoders() -> None:
    source, target = build("fcn32s", seed=1), build("fcn8s", seed=2)
    match = transfer_weights(target, source.state_dict(), "fcn32s")
    for mine, other in zip(encoder_weights(target), encoder_weights(source), strict=True):
        assert torch.equal(mine, other)
    assert set(match.unexpected) == {"deconv_32x_tochannel_4.weight", "deconv_32x_tochannel_4.bias"}
    assert "conv1_1.0.weight" in match.missing


@pytest.mark.parametrize(
    ("name", "source"),
    [
        *((name, "vgg16-bn" if name.endswith("-bn") else "vgg16") for name in known_models()),
        ("timm:test_resnet", "timm:test_resnet"),
        ("timm:test_vit", "timm:test_vit"),
        ("timm:deit_tiny_distilled_patch16_224", "timm:deit_tiny_distilled_patch16_224"),  # has two classifiers
        ("timm:dpn48b", "timm:dpn48b"),  # ends in a convolution
        ("smp:Unet:tu-test_resnet", "timm:test_resnet"),
    ],
)
def test_the_backbone_is_what_weights_for_other_classes_fill(name: str, source: str) -> None:
    model = build(name, classes=4)
    state = build(source, classes=9).state_dict()
    if name.startswith("smp:"):  # which knows itself how the encoder's weights are called there
        state = {f"encoder.model.{key.removeprefix('model.')}": tensor for key, tensor in state.items()}
    loaded = set(transfer_weights(model, state, source).loaded)
    backbone = {id(parameter) for parameter in model.backbone()}
    filled = {name: name.removeprefix("model.") in loaded for name, _ in model.named_parameters()}
    assert filled == {name: id(parameter) in backbone for name, parameter in model.named_parameters()}
    assert set(filled.values()) == {True, False}


@pytest.mark.parametrize(
    "name", ["fcn8s", "fcn8s-bn", "vgg16-bn", "timm:test_resnet", "timm:test_vit", "smp:Unet:tu-test_resnet"]
)
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_model_s_own_weights_return_complete(name: str, suffix: str, tmp_path: Path) -> None:
    source = build(name, seed=1)
    path = tmp_path / f"weights{suffix}"
    save_file(source.state_dict(), path) if suffix == ".safetensors" else torch.save(source.state_dict(), path)
    loaded = build(name, path, seed=2).state_dict()
    assert all(torch.equal(tensor, loaded[key]) for key, tensor in source.state_dict().items())


@pytest.mark.parametrize("wrap", ["plain", "state_dict", "model", "module.", "model._orig_mod.module."])
def test_wrappers_are_seen_through(wrap: str, tmp_path: Path) -> None:
    source = build("timm:test_resnet", seed=1)
    state: dict[str, Any] = dict(source.get_submodule("model").state_dict())
    if wrap.endswith("."):
        state = {"epoch": 3, "state_dict": {f"{wrap}{key}": tensor for key, tensor in state.items()}}
    elif wrap != "plain":
        state = {wrap: state, "epoch": 3}
    torch.save(state, tmp_path / "weights.pt")
    loaded = build("timm:test_resnet", tmp_path / "weights.pt").state_dict()
    assert all(torch.equal(tensor, loaded[key]) for key, tensor in source.state_dict().items())


@pytest.mark.parametrize("name", ["vgg16", "fcn8s-bn", "smp:FPN:resnet18", "timm:resnet18"])
def test_weights_for_colours_are_shared_out_over_bands(name: str, tmp_path: Path) -> None:
    colours = build(name, seed=1)
    save_file(colours.state_dict(), tmp_path / "colours.safetensors")
    (first, kernel), *_ = [(n, t) for n, t in colours.state_dict().items() if t.ndim == 4]
    for channels in (1, 2, 5):
        config = ModelConfig(
            name=name, width=SLIM, weights=str(tmp_path / "colours.safetensors"), bands=(1,) * channels
        )
        model = build_model(config, 4)
        found = model.state_dict()
        expected = [kernel[:, i % 3] * 3 / channels for i in range(channels)] if channels > 1 else [kernel.sum(dim=1)]
        torch.testing.assert_close(found[first], torch.stack(expected, dim=1))
        assert all(torch.equal(found[n], t) for n, t in colours.state_dict().items() if n != first)
        assert model.eval()(torch.zeros(1, channels, 64, 64)).logits.shape[:2] == (1, 4)


def test_nothing_that_fits_is_an_error(tmp_path: Path) -> None:
    torch.save({"something.else": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(UserError, match=r"other\.pt: no tensor fits"):
        build("fcn8s", tmp_path / "other.pt")


def test_counters_and_biases_alone_are_nothing_that_fits() -> None:
    other = build_model(ModelConfig(name="fcn8s-bn", width=0.05), 7).state_dict()
    with pytest.raises(UserError, match=r"narrow: no tensor fits the model .*; check the model's name and width"):
        transfer_weights(build_model(ModelConfig(name="fcn8s-bn", width=0.1), 7), other, "narrow")


def test_weights_with_batch_norms_for_a_network_without_are_noted(capsys: pytest.CaptureFixture[str]) -> None:
    state = build_model(ModelConfig(name="vgg16-bn", width=0.05), 7).state_dict()
    transfer_weights(build_model(ModelConfig(name="vgg16", width=0.05), 7), state, "vgg16-bn")
    assert "note: these weights have batch norms, which the network has not" in capsys.readouterr().err


def test_what_training_goes_on_from_is_told_from_weights(tmp_path: Path) -> None:
    save_file({"model/features.0.weight": torch.zeros(3)}, tmp_path / "last.safetensors")
    with pytest.raises(UserError, match=r"last.safetensors is what training goes on from; give best.safetensors"):
        read_weights(tmp_path / "last.safetensors")


def test_another_network_s_layers_are_not_taken_for_ours() -> None:
    """VGG19 has the same names, but its later layers are others."""
    state = {
        f"features.{k}": v for k, v in torchvision.models.vgg.make_layers([4, 4, "M", 8, 8, 8]).state_dict().items()
    }
    match = transfer_weights(build("fcn8s"), state, "vgg19")
    assert all(name.startswith("features.") for name in match.loaded)


class Boom:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("touch " + str(Path(os.environ["PIXELPROOF_TEST_BOOM"])),)


@pytest.mark.parametrize("kind", ["pickle", "torch", "legacy"])
def test_a_pickle_with_code_is_refused_and_not_run(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, path = tmp_path / "ran", tmp_path / "weights.pth"
    monkeypatch.setenv("PIXELPROOF_TEST_BOOM", str(mark))
    content = {"features.0.weight": torch.zeros(1), "boom": Boom()}
    if kind == "pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "torch")
    with pytest.raises(UserError, match=r"weights\.pth: not a file of plain tensors, or damaged; save only"):
        build("fcn8s", path)
    assert not mark.exists()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("damage", ["truncated", "empty", "noise", "absent", "folder"])
def test_a_damaged_file_is_an_error_that_names_it(suffix: str, damage: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights{suffix}"
    state = build("fcn8s").state_dict()
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    content = path.read_bytes()
    path.unlink()
    match damage:
        case "truncated":
            path.write_bytes(content[: len(content) // 2])
        case "empty":
            path.write_bytes(b"")
        case "noise":
            path.write_bytes(bytes(range(256)) * 8)
        case "folder":
            path.mkdir()
    with pytest.raises(UserError, match=re.escape(str(path))):
        build("fcn8s", path)


@pytest.mark.parametrize("content", [torch.zeros(3), [torch.zeros(3)], {"epoch": 3}, {"model": {}}])
def test_a_file_without_named_tensors_is_an_error(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "weights.pt")
    with pytest.raises(UserError, match="no tensors by name"):
        read_weights(tmp_path / "weights.pt")


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of torch's hub and addresses that nobody answers."""
    from torchvision.models import VGG16_BN_Weights, VGG16_Weights

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "")
    for weights in (VGG16_Weights.IMAGENET1K_V1, VGG16_BN_Weights.IMAGENET1K_V1):
        address = weights.url.replace("https://download.pytorch.org", "http://127.0.0.1:9")
        monkeypatch.setattr(weights.value, "url", address)
    return tmp_path


@pytest.mark.parametrize("name", ["vgg16", "fcn8s-bn"])
def test_imagenet_weights_without_a_network(name: str, offline: Path) -> None:
    with torch.device("meta"), pytest.raises(UserError) as caught:
        build_model(ModelConfig(name=name, weights="imagenet"), 7)
    message = str(caught.value)
    assert "\n" not in message
    for part in ("vgg16", str(offline / "hub" / "checkpoints"), "--weights PATH", "--weights none"):
        assert part in message


def test_imagenet_weights_put_into_the_cache_by_hand(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.models import VGG16_Weights

    cache = offline / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    state = slim_torchvision()
    torch.save(state, cache / Path(VGG16_Weights.IMAGENET1K_V1.url).name)
    loaded = imagenet_vgg16(batch_norm=False)
    assert torch.equal(loaded["features.28.weight"], state["features.28.weight"])


def test_imagenet_weights_of_another_width_do_not_exist() -> None:
    with pytest.raises(UserError, match=r"no imagenet weights for 'fcn8s' of width 0\.0625"):
        build("fcn8s", "imagenet")


@pytest.mark.parametrize("name", ["timm:test_resnet", "smp:Unet:resnet18", "smp:Unet:tu-test_resnet"])
def test_other_libraries_imagenet_weights_without_a_network(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError) as caught:
        build(name, "imagenet")
    message = str(caught.value)
    assert message.startswith(f"the imagenet weights of '{name}' cannot be downloaded")
    assert "--weights none" in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["timm:test_resnet", "smp:Unet:resnet18"])
def test_a_hub_that_does_not_answer_is_asked_once(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its client by itself asks six times for every file, over 23 seconds."""
    import socket

    from huggingface_hub import constants

    asked: list[object] = []

    def refuse(host: object, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(UserError, match="cannot be downloaded: the Hugging Face hub cannot be reached; connect"):
        build(name, "imagenet")
    assert len(asked) == 1
    assert constants.HF_HUB_OFFLINE is False


def test_other_libraries_without_such_weights() -> None:
    with pytest.raises(UserError, match="timm has no imagenet weights of 'nf_regnet_b3'; use"):
        build("timm:nf_regnet_b3", "imagenet")
