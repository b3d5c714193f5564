"""The runs of a study that learn from fewer images: how long they learn, and what all of them show."""

from __future__ import annotations

from collections.abc import Sequence

from pixelproof.config import RunConfig
from pixelproof.data import DataFolder, arrange
from pixelproof.errors import UserError
from pixelproof.runs.sizes_file import Equal
from pixelproof.study.job import Job
from pixelproof.study.replicates import Replicate


def with_all(jobs: Sequence[Job], model: str, own: Replicate) -> Job:
    """Return the job of a model that learns from all images, with the seed and in the fold of another one of it."""
    place = (own.seed, own.fold)
    whole = (job for job in jobs if job.model == model and job.replicate.size is None)
    return next(job for job in whole if (job.replicate.seed, job.replicate.fold) == place)


def sized(config: RunConfig, data: DataFolder, equal: Equal, whole: Job) -> RunConfig:
    """Return the settings of a run that learns from fewer images, as long as the one that learns from all.

    With equal steps, all that is counted in epochs is stretched: one of fewer images has fewer batches.

    Args:
        config: Its settings, with all that is counted in epochs as of the other.
        data: The data.
        equal: What both have equally many of.
        whole: The other.

    Raises:
        UserError: These are as many images as there are.
    """
    images, all_of_them = len(arrange(data, config.data)["train"]), len(whole.parts["train"])
    if images >= all_of_them:
        problem = f"{whole.name}: 'train_sizes' has {config.data.train_limit}, and there are {all_of_them:,} images"
        raise UserError(problem, "give sizes below that; all images are learned from in any case")
    if equal == "epochs":
        return config
    training = config.training
    longer = _batches(all_of_them, training.batch_size) / _batches(images, training.batch_size)
    return config.changed(
        "training",
        epochs=round(longer * training.epochs),
        warmup=longer * training.warmup,
        freeze=round(longer * training.freeze),
        patience=None if training.patience is None else round(longer * training.patience),
    )


def _batches(images: int, size: int) -> int:
    """Return how many batches an epoch has; what fills no batch is left out."""
    return images // min(size, images)


def by_size(jobs: Sequence[Job], model: str) -> list[list[Job]]:
    """Return the jobs of a model by how many images they learn from, the fewest first and all of them last."""
    own = [job for job in jobs if job.model == model]
    sizes = dict.fromkeys(job.replicate.size for job in own)
    return sorted(([job for job in own if job.replicate.size == size] for size in sizes), key=learned_from)


def learned_from(jobs: Sequence[Job]) -> int:
    """Return from how many images jobs learn, on average over folds."""
    # Halves go up: round() takes 1.5 and 2.5 to the same number, and sizes differ.
    return int(sum(len(job.parts["train"]) for job in jobs) / len(jobs) + 0.5)
