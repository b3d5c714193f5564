"""A run folder: every file of one trained model, and who may write where."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.runs.facts import Environment, read_facts
from pixelproof.runs.files import AnyPath, read_object, read_text, read_yaml, text_digest, write_json, write_text
from pixelproof.runs.labels_file import LABELS_FILE, labels_to_yaml, read_labels
from pixelproof.runs.machine import environment
from pixelproof.runs.metrics_log import MetricsLog
from pixelproof.runs.plain import to_yaml

CONFIG, ENVIRONMENT, PAGE = "config.yaml", "environment.json", "report.html"
_PART = re.compile(r"\.(.+)\.\d+\.part(\.\w+)")

# What a run folder may hold; anything else in it belongs to the user and is never removed.
MARKS = {LABELS_FILE, ENVIRONMENT}
CONTENTS = MARKS | {CONFIG, "architecture.json", "calibration.json", "diagram.svg", "metrics.csv", PAGE}
CONTENTS |= {"backends", "checkpoints", "explanation", "proof_images.npz", "features", "figures", "scores", "shown"}
CONTENTS |= {"learned.npz", "rule.json", "tables", "tensorboard"}


def _is_part(name: str) -> bool:
    """Return whether a file is what a kill left of one that a run folder holds."""
    match = _PART.fullmatch(name)
    return match is not None and match[1] + match[2] in CONTENTS


def is_only_a_run(path: Path) -> bool:
    """Return whether a folder is a run and holds nothing else."""
    if not path.is_dir() or path.is_symlink():
        return False
    names = {entry.name for entry in path.iterdir() if not _is_part(entry.name)}
    return names >= MARKS and names <= CONTENTS


def is_only_begun(path: Path, labels: str) -> bool:
    """Return whether a folder holds nothing but what ``Run.create`` writes before the config, cut short there."""
    if not path.is_dir() or path.is_symlink():
        return False
    names = {entry.name for entry in path.iterdir() if not _is_part(entry.name)}
    if LABELS_FILE in names and read_text(path / LABELS_FILE) != labels:  # a person's own
        return False
    return names <= MARKS and names != {ENVIRONMENT}


def require_free(path: Path, scheme: LabelScheme, overwrite: bool) -> None:
    """Refuse a place where a run cannot be started, in the place of another one if ``overwrite`` says so.

    Raises:
        UserError: The folder holds something already that it may not replace.
    """
    if not path.exists() or (overwrite and is_only_a_run(path)) or is_only_begun(path, labels_to_yaml(scheme)):
        return
    if overwrite:
        problem = f"{path} holds something other than a whole run"
        raise UserError(problem, "remove it yourself, or choose another --out")
    raise UserError(f"{path} already exists", "choose another --out, --resume it, or give --overwrite")


class Run:
    """The layout of a run folder. Holds paths; the artefacts' own modules read and write them."""

    def __init__(self, path: AnyPath) -> None:
        self.path = Path(path)

    @classmethod
    def create(
        cls,
        path: Path,
        config: dict[str, Any],
        scheme: LabelScheme,
        facts: dict[str, Any],
    ) -> Run:
        """Start a run folder.

        Args:
            path: A folder that does not exist yet, is empty, or holds no more than a cut-off start of this very run.
            config: The resolved settings.
            scheme: The label contract.
            facts: Further entries of ``environment.json``, such as the data fingerprint.

        Raises:
            UserError: The folder holds something already.
        """
        require_free(path, scheme, overwrite=False)
        run = cls(path)
        for entry in path.glob(".*.part.*"):
            if _is_part(entry.name):
                entry.unlink()
        write_text(path / LABELS_FILE, labels_to_yaml(scheme))
        write_json(path / ENVIRONMENT, environment() | {"labels": text_digest(path / LABELS_FILE)} | facts)
        # Written last: a folder with a config is a run, and one without is not.
        run.save_config(config)
        return run

    @staticmethod
    def lies_in(path: AnyPath) -> bool:
        """Return whether a folder is a run."""
        return (Path(path) / CONFIG).is_file()

    @classmethod
    def open(cls, path: AnyPath) -> Run:
        """Open an existing run folder.

        Raises:
            UserError: There is no run at ``path``.
        """
        if not cls.lies_in(path):
            raise UserError(
                f"{path} is not a run folder (it has no {CONFIG})", "give a folder that 'pixelproof train' made"
            )
        return cls(path)

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    def config(self) -> dict[str, Any]:
        """Return the resolved settings as plain data."""
        values = read_yaml(self.path / CONFIG)
        if not isinstance(values, dict):
            raise UserError(f"{self.path / CONFIG} holds no settings", "restore it or train again")
        return values

    def save_config(self, config: dict[str, Any]) -> None:
        """Write the resolved settings."""
        write_text(self.path / CONFIG, to_yaml(config))

    def labels(self) -> LabelScheme:
        """Return the label contract.

        Raises:
            UserError: It cannot be read, or was changed since the run began.
        """
        file = self.path / LABELS_FILE
        made_with = None
        with suppress(UserError):  # other files of the run need not be sound for its labels to be
            made_with = self.environment().get("labels")
        if made_with is not None and made_with != text_digest(file):
            raise UserError(f"{file} was changed since the run began", "restore it, or train again")
        return read_labels(file)

    def facts(self) -> Environment:
        """Return what the run was made with, and how its training ended."""
        return read_facts(Environment, self.path / ENVIRONMENT)

    def environment(self) -> dict[str, Any]:
        """Return the same as it is written, unchecked."""
        return read_object(self.path / ENVIRONMENT, "restore it or train again")

    def note(self, facts: dict[str, Any]) -> None:
        """Add to what the run was made with."""
        write_json(self.path / ENVIRONMENT, self.environment() | facts)

    @property
    def metrics(self) -> MetricsLog:
        """The training log."""
        return MetricsLog(self.path / "metrics.csv")

    @property
    def best(self) -> Path:
        """Weights of the best checkpoint, or of the last one where no selection part was kept."""
        return self.path / "checkpoints" / "best.safetensors"

    @property
    def plain(self) -> Path:
        """The best weights with their batch norms folded into the convolutions; absent where there are none."""
        return self.path / "checkpoints" / "plain.safetensors"

    @property
    def last(self) -> Path:
        """Everything needed to go on training."""
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def calibration(self) -> Path:
        """The temperature of the run's probabilities; absent where no selection part tells one."""
        return self.path / "calibration.json"

    @property
    def rule(self) -> Path:
        """The decision rule that the run keeps; absent where none was chosen to be kept."""
        return self.path / "rule.json"

    @property
    def architecture(self) -> Path:
        """Facts of the network as JSON: what it prints, parameters, MACs, receptive field, stride."""
        return self.path / "architecture.json"

    @property
    def proof_images(self) -> Path:
        """A few validation images, on which other libraries must give the same answer before they are used."""
        return self.path / "proof_images.npz"

    @property
    def diagram(self) -> Path:
        """Structure diagram of the network."""
        return self.path / "diagram.svg"

    def scores(self, split: str) -> Path:
        """Score file of a split."""
        return self.path / "scores" / f"{split}.npz"

    def features(self, split: str) -> Path:
        """Feature file of a split."""
        return self.path / "features" / f"{split}.npz"

    def thumbnails(self, split: str) -> Path:
        """Thumbnails of the images whose features were taken."""
        return self.path / "features" / f"{split}-thumbnails.npz"

    @property
    def explanation(self) -> Path:
        """Folder of what was found out about the run."""
        return self.path / "explanation"

    def shown(self, sample_id: str) -> Path:
        """File of one image that the report shows.

        Raises:
            UserError: The id leads out of the run folder.
        """
        inside = PurePosixPath(sample_id)
        if inside.is_absolute() or ".." in inside.parts:
            raise UserError(f"the image '{sample_id}' cannot be kept under its name", "rename it")
        return self.path / "shown" / f"{sample_id}.npz"

    def shown_ids(self) -> tuple[str, ...]:
        """Return the ids of the images whose files the report shows; an id may begin with the name of a tile."""
        folder = self.path / "shown"
        files = folder.rglob("[!.]*.npz")  # hidden ones are what a kill left
        return tuple(sorted(file.relative_to(folder).with_suffix("").as_posix() for file in files))
