import numpy as np
import pytest
import torch
from torch import nn

from pixelproof.config import ModelConfig, TrainingConfig
from pixelproof.models import build_model
from pixelproof.training.losses import cross_entropy
from pixelproof.training.mixup import mix
from pixelproof.training.muon import orthogonalize
from pixelproof.training.optimization import learning_rate, make_optimizer, moving_average


@pytest.mark.parametrize("schedule", ["cosine", "poly", "constant"])
def test_the_rate_rises_over_the_warm_up_and_then_falls(schedule):
    config = TrainingConfig(lr=0.1, epochs=10, warmup=2, schedule=schedule)
    rates = [learning_rate(config, t) for t in np.linspace(0, 10, 101)]
    assert rates[0] == 0
    assert rates[20] == pytest.approx(0.1)
    assert np.all(np.diff(rates[:21]) > 0)
    if schedule == "constant":
        assert rates[-1] == pytest.approx(0.1)
    else:
        assert np.all(np.diff(rates[20:]) < 0)
        assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_what_begins_later_warms_up_then():
    config = TrainingConfig(lr=0.1, epochs=10, warmup=2, freeze=3)
    times = np.linspace(0, 10, 101)
    rates, late = ([learning_rate(config, t, begins) for t in times] for begins in (0, 3))
    assert not any(late[:31])
    np.testing.assert_allclose(late[30:50], np.multiply(rates[30:50], (times[30:50] - 3) / 2), atol=1e-12)
    assert late[50:] == rates[50:]
    groups = make_optimizer(build_model(ModelConfig(name="vgg16", width=0.03), 3), config).param_groups
    assert [group["begins"] for group in groups] == [0, 0, 3, 3]


def test_known_points_of_the_schedules():
    config = TrainingConfig(lr=1.0, epochs=10, warmup=0)
    assert learning_rate(config, 5) == pytest.approx(0.5)
    assert learning_rate(config.model_copy(update={"schedule": "poly"}), 5) == pytest.approx(0.5**0.9)


@pytest.mark.parametrize("name", ["adamw", "sgd", "muon"])
def test_weight_decay_spares_biases_and_norms(name):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    optimizer = make_optimizer(model, TrainingConfig(optimizer=name, weight_decay=0.3))
    decays = {id(p): g["weight_decay"] for g in optimizer.param_groups for p in g["params"]}
    assert [decays[id(p)] for p in model.parameters()] == [0.3, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", ["vgg16-bn", "fcn8s", "timm:test_resnet", "smp:Unet:tu-test_resnet"])
def test_the_backbone_has_groups_of_its_own_where_it_learns_slower(name):
    model = build_model(ModelConfig(name=name, width=0.03), 3)
    alike, apart = (make_optimizer(model, TrainingConfig(backbone_lr=factor)).param_groups for factor in (1, 0.1))
    weights = [[id(p) for group in groups for p in group["params"]] for groups in (alike, apart)]
    # The order in which checkpoints of all versions keep the state.
    assert weights[0] == [id(p) for large in (True, False) for p in model.parameters() if (p.ndim >= 2) is large]
    assert sorted(weights[1]) == sorted(weights[0])
    factors = {id(p): group["factor"] for group in apart for p in group["params"]}
    backbone = {id(p) for p in model.backbone()}
    assert all(factors[id(p)] == (0.1 if id(p) in backbone else 1) for p in model.parameters())
    assert apart[0]["factor"] == alike[0]["factor"] == 1


def test_muon_steps_change_every_direction_of_a_kernel_alike():
    model = nn.Sequential(nn.Conv2d(8, 16, 3), nn.Flatten(), nn.Linear(16, 32))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer = make_optimizer(model, TrainingConfig(optimizer="muon", lr=0.01, weight_decay=0))
    images = torch.randn(64, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    model(images).pow(2).mean().backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    optimizer.step()
    steps = [parameter.detach() - old for parameter, old in zip(model.parameters(), before, strict=True)]
    of_gradient, of_step = (torch.linalg.svdvals(each[0].flatten(1)) for each in (gradients, steps))
    assert of_gradient.max() / of_gradient.min() > 10
    assert of_step.max() / of_step.min() < 2
    assert steps[0].pow(2).mean().sqrt() == pytest.approx(0.01, rel=0.2)
    # The others' steps are AdamW's: the first is the learning rate against the sign of the gradient.
    seen = gradients[2].abs() > 1e-4
    torch.testing.assert_close(steps[2][seen], -0.01 * gradients[2][seen].sign(), rtol=0.01, atol=0)


@pytest.mark.parametrize(("products", "error"), [(torch.float32, 1e-4), (torch.bfloat16, 0.05)])
@pytest.mark.parametrize("shape", [(2, 8, 30), (1, 30, 8), (3, 8, 8)])
def test_even_keeps_singular_vectors_and_makes_their_values_alike(shape, products, error):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    left, values, right = torch.linalg.svd(matrices, full_matrices=False)
    evened = orthogonalize(matrices.to(products))
    assert evened.dtype is products
    inner = left.mT @ evened.float() @ right.mT
    found = inner.diagonal(dim1=1, dim2=2)
    assert (inner - torch.diag_embed(found)).abs().max() < error
    large = found[values > 0.05 * values.norm(dim=1, keepdim=True)]
    assert large.min() > 0.6
    assert found.max() < 1.3


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
def test_the_moving_average_follows_its_definition(decay):
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = moving_average(model, decay)
    expected = None
    for n in range(12):
        with torch.no_grad():
            for p in model.parameters():
                p.add_(float(n))
            model[1].running_mean.fill_(float(n))
        average.update_parameters(model)
        now = model[0].weight.detach().clone()
        d = min(decay, (1 + n) / (10 + n))
        expected = now if expected is None else d * expected + (1 - d) * now
    torch.testing.assert_close(average.module[0].weight.detach(), expected)
    assert 0 < average.module[1].running_mean[0] <= 11


def batch():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(6, 3, 8, 8, generator=generator), torch.arange(6) % 4


def test_no_mixing_by_default():
    images, target = batch()
    mixed = mix(images, target, TrainingConfig(), 1)
    assert mixed.images is images
    assert mixed.share == 1.0


def test_mixup_is_a_weighted_mean_of_two_images_and_their_losses():
    images, target = batch()
    mixed = mix(images, target, TrainingConfig(mixup=1.0), 3)
    partner = (mixed.images - images * mixed.share) / (1 - mixed.share)
    for row, own in zip(partner, mixed.partner, strict=True):
        distances = (images - row).abs().amax(dim=(1, 2, 3))
        assert distances.min() < 1e-4
        assert target[distances.argmin()] == own
    logits = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    expected = mixed.share * cross_entropy(logits, target) + (1 - mixed.share) * cross_entropy(logits, mixed.partner)
    torch.testing.assert_close(mixed.loss(cross_entropy, logits), expected)


def test_cutmix_shares_by_area():
    images, target = batch()
    mixed = mix(images, target, TrainingConfig(cutmix=1.0), 5)
    kept = (mixed.images == images).all(dim=1).float().mean(dim=(1, 2))
    for share in kept.tolist():
        assert share == pytest.approx(mixed.share) or share == 1.0  # an image may be its own partner
    assert mixed.share not in (0.0, 1.0)


def test_mixing_depends_on_the_step_alone():
    images, target = batch()
    config = TrainingConfig(mixup=0.4, cutmix=1.0)
    first, again, other = (mix(images, target, config, step).images for step in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
