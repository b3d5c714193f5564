import numpy as np
import pytest
import torch
import torch.nn.functional as F

from pixelproof.config import TrainingConfig
from pixelproof.config.names import LOSSES
from pixelproof.data.loading import IGNORE
from pixelproof.training.losses import corrected, cross_entropy, dice, focal, lovasz_softmax, make_loss

ALL = (cross_entropy, focal, dice, lovasz_softmax)


def case(seed=0, classes=4, ignored=0.2):
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(size=(2, classes, 5, 6)), requires_grad=True)
    target = torch.tensor(rng.integers(0, classes, (2, 5, 6)))
    target[torch.tensor(rng.random((2, 5, 6)) < ignored)] = IGNORE
    return logits, target


def pixels(logits, target):
    """The pixels that count, one at a time, as (probabilities, class)."""
    chances = logits.softmax(1)
    for n, y, x in (target != IGNORE).nonzero().tolist():
        yield chances[n, :, y, x], int(target[n, y, x])


def test_cross_entropy_and_focal_equal_a_loop_over_pixels():
    logits, target = case()
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    total, focused, scale = 0.0, 0.0, 0.0
    for chances, k in pixels(logits, target):
        total += weights[k] * -chances[k].log()
        focused += weights[k] * (1 - chances[k]) ** 2 * -chances[k].log()
        scale += weights[k]
    torch.testing.assert_close(cross_entropy(logits, target, weights), total / scale)
    torch.testing.assert_close(focal(logits, target, weights), focused / scale)


def test_dice_equals_its_definition():
    logits, target = case()
    both, sums = torch.zeros(4), torch.zeros(4)
    for chances, k in pixels(logits.float(), target):
        both[k] += chances[k].detach()
        sums += chances.detach()
        sums[k] += 1
    torch.testing.assert_close(dice(logits, target).float(), 1 - (2 * both / sums).mean())


def test_lovasz_of_hard_predictions_is_one_minus_mean_iou():
    rng = np.random.default_rng(1)
    target = torch.tensor(rng.integers(0, 3, (2, 8, 8)))
    guess = torch.tensor(rng.integers(0, 3, (2, 8, 8)))
    logits = F.one_hot(guess, 3).movedim(-1, 1) * 1000.0
    ious = [((guess == k) & (target == k)).sum() / ((guess == k) | (target == k)).sum() for k in range(3)]
    torch.testing.assert_close(lovasz_softmax(logits, target), 1 - torch.stack(ious).mean())


@pytest.mark.parametrize("loss", ALL)
def test_ignored_pixels_have_no_say(loss):
    logits, target = case(ignored=0.4)
    loss(logits, target).backward()
    ignored = (target == IGNORE)[:, None].expand_as(logits)
    assert (logits.grad[ignored] == 0).all()
    assert (logits.grad[~ignored] != 0).any()
    changed = logits.detach().clone()
    changed[ignored] = 77.0
    torch.testing.assert_close(loss(changed, target), loss(logits.detach(), target))


@pytest.mark.parametrize("loss", ALL)
def test_a_batch_of_ignored_pixels_costs_nothing(loss):
    logits, target = case()
    value = loss(logits, torch.full_like(target, IGNORE))
    value.backward()
    assert value.item() == 0
    assert (logits.grad == 0).all()


@pytest.mark.parametrize("loss", ALL)
def test_the_right_answer_costs_least(loss):
    _, target = case(ignored=0.0)
    right = F.one_hot(target, 4).movedim(-1, 1) * 20.0
    assert loss(right, target) < 1e-3 < loss(-right, target)


def test_losses_are_summed_as_named():
    logits, target = case()
    together = make_loss(TrainingConfig(loss="cross-entropy+dice"), None)(0)(logits, target)
    torch.testing.assert_close(together, cross_entropy(logits, target) + dice(logits, target))


def test_every_loss_that_settings_name_is_there():
    logits, target = case()
    for name, loss in zip(LOSSES, ALL, strict=True):
        torch.testing.assert_close(make_loss(TrainingConfig(loss=name), None)(0)(logits, target), loss(logits, target))


def test_the_finish_takes_over_where_it_is_told_to():
    logits, target = case()
    for finish_from, epochs in ((0.8, [8, 9]), (1.0, []), (0.0, range(10))):
        losses = make_loss(TrainingConfig(epochs=10, finish="lovasz", finish_from=finish_from), None)
        for epoch in range(10):
            expected = lovasz_softmax if epoch in epochs else cross_entropy
            torch.testing.assert_close(losses(epoch)(logits, target), expected(logits, target))


