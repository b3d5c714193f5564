"""A run and the data it is applied to: they must share the label contract and the way data was split."""

from __future__ import annotations

from pathlib import Path

from pixelproof.config import run_settings
from pixelproof.data import DataFolder, Sample, open_data
from pixelproof.data.decoded import read_sample
from pixelproof.data.reader import ImageReader
from pixelproof.data.splits import divide, limited
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.labels_file import LABELS_FILE
from pixelproof.runs.proof_images import ProofImage
from pixelproof.schema import nearest


def data_for(run: Run, data: Path) -> DataFolder:
    """Open a data set for a run.

    Raises:
        UserError: It has other labels than the run.
    """
    folder = open_data(data)
    if folder.scheme.hash != run.labels().hash:
        raise UserError(
            f"{data} has other labels than the run in {run.path} was trained on",
            f"use data of the same classes, or copy {run.path / LABELS_FILE} into it if they mean the same",
        )
    return folder


def samples_for(run: Run, data: Path, split: str) -> tuple[Sample, ...]:
    """Return the samples of a split of ``data``, as the run split it.

    Raises:
        UserError: The data has other labels than the run, or no such split.
    """
    config = run_settings(run).data
    parts = divide(data_for(run, data), config)
    if split not in parts:
        raise UserError(f"{data} has no split '{split}'", nearest(split, list(parts)))
    if not parts[split]:
        raise UserError(f"the split '{split}' of {data} is empty", "choose another --split")
    samples = limited(parts, config)[split]
    if len(samples) < len(parts[split]):
        used = f"only {len(samples)} of its {len(parts[split])} images are used"
        why = "train_limit" if split == "train" and config.train_limit == len(samples) else "limit"
        say(f"note: {split}: {used}, because the run was trained with {why}={getattr(config, why)}")
    return samples


def proof_image(sample: Sample, scheme: LabelScheme, reader: ImageReader) -> ProofImage:
    """Return a sample's pixels and truth.

    Raises:
        UserError: The image or mask cannot be read, or they are of different sizes.
    """
    image, mask = read_sample(sample, scheme, reader)
    return ProofImage(sample.id, image, sample.label if mask is None else mask)
