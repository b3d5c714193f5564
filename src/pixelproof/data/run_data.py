"""A run and the data it is applied to: they must share the label contract and the way data was split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pixelproof.config import run_settings
from pixelproof.data import DataFolder, Parts, Sample, arrange, fingerprint, open_data
from pixelproof.data.decoded import read_sample
from pixelproof.data.grouping import grouped
from pixelproof.data.known import known_images
from pixelproof.data.reader import ImageReader
from pixelproof.data.splits import divide, limited
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme, difference
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.labels_file import LABELS_FILE
from pixelproof.runs.learned import LEARNED
from pixelproof.runs.proof_images import ProofImage

ALL = "all"
"""Stands for all splits of a data set."""


def data_for(run: Run, data: Path) -> DataFolder:
    """Open a data set for a run: images grouped as the run's were, none left out nor corrected if it did not do so.

    Raises:
        UserError: It has other labels than the run.
    """
    folder = open_data(data)
    own = run.labels()
    if folder.scheme.hash != own.hash:
        what = difference(folder.scheme, own, "the data", "the run")
        fix = "use data of the same classes"
        if folder.scheme.task == own.task:
            fix += f", or copy {run.path / LABELS_FILE} into it if they mean the same"
        raise UserError(f"{data} has other labels than the run in {run.path} was trained on: {what}", fix)
    settings = run_settings(run).data
    if settings.corrections == "none":
        folder = folder.as_given
    if settings.leave_out == "none":
        folder = replace(folder, splits=folder.whole, left_out=())
    return replace(folder, splits=grouped(folder.splits, settings.groups))


def samples_for(run: Run, data: Path, split: str) -> tuple[Sample, ...]:
    """Return the samples of a split of ``data``.

    What the data brings is taken as it is. Parts are set aside in the data the run learned from alone, as it did.

    Args:
        run: The run.
        data: The folder of labelled images.
        split: The split; ``ALL`` is every image of every split.

    Raises:
        UserError: The data has other labels than the run, or no such split.
    """
    folder, config = data_for(run, data), run_settings(run).data
    if split == ALL:
        return all_samples(folder)
    own = (split == "train" or split not in folder.splits) and _learned_from(run, folder)
    parts = divide(folder, config) if own else folder.splits
    if split not in parts:
        why = "" if own else f", and none is set aside, because {run.path} did not learn from it"
        raise UserError(f"{data} has no split '{split}'{why}", f"known are {', '.join(sorted([*parts, ALL]))}")
    if not parts[split]:
        raise UserError(f"the split '{split}' of {data} is empty", "choose another --split")
    samples = limited(parts, config)[split]
    if len(samples) < len(parts[split]):
        used = f"only {len(samples)} of its {len(parts[split])} images are used"
        why = "limit" if split != "train" or config.train_limit is None else "train_limit"
        say(f"note: {split}: {used}, because the run was trained with {why}={getattr(config, why)}")
    return samples


def learned_from_some(run: Run, data: Path, split: str) -> bool:
    """Return whether a run has learned from some of the images that ``ALL`` stands for."""
    return split == ALL and _learned_from(run, data_for(run, data))


def all_samples(folder: DataFolder) -> tuple[Sample, ...]:
    """Return every image; where splits may share names, each begins with that of its split."""
    if len(folder.splits) == 1:
        return next(iter(folder.splits.values()))
    named = folder.splits.items()
    return tuple(replace(sample, id=f"{split}/{sample.id}") for split, samples in named for sample in samples)


def _learned_from(run: Run, folder: DataFolder) -> bool:
    """Return whether a run learned from the very images that it would learn from in a data set."""
    try:
        parts = arrange(folder, run_settings(run).data)
    except UserError:  # nothing can be learned from it
        return False
    if run.facts().data.fingerprint.get("train") == fingerprint(parts["train"]):
        return True
    return _list_has_changed(run, folder, parts)


def _list_has_changed(run: Run, folder: DataFolder, parts: Parts) -> bool:
    """Return whether the parts are those that a run learned from but for what lists left out or corrected, then or now.

    All images are in the part that they were in, so that what is set aside is still what the run has not learned from.
    """
    facts, learned = run.facts().data, [sample for name in LEARNED for sample in parts[name]]
    then, now = sum(facts.left_out.values()), len(folder.left_out)
    corrected = bool(facts.corrected) or any(sample.corrected for sample in learned)
    if not (then or now or corrected) or (known := known_images(run, learned)) is None or known.runs:
        return False
    unknown = len(learned) - known.images
    # With a limit, others have come in the place of those that are left out.
    return known.images > unknown and unknown <= then + now


def proof_image(sample: Sample, scheme: LabelScheme, reader: ImageReader) -> ProofImage:
    """Return a sample's pixels and truth.

    Raises:
        UserError: The image or mask cannot be read, or they are of different sizes.
    """
    image, mask = read_sample(sample, scheme, reader)
    return ProofImage(sample.id, image, sample.label if mask is None else mask)
