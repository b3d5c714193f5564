"""``train``: put data, model, loss and score together into a run folder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pixelproof.config import DataConfig, RunConfig, run_settings, without_effect
from pixelproof.config.prolong import prolong
from pixelproof.data import DataFolder, Parts, arrange, fingerprint, open_data
from pixelproof.data.checking import check_parts
from pixelproof.data.known import keep_learned, note_known
from pixelproof.data.reader import ImageReader
from pixelproof.data.scaling import doubtful_bands
from pixelproof.data.splits import note_doubts
from pixelproof.errors import UserError
from pixelproof.models import PixelModel
from pixelproof.numbers import counted
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.files import AnyPath
from pixelproof.runs.folder import ENVIRONMENT, require_free
from pixelproof.runs.learned import LEARNED
from pixelproof.runs.locks import WORKERS_END, alone_in
from pixelproof.runs.replacing import replacing, set_aside
from pixelproof.training.checkpoints import remove_unfinished
from pixelproof.training.device import pick_device
from pixelproof.training.launch import check_processes, launch
from pixelproof.training.origin import began_on, made_with, note_other_versions
from pixelproof.training.parallel import ALONE
from pixelproof.training.plugin_trial import try_plugins
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


def _reopen(data: DataFolder, out: Path) -> tuple[Run, RunConfig, PixelModel]:
    """Open a run to go on with, which takes the very data it began on."""
    run = Run.open(out)
    config = run_settings(run)
    parts = arrange(data, config.data)
    began_on(run, data, {name: fingerprint(parts[name]) for name in LEARNED})
    try_plugins(config, len(data.scheme.classes))
    note_other_versions(run, config)
    keep_learned(run, config, parts)  # which earlier versions did not
    describe_network(run, config, len(data.scheme.classes))
    return run, config, start(config, data, begun=run.last.is_file())
