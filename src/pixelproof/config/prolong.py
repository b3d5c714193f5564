"""Let a run go on for more epochs than it was begun with."""

from __future__ import annotations

from collections.abc import Sequence

from pixelproof.config import RunConfig, apply_overrides
from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.machine import command

ALLOWED = ("epochs", "patience")


def prolonged(run: Run, config: RunConfig, changes: Sequence[str]) -> RunConfig:
    """Return the settings of a run with other ``epochs`` or another ``patience``, and say what that means.

    Args:
        run: The run.
        config: Its settings.
        changes: Such as "epochs=40".

    Raises:
        UserError: Another setting is changed, or so many epochs are done already.
    """
    if not changes:
        return config
    changed = apply_overrides(config, changes)
    allowed = {name: getattr(changed.training, name) for name in ALLOWED}
    if config.changed("training", **allowed) != changed:
        raise UserError(
            f"--resume goes on with the run's own settings, of which {' and '.join(ALLOWED)} alone may be changed",
            f"leave the others out, or begin another run with --weights {run.best}",
        )
    done, epochs = len(run.metrics.read()), changed.training.epochs
    if epochs < done:
        raise UserError(f"{run.path} has done {counted(done, 'epoch')} already", "give more with --set epochs=...")
    if epochs != config.training.epochs and (config.training.schedule != "constant" or config.training.finish):
        say(
            f"note: the schedule is one of {epochs} epochs from here on, and was one of {config.training.epochs}: "
            f"the weights will be others than those of {epochs} at once"
        )
    return changed


def prolong(run: Run, config: RunConfig) -> None:
    """Write down that a run goes on with these settings, and remove what is of its weights of before."""
    earlier, now = run.facts().command, command()
    run.note({"finished": False} | ({"command": f"{earlier}; {now}"} if earlier and now else {}))
    for path in (run.calibration, run.plain):
        path.unlink(missing_ok=True)
    run.save_config(config.model_dump(mode="json"))
