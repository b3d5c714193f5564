"""The split test in a study: scored at the end, when nothing is left to choose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.runs.study_file import TEST
from pixelproof.study.artefacts import score_on
from pixelproof.study.compare import compare_part
from pixelproof.study.file import Part
from pixelproof.study.folds import Scored
from pixelproof.study.job import Job
from pixelproof.study.steps import Steps


def conclude_on_test(part: Part, jobs: Sequence[Job], folder: Path, steps: Steps) -> str:
    """Score the runs of a part on test, and compare its models there, where that is asked for, missing or outdated.

    Args:
        part: The part.
        jobs: Its runs, all trained.
        folder: Its folder; what is concluded lies in a folder of its own inside.
        steps: What was made from what.

    Returns:
        Why the models are not compared there; empty where they are, or are not asked to be.
    """
    if not part.test:
        return ""
    for job in jobs:
        score_on(job, TEST, job.tested, steps)
    found = [Scored(job.name, job.model, job.run.scores(TEST), (job,), TEST) for job in jobs]
    return compare_part(part, found, folder / TEST, steps)
