"""The training loop.

Every random choice derives from (seed, epoch or step, sample id), and ``checkpoints/last.safetensors`` is written whole
at the end of each epoch. So a run that is killed anywhere and resumed goes through the same numbers as one that is not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.tensorboard import SummaryWriter

from pixelproof.config import TrainingConfig
from pixelproof.data.loading import TrainingBatches, TrainingImages
from pixelproof.errors import Diverged
from pixelproof.models import PixelModel, fold_for_training
from pixelproof.models.preprocessing import as_unit
from pixelproof.plugins import PREFIX
from pixelproof.progress import Step, bar
from pixelproof.randomness import derive
from pixelproof.runs import Run
from pixelproof.runs.metrics_log import Row
from pixelproof.training.checkpoints import Progress, load_state, save_state, save_weights
from pixelproof.training.device import autocast, compiled, dtype_of_products, is_on, pick_device, tune
from pixelproof.training.losses import Loss
from pixelproof.training.mixup import Mixed, mix
from pixelproof.training.optimization import make_optimizer, moving_average, set_learning_rates
from pixelproof.training.parallel import ALONE, Parallel
from pixelproof.training.plugins import PluginAugmentation

Score = Callable[[PixelModel], tuple[float, float]]
"""How good a model is on images it was not trained on, higher is better, and its loss there, which is only logged."""
CHECK_EVERY = 20
"""Batches between two checks of the loss; a loss that is not finite ends training there, before any checkpoint."""


class Trainer:
    """Finds the weights of one run.

    Args:
        model: The network; its ``preprocessing`` turns uint8 images into its input.
        images: The training images.
        losses: Gives the loss of each epoch, (logits, target) -> scalar.
        run: The folder that takes checkpoints and the log.
        parallel: The processes that share each batch.
        augmentation: That of a package, where there is one.
    """

    def __init__(
        self,
        model: PixelModel,
        images: TrainingImages,
        losses: Callable[[int], Loss],
        run: Run,
        parallel: Parallel = ALONE,
        augmentation: PluginAugmentation | None = None,
    ) -> None:
        self.config: TrainingConfig = images.config.training
        self.device = pick_device(self.config.device)
        tune(self.device, self.config.precision)
        channels_last = is_on(self.config.channels_last, self.device)
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.model = model.to(self.device)
        self.model.to(memory_format=self.layout)  # type: ignore[call-overload]
        # The same weights in another form: folded, and compiled.
        self.network = fold_for_training(self.model) if self.config.fold else self.model
        self.forward = compiled(self.network, self.config.compile, self.device)
        self.images = images
        images.place(self.device)
        self.batches = TrainingBatches(images, parallel.part)
        self.losses = losses
        self.run = run
        self.parallel = parallel
        self.augmentation = augmentation
        products = dtype_of_products(self.device, self.config.precision)
        self.optimizer = make_optimizer(model, self.config, products)
        self.average: AveragedModel | None = None
        if self.config.ema:
            self.average = moving_average(model, self.config.ema)
        self.progress = Progress()

    @property
    def result(self) -> PixelModel:
        """The model to score and keep: the moving average of the weights where there is one."""
        return cast(PixelModel, self.average.module) if self.average is not None else self.model

    @property
    def _modules(self) -> dict[str, nn.Module]:
        return {"model": self.model} | ({"average": self.average} if self.average is not None else {})

    def resume(self) -> None:
        """Go on from the last checkpoint."""
        self.progress = load_state(self.run.last, self._modules, self.optimizer)
        if self.parallel.is_main:
            self.run.metrics.keep(self.progress.epoch)

    def fit(self, score: Score | None) -> Progress:
        """Train until nothing is left to do, keeping the best checkpoint by ``score``, or the last one without it."""
        per_epoch = len(self.batches)
        total, done = self.config.epochs * per_epoch, self.progress.epoch * per_epoch
        with self._board(score is not None) as board, bar(f"train {self.run.name}", total, "batches", done) as step:
            while not self.progress.is_over(self.config, score is not None):
                self.parallel.broadcast(self.model)  # devices may differ in the last bit, and must not drift apart
                start = time.monotonic()
                loss = self._epoch(self.progress.epoch, step)
                seconds = time.monotonic() - start
                if not all(tensor.isfinite().all() for tensor in self.model.state_dict().values()):
                    raise self._diverged("a weight")
                value, loss_there = score(self.result) if score is not None else (None, None)
                self.progress.epoch += 1
                self.progress.seconds += time.monotonic() - start
                row: Row = {
                    "epoch": self.progress.epoch,
                    "loss": loss,
                    "lr": self.optimizer.param_groups[0]["lr"],  # the head's
                    "score": value,
                    "images_per_second": per_epoch * self.batches.size / seconds,
                    "seconds": self.progress.seconds,
                    "selection_loss": loss_there,
                }
                # Before the checkpoint: a resumed run drops rows after its checkpoint, but could not add a lost one.
                self._log(row, board)
                self._keep(value)
        return self.progress

    def _board(self, scored: bool) -> SummaryWriter | nullcontext[None]:
        # Where nothing is left to do, it would leave a file without an epoch.
        if not self.parallel.is_main or self.progress.is_over(self.config, scored):
            return nullcontext()
        return SummaryWriter(str(self.run.path / "tensorboard"), purge_step=self.progress.epoch + 1)

    def _epoch(self, epoch: int, report: Step) -> float:
        """Go once through the training images and return the mean loss."""
        self._learn(frozen=epoch < self.config.freeze)
        # Dropout draws from torch's global generator; this makes it a function of the seed and the epoch as well.
        torch.manual_seed(derive(self.config.seed, "epoch", epoch))
        per_epoch = len(self.batches)
        loss, shown, losses = self.losses(epoch), 0.0, []
        for number, (images, stored) in enumerate(self.batches.epoch(epoch), start=1):
            # In the middle of what is stepped at once: at its end the last step of all would have a rate of 0.
            first = (number - 1) // self.config.accumulate * self.config.accumulate
            done = epoch + (first + self._together(number) / 2) / per_epoch
            lr = set_learning_rates(self.optimizer, self.config, done)
            batch = self._mixed(images, self.images.target(stored), epoch * per_epoch + number)
            losses.append(self._backward(loss, batch, self._together(number)))
            if number % self.config.accumulate == 0 or number == per_epoch:
                self._step()
            # Reading a number from a GPU waits until it has caught up, so it is done now and then.
            if number % CHECK_EVERY == 1 or number == per_epoch:
                *_, shown = self._finite(losses[-CHECK_EVERY:])
            best = {} if self.progress.best_score is None else {"best": self.progress.best_score}
            report(1, epoch=f"{epoch + 1}/{self.config.epochs}", loss=shown, **best, lr=lr)
        return sum(self._finite(losses)) / len(losses)

    def _learn(self, frozen: bool) -> None:
        """Put the network into training mode; of one whose backbone is frozen the head alone.

        Weights that take no gradient are neither moved nor decayed, and no gradient goes through them for nothing.
        """
        self.model.train(not frozen)
        for part in self.model.head_parts:
            self.model.get_submodule(part).train()
        for weight in self.model.backbone():
            weight.requires_grad_(not frozen)

    def _mixed(self, images: Tensor, target: Tensor, number: int) -> Mixed:
        """Return the whole batch of stored images, uint8 [N, C, H, W], as input, mixed where the settings ask so."""
        values = as_unit(self.parallel.gather(images.to(self.device, non_blocking=True)))
        target = self.parallel.gather(target)
        if self.augmentation is not None:
            values, target = self.augmentation(values, target, number)
        inputs = self.model.preprocessing.normalised(values)
        return mix(inputs.contiguous(memory_format=self.layout), target, self.config, number)

    def _together(self, number: int) -> int:
        """Return how many batches share a step with batch ``number``, counted from 1: an epoch may end with fewer."""
        done = (number - 1) // self.config.accumulate * self.config.accumulate
        return min(self.config.accumulate, len(self.batches) - done)

    def _backward(self, loss: Loss, batch: Mixed, together: int) -> Tensor:
        """Add one batch's part of the gradients and return its loss, still on the device."""
        own = batch.images[self.parallel.part(len(batch.images))]
        with autocast(self.device, self.config.precision):
            with self.parallel.whole_batch_layers(len(own)):
                logits = self.forward(own).logits
            value = batch.loss(loss, self.parallel.gather(logits))
        (value / together).backward()  # type: ignore[no-untyped-call]
        return value.detach()

    def _finite(self, losses: list[Tensor]) -> list[float]:
        """Return the values of losses that are still on the device, all of them finite."""
        values: list[float] = torch.stack(losses).tolist()
        if not all(map(math.isfinite, values)):
            raise self._diverged("the loss")
        return values

    def _step(self) -> None:
        self.parallel.sum_gradients(self.model.parameters())
        if self.config.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.progress.step += 1
        if self.average is not None:
            self.average.update_parameters(self.model)

    def _diverged(self, what: str) -> Diverged:
        kept = "; the checkpoints of earlier epochs are kept" if self.progress.epoch else ""
        named = (*sorted(self.config.losses), self.images.config.augment.augmentation or "")
        if own := [name for name in named if name.startswith(PREFIX)]:
            kept = f", or see whether {' or '.join(own)} gives numbers that are not finite{kept}"
        return Diverged(
            f"{what} became infinite or undefined in epoch {self.progress.epoch + 1} of {self.run.path}",
            f"lower --set lr=... or raise --set warmup=...{kept}",
        )

    def _log(self, row: Row, board: SummaryWriter | None) -> None:
        if board is None:
            return
        self.run.metrics.append(row)
        for name, number in row.items():
            if number is not None and name != "epoch":
                board.add_scalar(name, number, self.progress.epoch)

    def _keep(self, score: float | None) -> None:
        """Write the checkpoints of this epoch."""
        if self.progress.is_best(score) and self.parallel.is_main:
            save_weights(self.run.best, self.result)
        if self.parallel.is_main:
            save_state(self.run.last, self.progress, self._modules, self.optimizer)
