"""``ensemble``: several runs as one, whose answers are the mean of theirs."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pixelproof.config import DataConfig, ModelConfig, RunConfig, Task, run_settings
from pixelproof.config.model import LOOKS
from pixelproof.data import DataFolder, arrange, open_data
from pixelproof.data.known import keep_learned
from pixelproof.errors import UserError
from pixelproof.labels import difference
from pixelproof.models.ensemble import ENSEMBLE, Ensemble
from pixelproof.numbers import first_of
from pixelproof.prediction.predictor import trained_network
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.atomic import fresh_folder
from pixelproof.runs.calibration_file import fitted_temperature
from pixelproof.runs.facts import MemberFacts
from pixelproof.runs.files import AnyPath, Paths, as_paths, file_digest
from pixelproof.runs.folder import require_free
from pixelproof.runs.learned import LEARNED
from pixelproof.runs.locks import alone_in
from pixelproof.runs.metric_names import told
from pixelproof.runs.replacing import note_lost_rule, place_of_replaced
from pixelproof.schema import Strict
from pixelproof.training.checkpoints import save_weights
from pixelproof.training.origin import began_on, made_with
from pixelproof.training.parallel import ALONE
from pixelproof.verbs.finish import describe_network, finish, keep_proof_images
from pixelproof.verbs.fit import selection_score

SEEN = ("input_size", "bands", "stretch", "dtype", "mean", "std")
"""Settings of a model that say what it sees of an image."""


def ensemble_runs(runs: Paths, out: AnyPath, data: AnyPath, *, device: str = "auto", overwrite: bool = False) -> Run:
    """Make one run of several, whose probabilities are the mean of theirs, and return it.

    Args:
        runs: The run folders, two or more, which learned from the same images. Their weights are copied.
        out: The run folder to make.
        data: The labelled images that they learned from; on the selection part the temperature is fitted.
        device: Where to compute.
        overwrite: Replace the run in ``out``.

    Raises:
        UserError: The runs do not fit each other or the data, or ``out`` is taken.
    """
    members = [Run.open(path) for path in as_paths(runs)]
    looks = run_settings(members[0]).model.looks
    if other := next((run for run in members if run_settings(run).model.looks != looks), None):
        say(f"note: the ensemble looks at images as {members[0].path} does, and not as {other.path}")
    return ensemble(members, open_data(Path(data)), Path(out), looks, device, overwrite)


def ensemble(
    members: Sequence[Run], data: DataFolder, out: Path, looks: dict[str, Any], device: str, overwrite: bool = False
) -> Run:
    """Write the run that consists of others, whole or not at all, and return it.

    Args:
        members: The others, two or more.
        data: The labelled images that they learned from.
        out: The run folder.
        looks: How it looks at images: ``tta`` and ``tta_scales``.
        device: Where to compute.
        overwrite: Replace the run in ``out``.

    Raises:
        UserError: The runs do not fit each other or the data, or ``out`` is taken.
    """
    _check(members, out)
    learned = {str(run.path): (run_settings(run), run.facts().data.fingerprint) for run in members}
    config = joint_settings(learned, looks)
    config = config.changed("training", device=device)
    facts = made_with(config, data, arrange(data, config.data))
    for run in members:
        began_on(run, data, facts["data"]["fingerprint"])
    with alone_in(Run(out).last.parent):  # what another process trains is not replaced
        require_free(out, data.scheme, overwrite)
    network = Ensemble([trained_network(run) for run in members])
    for place, run in enumerate(members):
        network.temperatures[place] = fitted_temperature(run.calibration)
    facts |= {"members": [_member(run).model_dump() for run in members], "finished": True}
    replaced = out.with_name(f".{out.stem}.{os.getpid()}.replaced.part")
    with fresh_folder(out) as folder:
        _write(Run(folder), network, config, data, facts)
        keep_learned(Run(folder), config, arrange(data, config.data), members, Run(out).name)
        with alone_in(Run(out).last.parent):
            require_free(out, data.scheme, overwrite)
            if out.exists():
                note_lost_rule(out)
                out.rename(replaced)
    for earlier in (replaced, place_of_replaced(out)):
        shutil.rmtree(earlier, ignore_errors=True)
    run = Run(out)
    if (reached := run.facts().best_score) is not None:
        say(f"{run.name}: {_compared(reached, run.facts().members, data.task)}")
    return run


def _write(run: Run, network: Ensemble, config: RunConfig, data: DataFolder, facts: dict[str, Any]) -> None:
    """Write the run of an ensemble."""
    parts = arrange(data, config.data)
    Run.create(run.path, config.model_dump(mode="json"), data.scheme, facts)
    save_weights(run.best, network)
    describe_network(run, config, network.num_classes)
    keep_proof_images(run, config, data, parts)
    if (figure := selection_score(data, config, parts["selection"], ALONE)) is not None:
        reached, _ = figure(network)
        run.note({"best_score": None if math.isnan(reached) else reached})
    finish(run, network, config, data, parts)


def _check(members: Sequence[Run], out: Path) -> None:
    """Refuse runs that are no members of an ensemble, and to put it in the place of one."""
    for run in members:
        if run.path.resolve() in (out.resolve(), *out.resolve().parents):
            raise UserError(f"{out} is the place of one of the members", "choose another --out")
        if not run.facts().finished:
            raise UserError(f"{run.path} is not trained to its end", "go on with 'train --resume', or leave it out")
        if (own := run.labels()).hash != (first := members[0].labels()).hash:
            what = difference(own, first, str(run.path), str(members[0].path))
            problem = f"{run.path} has other labels than {members[0].path}: {what}"
            raise UserError(problem, "give runs of the same classes")
    digests = [file_digest(run.best) for run in members]
    if twice := next((run for run, digest in zip(members, digests, strict=True) if digests.count(digest) > 1), None):
        raise UserError(f"two members have the weights of {twice.path}", "give different runs")


def joint_settings(learned: Mapping[str, tuple[RunConfig, Mapping[str, str]]], looks: dict[str, Any]) -> RunConfig:
    """Return the settings of a run that consists of others; what it has no word on, training, is that of the first.

    Args:
        learned: The settled settings of the others and the fingerprints of their parts of the data, by what they are
            called.
        looks: How it looks at images: ``tta`` and ``tta_scales``.

    Raises:
        UserError: There are fewer than two, one is an ensemble, or they differ in what they see or learned from.
    """
    if len(learned) < 2:
        raise UserError("an ensemble consists of two different runs or more", "name further ones")
    for each, (config, _) in learned.items():
        if config.model.members:
            raise UserError(f"{each} is an ensemble itself", "name the runs that it was made of")
    (name, (first, images)), *others = learned.items()
    for other, (config, theirs) in others:
        if differing := _differing(first.model, config.model, SEEN):
            problem = f"{other} sees images otherwise than {name}, by {first_of(differing, 9)}"
            raise UserError(problem, "name runs with the same settings there")
        # One may have learned from what another was chosen by, and no image would be left to ask them all about.
        if any(theirs.get(part) != images.get(part) for part in LEARNED):
            differing = _differing(first.data, config.handled_as(first).data, DataConfig.model_fields)
            by = f", by {first_of(differing, 9)}" if differing else ""
            problem = f"{other} learned from other images or labels than {name}, or was chosen by others{by}"
            raise UserError(problem, "name runs of the same images and labels in the same division")
    members = tuple(_network(config.model) for config, _ in learned.values())
    seen = {setting: getattr(first.model, setting) for setting in SEEN}
    # Of several networks nothing is chosen, and what they reach is told as of others.
    joint = first.changed("training", choose_by="score")
    return joint.model_copy(update={"model": ModelConfig(name=ENSEMBLE, members=members, **seen, **looks)})


def _network(model: ModelConfig) -> ModelConfig:
    """Return a network by itself, without what it began from and how it looks at images."""
    return ModelConfig(**model.without_weights().model_dump(exclude=set(LOOKS)))


def _differing(mine: Strict, theirs: Strict, names: Iterable[str]) -> list[str]:
    """Return the settings of these names in which two sections differ."""
    return [name for name in names if getattr(mine, name) != getattr(theirs, name)]


def _compared(reached: float, members: Sequence[MemberFacts], task: Task) -> str:
    """Say what an ensemble reaches where its members' weights were chosen, and what each of these does alone."""
    figure = "accuracy" if task == "classification" else "mIoU"
    said = f"{figure} {told(figure, reached, 4)} on the selection part, asked once"
    if any(member.chosen_by != figure for member in members):
        return said
    alone = (f"{told(figure, member.best_score, 4)} {member.run}" for member in members)
    return f"{said}; its members alone: {', '.join(alone)}"


def _member(run: Run) -> MemberFacts:
    """Return what is kept of a run that has become a part of another."""
    config, facts = run_settings(run), run.facts()
    return MemberFacts(
        run=run.name,
        model=config.model.name,
        seed=config.training.seed,
        best_score=facts.best_score,
        chosen_by=config.chosen_by,
        seconds=facts.seconds,
        weights=file_digest(run.best),
    )
