"""Fine-tuning: a frozen backbone stays as it is to the bit, and one that learns slower takes smaller steps."""

import pytest
import torch
from safetensors.torch import load_file

from pixelproof.config import apply_overrides, default_config
from pixelproof.data import open_data
from pixelproof.errors import UserError
from pixelproof.verbs.fit import start
from pixelproof.verbs.train import train
from small_plugins import install

SLIM = ["width=0.03", "warmup=0", "device=cpu", "selection=0", "batch_size=8"]


def settings_for(data, model, *more):
    own = ["crop=32"] if data.task == "segmentation" else ["dropout=0.5", "mixup=0.2"]
    return apply_overrides(default_config(data.task, model), [*SLIM, *own, *more])


def untrained(config, data):
    """Return the state that training starts from, that of the backbone and that of the head."""
    model = start(config, data, begun=False)
    head = tuple(f"{part}." for part in model.head_parts)
    state = model.state_dict()
    return [{name: t for name, t in state.items() if name.startswith(head) is wanted} for wanted in (False, True)]


@pytest.mark.parametrize(
    ("folder", "model", "optimizer"),
    [
        ("color_classes", "vgg16-bn", "adamw"),
        ("color_classes", "timm:test_resnet", "sgd"),
        ("two_fields", "fcn8s-bn", "muon"),
        ("two_fields", "smp:Unet:tu-test_resnet", "adamw"),
    ],
)
def test_a_frozen_backbone_stays_to_the_bit_while_the_head_learns(tmp_path, request, folder, model, optimizer):
    data = open_data(request.getfixturevalue(folder))
    config = settings_for(data, model, "epochs=2", "freeze=2", f"optimizer={optimizer}", "ema=0.9", "accumulate=2")
    backbone, head = untrained(config, data)
    after = load_file(train(data, config, tmp_path / "run").last)
    for name, tensor in backbone.items():
        assert torch.equal(after[f"model/{name}"], tensor), name
        assert torch.equal(after[f"average/module.{name}"], tensor), name
    assert all(not torch.equal(after[f"model/{name}"], tensor) for name, tensor in head.items())
    stepped = {key.split("/")[1] for key in after if key.startswith("optimizer/")}
    assert 0 < len(stepped) <= len(head)


def test_networks_of_packages_freeze_where_their_head_is_known(tmp_path, color_classes, two_fields, monkeypatch):
    install(monkeypatch, tmp_path / "site")
    data, fields = open_data(color_classes), open_data(two_fields)
    config = settings_for(data, "plugin:littlenet", "epochs=1", "freeze=1", "mixup=0")
    backbone, _ = untrained(config, data)
    after = load_file(train(data, config, tmp_path / "run").last)
    assert all(torch.equal(after[f"model/{name}"], tensor) for name, tensor in backbone.items())
    with pytest.raises(UserError, match="need the head of 'plugin:LittleUnet', which it does not name"):
        train(fields, settings_for(fields, "plugin:LittleUnet", "freeze=1"), tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_after_freezing_all_learns(tmp_path, color_classes):
    data = open_data(color_classes)
    config = settings_for(data, "vgg16-bn", "epochs=2", "freeze=1")
    backbone, _ = untrained(config, data)
    runs = [train(data, config.changed("training", freeze=n), tmp_path / str(n)) for n in (0, 1, 2)]
    after = load_file(runs[1].last)
    assert not any(torch.equal(after[f"model/{name}"], t) for name, t in backbone.items())
    first, second = ([run.metrics.read()[epoch]["loss"] for run in runs] for epoch in (0, 1))
    assert first[0] != first[1] == first[2]
    assert len(set(second)) == 3


@pytest.mark.parametrize("optimizer", ["sgd", "muon"])
def test_a_slower_backbone_takes_smaller_steps(tmp_path, two_fields, optimizer):
    data = open_data(two_fields)  # one batch
    config = settings_for(data, "fcn8s", "epochs=1", f"optimizer={optimizer}", "weight_decay=0", "lr=0.1")
    runs = [train(data, config.changed("training", backbone_lr=f), tmp_path / str(f)) for f in (1, 0.1)]
    whole, slower = (load_file(run.last) for run in runs)
    for state, factor in zip(untrained(config, data), (0.1, 1), strict=True):
        for name, before in state.items():
            step = whole[f"model/{name}"] - before
            assert step.abs().max() > 1e-5
            torch.testing.assert_close(slower[f"model/{name}"] - before, step * factor, rtol=1e-3, atol=2e-7)
    assert runs[0].metrics.read()[0]["lr"] == runs[1].metrics.read()[0]["lr"] == pytest.approx(0.05)
