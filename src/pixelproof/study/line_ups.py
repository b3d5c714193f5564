"""Which runs answer together as an ensemble of a study, whichever of the candidates are chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pixelproof.config import RunConfig
from pixelproof.errors import UserError
from pixelproof.study.file import Part
from pixelproof.study.job import Job, with_all_images
from pixelproof.study.replicates import Replicate
from pixelproof.verbs.ensemble import joint_settings

LineUp = tuple[Job, ...]


def line_ups(entry: Part, model: str, jobs: Sequence[Job], own: Replicate) -> Iterator[LineUp]:
    """Yield the runs that may answer together as a run of a model: those of its fold, with all seeds.

    Of models that are still to be chosen the first candidates stand in the first line-up, and each other candidate in
    one of its own: what members must have alike, all candidates have where each has it with these.

    Args:
        entry: The part.
        model: The model; the one line-up of those that are no ensemble is empty.
        jobs: The runs before it in the part.
        own: Which of the model's runs it is.
    """
    names = entry.trained[model].members
    first = {name: next(iter(entry.trained[name].candidates)) for name in names}
    whole = with_all_images(jobs)
    together = [job for job in whole if job.model in names and job.replicate.fold == own.fold]
    others = {job.candidate: job.model for job in together if job.open and job.candidate != first[job.model]}
    for turn in ({}, *({name: candidate} for candidate, name in others.items())):
        yield tuple(job for job in together if not job.open or job.candidate == (first | turn)[job.model])


def joined(part: str, model: str, members: LineUp, config: RunConfig) -> RunConfig:
    """Return the settings of an ensemble.

    Args:
        part: The part's name.
        model: The ensemble's name.
        members: Its members.
        config: Settings that say how it looks at images.

    Raises:
        UserError: These cannot answer together, or two of them are the same.
    """
    try:
        _refuse_twice(members)
        return joint_settings({job.name: (job.settled, job.fingerprints) for job in members}, config.model.looks)
    except UserError as error:
        raise UserError(f"'{part}/{model}': {error.problem}", error.remedy) from None


def _refuse_twice(members: LineUp) -> None:
    """Refuse members that would learn the same from the same, and so be one network that answers twice."""
    known: dict[str, Job] = {}
    for job in members:
        learned = str([job.config.learned_from(), job.fingerprints["train"], job.fingerprints["selection"]])
        if (other := known.setdefault(learned, job)) is not job:
            problem = f"{other.name} and {job.name} have the same settings, so they would be one run twice"
            raise UserError(problem, "change one of them, or leave it out")
