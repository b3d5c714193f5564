"""``train``: put data, model, loss and score together into a run folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from pixelproof.config import DataConfig, RunConfig, run_settings, without_effect
from pixelproof.config.prolong import prolong
from pixelproof.data import DataFolder, Parts, arrange, fingerprint, open_data
from pixelproof.data.checking import check_parts
from pixelproof.data.folder import changes_of
from pixelproof.data.known import keep_learned, note_known
from pixelproof.data.reader import ImageReader
from pixelproof.data.scaling import doubtful_bands
from pixelproof.data.splits import note_doubts
from pixelproof.errors import UserError
from pixelproof.models import PixelModel, packages_of
from pixelproof.numbers import counted
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.files import AnyPath
from pixelproof.runs.folder import ENVIRONMENT, require_free
from pixelproof.runs.learned import LEARNED
from pixelproof.runs.left_out_file import counts_of
from pixelproof.runs.locks import WORKERS_END, alone_in
from pixelproof.runs.machine import installed
from pixelproof.runs.packages import version
from pixelproof.runs.replacing import replacing, set_aside
from pixelproof.training.checkpoints import remove_unfinished
from pixelproof.training.device import describe, pick_device
from pixelproof.training.launch import check_processes, launch
from pixelproof.training.parallel import ALONE
from pixelproof.training.plugin_trial import try_plugins
from pixelproof.training.plugins import packages_of_training
from pixelproof.training.settings import prepare, settle, weights_of_other_input
from pixelproof.verbs.finish import describe_network, finish, keep_proof_images
from pixelproof.verbs.fit import fit, start


def train(
    data: DataFolder,
    config: RunConfig,
    out: Path,
    *,
    resume: bool = False,
    longer: bool = False,
    overwrite: bool = False,
    processes: int = 1,
) -> Run:
    """Train a model and return its run folder.

    Args:
        data: The labelled images.
        config: The settings; open ones, such as the input size, are settled by the data.
        out: The run folder; new, unless ``resume`` is given.
        resume: Go on with the run in ``out`` as its own ``config.yaml`` says.
        longer: Go on as ``config`` says, which ``prolonged`` has made of the run's own settings.
        overwrite: Replace the run in ``out`` once the new one has a checkpoint.
        processes: How many share each batch, on a GPU each; the weights are the same to rounding.

    Raises:
        UserError: Model and data do not fit, ``out`` is taken, another process trains there, a file cannot be read, or
            training diverged.
    """
    parts = arrange(data, config.data)
    device = pick_device(config.training.device)
    check_processes(processes, config.training.batch_size, len(parts["train"]), device)
    run, own, model = _reopen(data, out) if resume else _begin(data, config, out, overwrite)
    config = config if longer else own
    reader = ImageReader.of(config.model)
    if resume and not longer and run.facts().finished:
        say(f"{run.path}: training has already finished; --set epochs=... goes on with it for longer")
    run.last.parent.mkdir(exist_ok=True)
    with alone_in(run.last.parent, patience=WORKERS_END), replacing(run):
        remove_unfinished(run.last.parent)
        try:
            if resume:  # the files of a new run have been checked
                check_parts(parts, data.scheme, reader)
            if longer:
                prolong(run, config)
            keep_proof_images(run, config, data, parts)
            if processes == 1:
                fit(ALONE, device, run.path, data, config, model)
            else:
                launch(processes, device, fit, run.path, data, config)
        except UserError:
            if not resume and not run.last.is_file():  # a folder of this call alone, with nothing learned
                shutil.rmtree(run.path, ignore_errors=True)  # what is wrong with the data matters more
            raise
        finish(run, model, config, data, parts)
        run.note({"finished": True})
    return run


def train_run(
    data: AnyPath,
    model: str | None = None,
    out: AnyPath = Path("run"),
    *,
    weights: str | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    processes: int = 1,
) -> Run:
    """Train a model on a folder of labelled images and return its run folder.

    Args:
        data: The folder.
        model: The model's name; not given when resuming.
        out: The run folder to make.
        weights: "imagenet", "none" or a file of weights to start from.
        settings: Changes such as "epochs=10"; of a run to go on with, of its epochs or patience alone.
        resume: Go on with the run in ``out``.
        overwrite: Replace the run in ``out``.
        processes: How many share each batch, on a GPU each.

    Raises:
        UserError: The data, the model or a setting is refused, or training diverged.
    """
    if resume and overwrite:
        raise UserError("--resume goes on with a run and --overwrite replaces it", "give one of them")
    folder = open_data(Path(data))
    config = prepare(folder, model, Path(out), weights, settings, resume=resume)
    note_doubts(folder, config.data)
    longer = resume and bool(settings)
    return train(folder, config, Path(out), resume=resume, longer=longer, overwrite=overwrite, processes=processes)


def _begin(data: DataFolder, config: RunConfig, out: Path, overwrite: bool) -> tuple[Run, RunConfig, PixelModel]:
    """Settle what the data decides and start a run folder.

    Weights that do not fit, and files that cannot be used, leave none behind and keep the one they would replace.
    """
    parts = arrange(data, config.data)
    config = settle(config, data, parts["train"])
    doubts = [*without_effect(config), *try_plugins(config, len(data.scheme.classes))]
    model = start(config, data, begun=False)
    for sentence in [*doubts, *doubtful_bands(config.model), *weights_of_other_input(config.model)]:
        say(f"note: {sentence}")
    if "validation" in data.splits and config.data.validation != DataConfig().validation:
        say(f"note: validation={config.data.validation:g} has no effect: {data.root} brings a validation split")
    if isinstance(most := config.data.train_limit, int) and len(parts["train"]) < most and not _of_groups(parts):
        say(f"note: train_limit={most} has no effect: train has {counted(len(parts['train']), 'image')}")
    if config.data.selection and not parts["selection"]:
        idle = " and patience has no effect" if config.training.patience is not None else ""
        say(f"note: there are too few images to set a selection part aside, so that the last checkpoint is kept{idle}")
    note_known(config, parts["validation"])
    facts = made_with(config, data, parts) | {"finished": False}
    with alone_in(Run(out).last.parent):
        require_free(out, data.scheme, overwrite)  # at once: reading files may take minutes
    check_parts(parts, data.scheme, ImageReader.of(config.model))
    require_writable(out / ENVIRONMENT)  # and make its folder
    # What another process trains by now is not replaced, nor does one begin that another has begun.
    with alone_in(out, patience=WORKERS_END), alone_in(Run(out).last.parent):
        require_free(out, data.scheme, overwrite)
        if overwrite:
            set_aside(out)
        run = Run.create(out, config.model_dump(mode="json"), data.scheme, facts)
    keep_learned(run, config, parts)
    describe_network(run, config, len(data.scheme.classes))
    return run, config, model


def _of_groups(parts: Parts) -> bool:
    """Return whether images come in groups, of which the next one may have been too large for a limit."""
    return any(sample.group for sample in parts["train"])


def made_with(config: RunConfig, data: DataFolder, parts: Parts) -> dict[str, Any]:
    """Return what ``environment.json`` says of a run besides the machine: packages, device and data."""
    return {
        "packages": installed((*packages_of(config.model), *packages_of_training(config))),
        "device": describe(pick_device(config.training.device)),
        "data": {
            "layout": data.layout,
            "images": {name: len(samples) for name, samples in parts.items()},
            "fingerprint": {name: fingerprint(samples) for name, samples in parts.items()},
            "left_out": _left_out(config, data),
            "corrected": changes_of(chain(*parts.values()), data.scheme.names),
        },
    }


def _left_out(config: RunConfig, data: DataFolder) -> dict[str, int]:
    """Return how many images are left out for each reason."""
    return {} if config.data.leave_out == "none" else counts_of(each.reason for each in data.left_out)


def began_on(run: Run, data: DataFolder, now: Mapping[str, str]) -> None:
    """Refuse data that a run did not begin on.

    Args:
        run: The run.
        data: The data.
        now: Fingerprints of its parts, of train and selection at least.

    Raises:
        UserError: It did not, or does not say on what it did.
    """
    then = run.facts().data.fingerprint
    if "train" not in then:
        raise UserError(f"{run.path / ENVIRONMENT} does not say what data the run began on", "restore it or train anew")
    if run.labels().hash != data.scheme.hash or any(now[name] != then.get(name) for name in LEARNED):
        why = _why_other(run, data)
        raise UserError(f"{data.root} is not the data that {run.path} began on{why}", "give that data, or train anew")


def _why_other(run: Run, data: DataFolder) -> str:
    """Return in words which list of a data set is the reason why it is not what a run began on, if one is."""
    config, then = run_settings(run), run.facts().data
    if _left_out(config, data) != then.left_out:
        return ", as other images are left out of it"
    now = changes_of(chain(*arrange(data, config.data).values()), data.scheme.names)
    return ", as other labels of it are corrected" if now != then.corrected else ""


def _reopen(data: DataFolder, out: Path) -> tuple[Run, RunConfig, PixelModel]:
    """Open a run to go on with, which takes the very data it began on."""
    run = Run.open(out)
    config = run_settings(run)
    parts = arrange(data, config.data)
    began_on(run, data, {name: fingerprint(parts[name]) for name in LEARNED})
    try_plugins(config, len(data.scheme.classes))
    _note_other_versions(run, config)
    keep_learned(run, config, parts)  # which earlier versions did not
    describe_network(run, config, len(data.scheme.classes))
    return run, config, start(config, data, begun=run.last.is_file())


def _note_other_versions(run: Run, config: RunConfig) -> None:
    """Point out packages of the user's that take part in a run in another version than it began with."""
    then = run.facts().packages
    for name in (*packages_of(config.model), *packages_of_training(config)):
        if then.get(name, version(name)) != version(name):
            say(f"note: {name} is {version(name)} now, and {run.path} began with {then[name]}: it may learn otherwise")
