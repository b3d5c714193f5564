"""How a model was made: what a reader needs to make it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pixelproof.config import RunConfig, TrainingConfig
from pixelproof.numbers import UNDEFINED, count, counted, duration, magnitude, room, share
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.model_artefacts import ModelArtefacts
from pixelproof.runs.corrections_file import FILE as CORRECTIONS
from pixelproof.runs.corrections_file import changes_in_words
from pixelproof.runs.facts import DataFacts, Environment, MemberFacts
from pixelproof.runs.left_out_file import FILE, in_words
from pixelproof.runs.metric_names import told
from pixelproof.runs.plain import to_yaml
from pixelproof.runs.study_file import ImageCounts


@dataclass(frozen=True)
class Fact:
    """One line of a list of facts."""

    label: str
    value: str


def made(model: ModelArtefacts, images: ImageCounts) -> list[Fact]:
    """Return how one model was made."""
    known, fingerprints = model.environment, model.environment.data.fingerprint
    versions = [f"Python {known.python}"] if known.python else []
    versions += [f"{name} {version}" for name, version in known.packages.items()]
    together = f"{known.processes} processes" if known.processes > 1 else ""
    corrected = [("Corrected labels", _corrected(known.data, model.config))] if known.data.corrected else []
    left_out = [("Left out of the data", _left_out(known.data))] if known.data.left_out else []
    facts = [
        ("Command", known.command),
        ("Commit", known.commit),
        ("Versions", ", ".join(versions)),
        ("Device", ", ".join(word for word in (known.device, together, known.platform) if word)),
        ("Processor", _processor(known)),
        ("Seed", _seed(model)),
        ("Data fingerprints", ", ".join(f"{part} {digest}" for part, digest in fingerprints.items())),
        *left_out,
        *corrected,
        ("Images read as", _reading(model.config)),
        ("Selection rule", selection_rule(model, images)),
        ("Training", _training(model)),
        ("Wall time", _wall_time(known)),
    ]
    return [Fact(label, value if value else UNDEFINED) for label, value in facts]


def training_time(parts: Iterable[PartArtefacts]) -> str:
    """Say how long all runs of a study were trained; empty of a single one, which says it itself, or where none is."""
    spent = [seconds for part in parts for model in part.models for seconds in model.seconds]
    known = [seconds for seconds in spent if seconds is not None]
    if len(spent) < 2 or not known:
        return ""
    runs = f"all {len(spent)} runs" if len(known) == len(spent) else f"{len(known)} of {len(spent)} runs"
    return f"The training times of {runs} add up to {duration(sum(known))}."


def _corrected(data: DataFacts, config: RunConfig | None) -> str:
    of_masks = config is not None and config.task == "segmentation"
    what = counted(sum(data.corrected.values()), "region" if of_masks else "label")
    return f"{what}, as {CORRECTIONS} says: {changes_in_words(data.corrected)}"


def _left_out(data: DataFacts) -> str:
    return f"{counted(sum(data.left_out.values()), 'image')}, as {FILE} says: {in_words(data.left_out)}"


def _processor(known: Environment) -> str:
    cpus = "" if known.cpus is None else counted(known.cpus, "CPU")
    memory = "" if known.memory is None else f"{room(known.memory)} of memory"
    return ", ".join(filter(None, (known.processor, cpus, memory))) if known.processor else ""


def wall_seconds(known: Environment) -> float | None:
    """Return how long training took, of an ensemble that of all members together."""
    spent = [member.seconds for member in known.members]
    return sum(filter(None, spent)) if spent and None not in spent else known.seconds


def _wall_time(known: Environment) -> str:
    together = known.members and None not in [member.seconds for member in known.members]
    return duration(wall_seconds(known)) + (" for all members" if together else "")


def _reading(config: RunConfig | None) -> str:
    return "" if config is None else config.model.reading


def settings_text(model: ModelArtefacts) -> str:
    """Return the resolved settings as YAML; empty if unknown."""
    if model.config is None:
        return ""
    none_of_its_own = {"augment", "training"} if model.config.model.members else set()
    return to_yaml(model.config.model_dump(mode="json", exclude=none_of_its_own))


def selection_rule(model: ModelArtefacts, images: ImageCounts) -> str:
    """Say which checkpoint was kept, and on which images it was chosen."""
    if model.config is None:
        return UNDEFINED
    if model.config.model.members:
        return "that of each member; nothing was chosen among ensembles"
    if not model.config.data.selection:
        return "the weights after the last epoch; nothing was chosen"
    metric = model.config.chosen_by
    n = (
        share(model.config.data.selection, 0)
        if images.selection is None
        else f"n = {counted(images.selection, 'image')}"
    )
    text = f"the epoch of best {metric} on a part of train set aside for it ({n}); never on validation"
    best = best_epoch(model)
    if best is None:
        return text
    reached = told(metric, model.environment.best_score, 4)
    return f"{text} (epoch {best}" + (f", {metric} {reached})" if reached != UNDEFINED else ")")


def best_epoch(model: ModelArtefacts) -> int | None:
    """Return the epoch whose weights were kept for their score; None where nothing was chosen or it is unknown."""
    chosen = any(row["score"] is not None for row in model.log)
    return model.environment.best_epoch or None if chosen else None


def network_facts(model: ModelArtefacts) -> list[Fact]:
    """Return the size and reach of a network."""
    known = model.architecture
    if known is None:
        return []
    shape = "×".join(str(side) for side in known.input[-2:])
    at = f" at {shape} px" if shape else ""
    return [
        Fact("Parameters", count(known.parameters)),
        Fact("Multiply-adds", f"{magnitude(known.macs)}{at}"),
        Fact("Receptive field", f"{count(known.receptive_field)} px" if known.receptive_field else "not known"),
        Fact("Stride of the deepest maps", f"{count(known.stride)} px" if known.stride else UNDEFINED),
    ]


def _seed(model: ModelArtefacts) -> str:
    config, members = model.config, model.environment.members
    if config is None:
        return ""
    own = ", ".join(_given(member.seed) for member in members) if members else config.training.seed
    return f"{own} (splits: {config.data.split_seed})"


def _training(model: ModelArtefacts) -> str:
    if model.config is None:
        return UNDEFINED
    if model.config.model.members:
        known = ", ".join(_member(each) for each in model.environment.members)
        return f"none of its own: the mean of the probabilities of {known or 'several networks'}"
    training = model.config.training
    batch = training.batch_size * training.accumulate
    rate = f"learning rate {training.lr:g}"
    return f"{_epochs(model, training)}, batches of {batch}, {training.optimizer}, {rate}, {training.loss}"


def _given(seed: int | None) -> str:
    return UNDEFINED if seed is None else str(seed)


def _member(member: MemberFacts) -> str:
    reached = " ".join(
        filter(None, (member.chosen_by, told(member.chosen_by, member.best_score, 4), "on the selection part"))
    )
    return f"{member.run} ({member.model}, seed {_given(member.seed)}, {reached})"


def _epochs(model: ModelArtefacts, training: TrainingConfig) -> str:
    done = len(model.log)
    if done == training.epochs:
        return counted(done, "epoch")
    ended = model.environment.finished and training.patience is not None
    return f"{done} of {training.epochs} epochs" + (f", ended by patience={training.patience}" if ended else " so far")