@pytest.mark.parametrize("seed", range(3))
def test_lovasz_equals_the_paper_s_algorithm_class_by_class(seed):
    logits, target = case(seed)
    target[target == 2] = IGNORE  # a class that is absent
    seen = list(pixels(logits, target))
    losses = []
    for k in sorted({label for _, label in seen}):
        errors = [1 - p[k].item() if label == k else p[k].item() for p, label in seen]
        order = sorted(range(len(seen)), key=lambda i: -errors[i])
        positives = sum(label == k for _, label in seen)
        total, before, hits = 0.0, 0.0, 0
        for rank, i in enumerate(order, start=1):
            hits += seen[i][1] == k
            jaccard = 1 - (positives - hits) / (positives + rank - hits)
            total += errors[i] * (jaccard - before)
            before = jaccard
        losses.append(total)
    assert lovasz_softmax(logits.detach(), target).item() == pytest.approx(np.mean(losses), rel=1e-5)


def test_many_pixels_leave_the_gradient_of_lovasz_exact():
    """Each of them changes an IoU by less than float32 tells apart; differences of IoUs were wrong by .2% here."""
    torch.manual_seed(0)
    target = torch.randint(3, (1, 400, 400))
    logits = 2 * F.one_hot(target, 3).movedim(-1, 1) + torch.randn(1, 3, 400, 400)
    (found,) = torch.autograd.grad(lovasz_softmax(logits.requires_grad_(), target), logits)
    double = logits.detach().double().requires_grad_()
    total = 0.0
    for k in range(3):
        errors, order = (double.softmax(dim=1)[:, k] - (target == k).double()).abs().flatten().sort(descending=True)
        hits = (target.flatten() == k)[order].double().cumsum(dim=0)
        iou = (hits[-1] - hits) / (hits[-1] + torch.arange(1, len(hits) + 1) - hits)
        total += (errors * torch.diff(1 - iou, prepend=torch.zeros(1))).sum() / 3
    (exact,) = torch.autograd.grad(total, double)
    assert (found - exact).norm() < 1e-4 * exact.norm()


@pytest.mark.parametrize("shape", [(), (3,)])
def test_what_minimises_a_corrected_loss_is_the_share_of_each_class(shape):
    """And what minimises a weighted one leans to the rare class."""
    shares, weights = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([1.0, 2.0, 3.0])
    target = torch.repeat_interleave(torch.arange(3), (1000 * shares).int()).view(-1, *[1] * len(shape))
    target = target.expand(-1, *shape)
    for loss, expected in (
        (lambda *args: cross_entropy(*args, weights=weights), shares * weights / (shares * weights).sum()),
        (corrected(lambda *args: cross_entropy(*args, weights=weights), weights), shares),
    ):
        logits = torch.zeros(1, 3, *[1] * len(shape), requires_grad=True)
        optimizer = torch.optim.LBFGS([logits], max_iter=100, line_search_fn="strong_wolfe")

        def step(loss=loss, logits=logits, optimizer=optimizer):
            optimizer.zero_grad()
            value = loss(logits.expand(len(target), 3, *shape), target)
            value.backward()
            return value

        optimizer.step(step)
        torch.testing.assert_close(logits.detach().softmax(dim=1).flatten(), expected, rtol=1e-3, atol=1e-3)


def test_class_weights_are_corrected_where_that_is_set_and_a_class_that_never_occurs_is_harmless():
    logits, target = case()
    weights = torch.tensor([1.0, 2.0, 0.0, 3.0], dtype=torch.float64)
    target[target == 2] = IGNORE
    made, plain = (
        make_loss(TrainingConfig(class_weights=how), weights)(0)(logits, target) for how in ("corrected", "auto")
    )
    lean = torch.tensor([0.0, np.log(2), 0.0, np.log(3)])[:, None, None]
    torch.testing.assert_close(made, cross_entropy(logits + lean, target, weights))
    torch.testing.assert_close(plain, cross_entropy(logits, target, weights))


def test_classification_targets_work_too():
    logits, target = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 3, 0, 1])
    torch.testing.assert_close(cross_entropy(logits, target), F.cross_entropy(logits, target))
    assert focal(logits, target) < cross_entropy(logits, target)
