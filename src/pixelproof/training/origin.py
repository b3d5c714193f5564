"""What a run was made with: packages, device and data; and whether what is there now is still that."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from pixelproof.config import RunConfig, run_settings
from pixelproof.data import DataFolder, Parts, arrange, fingerprint
from pixelproof.data.folder import changes_of
from pixelproof.errors import UserError
from pixelproof.models import packages_of
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.folder import ENVIRONMENT
from pixelproof.runs.learned import LEARNED
from pixelproof.runs.left_out_file import counts_of
from pixelproof.runs.machine import installed
from pixelproof.runs.packages import version
from pixelproof.training.device import describe, pick_device
from pixelproof.training.plugins import packages_of_training


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


def note_other_versions(run: Run, config: RunConfig) -> None:
    """Point out packages of the user's that take part in a run in another version than it began with."""
    then = run.facts().packages
    for name in (*packages_of(config.model), *packages_of_training(config)):
        if then.get(name, version(name)) != version(name):
            say(f"note: {name} is {version(name)} now, and {run.path} began with {then[name]}: it may learn otherwise")
