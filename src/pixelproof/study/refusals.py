"""What the runs of a part cannot be, refused before any is trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.explanation.projection import FEWEST
from pixelproof.numbers import counted
from pixelproof.runs import Run
from pixelproof.runs.choice_record import SELECTION
from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.sizes_file import FILE as SIZES
from pixelproof.runs.study_file import SPLIT, TEST
from pixelproof.schema import nearest
from pixelproof.study.candidates import called
from pixelproof.study.file import Part
from pixelproof.study.folds import merged_file
from pixelproof.study.job import Job, with_all_images
from pixelproof.study.sizes import with_all


def refuse_part(part: str, entry: Part, jobs: Sequence[Job]) -> None:
    """Refuse runs that could not be recorded, shown, mapped or compared, or would be scored on what they know.

    Args:
        part: The part's name.
        entry: The part.
        jobs: Its runs.

    Raises:
        UserError: There is such a run.
    """
    _refuse_one_folder(jobs)
    _refuse_taken(entry, jobs)
    _refuse_backslashes(jobs)
    _refuse_unknown_shown(part, entry, jobs)
    _refuse_few_to_embed(part, jobs)
    _refuse_other_images(part, entry, jobs)
    _refuse_same_images(part, jobs)
    _refuse_same_sizes(part, jobs)
    _refuse_known_images(jobs)
    _refuse_flattered(jobs)
    _refuse_blind_choice(part, jobs)


def _refuse_one_folder(jobs: Sequence[Job]) -> None:
    """Refuse a model that is called as the run of another one with another seed, and candidates likewise."""
    owners: dict[Path, Job] = {}
    for job in jobs:
        other = owners.setdefault(job.run.path, job)
        if other is not job:
            names = [called(each.model, each.candidate) for each in (other, job)]
            raise UserError(f"the models '{names[0]}' and '{names[1]}' would share the run {job.name}", "rename one")


def _refuse_taken(entry: Part, jobs: Sequence[Job]) -> None:
    """Refuse a folder where a file of the part goes, or the run of a model where its folder of the test does."""
    for job in jobs:
        merged = [merged_file(f"{job.model}{job.replicate.of_seed}")] if entry.folds else []
        places = [job.run.path.with_name(name) for name in (COMPARISON, EVIDENCE, SIZES, *merged)]
        test = job.run.path.with_name(TEST)
        taken = [place for place in places if place.is_dir()] + ([test] if entry.test and Run.lies_in(test) else [])
        if taken:
            raise UserError(
                f"the folder {taken[0]} lies where the study writes", "move it away, or choose another --out"
            )


def _refuse_backslashes(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if strange := next((sample for sample in job.parts[SPLIT] if "\\" in sample.id), None):
            problem = f"the name of {strange.image} has a backslash, which a study cannot record"
            raise UserError(problem, "rename it")


def _refuse_unknown_shown(part: str, entry: Part, jobs: Sequence[Job]) -> None:
    """Refuse to show an image that no run of a model is scored on."""
    known = {sample.id: None for job in jobs for sample in job.on_show} if entry.show else {}
    for sample_id in entry.show:
        if sample_id not in known:
            problem = f"part '{part}' shows image '{sample_id}', which {SPLIT} does not hold"
            raise UserError(problem, nearest(sample_id, list(known)))


def _refuse_few_to_embed(part: str, jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.embed and len(job.parts[SPLIT]) < FEWEST:
            images = counted(len(job.parts[SPLIT]), "image")
            problem = f"part '{part}' embeds {images} of {SPLIT}, and a map needs at least {FEWEST}"
            raise UserError(problem, "add images or remove 'embed' from the study")


def _refuse_other_images(part: str, entry: Part, jobs: Sequence[Job]) -> None:
    """Refuse models that would be scored on other images than the first, and so could not be compared after all."""
    firsts = {job.replicate.fold: job for job in jobs if job.model == jobs[0].model}  # folds are compared one by one
    splits = (SPLIT, TEST) if entry.test else (SPLIT,)
    for job in jobs:
        if any(job.fingerprints[name] != firsts[job.replicate.fold].fingerprints[name] for name in splits):
            problem = f"part '{part}': '{jobs[0].model}' and '{job.model}' would be scored on different images"
            if job.config.data.leave_out != jobs[0].config.data.leave_out:
                own = "let leave_out.csv name images of train alone, or give leave_out to the whole part"
                raise UserError(f"{problem}, as {job.data.root} leaves some of these out", own)
            if job.config.data.corrections != jobs[0].config.data.corrections:
                own = "give corrections=scored in the place of none, which learns from the labels that the data give"
                raise UserError(f"{problem}, as labels of {job.data.root} are corrected for one of them alone", own)
            decided = "" if entry.folds else "validation, cv_fold, "
            remedy = f"give limit, {decided}groups and split_seed to the whole part; train_limit may differ"
            raise UserError(problem, remedy)


def _refuse_same_images(part: str, jobs: Sequence[Job]) -> None:
    """Refuse numbers of images to learn from that come to the same images, and so would be measured as no effect."""
    learned: dict[tuple[int, str], Job] = {}
    for job in with_all_images(jobs):
        other = learned.setdefault((job.replicate.fold, job.fingerprints["train"]), job)
        if other.config.data.train_limit != job.config.data.train_limit:
            images = counted(len(job.parts["train"]), "image")
            problem = f"part '{part}': '{other.model}' and '{job.model}' would learn from the same {images}"
            raise UserError(problem, "give a train_limit below that, and a limit, if there is one, above it")


def _refuse_same_sizes(part: str, jobs: Sequence[Job]) -> None:
    """Refuse sizes of a model that come to the same images."""
    learned: dict[tuple[str, int, int, str], Job] = {}
    for job in (job for job in jobs if job.replicate.size is not None):
        place = (job.model, job.replicate.seed, job.replicate.fold, job.fingerprints["train"])
        other = learned.setdefault(place, job)
        if other is not job:
            sizes = f"{other.replicate.size} and {job.replicate.size}"
            images = counted(len(job.parts["train"]), "image")
            problem = f"part '{part}': the train_sizes {sizes} of '{job.model}' come to the same {images}"
            raise UserError(problem, "leave one of them out; where images come in groups, these stay whole")


def _refuse_blind_choice(part: str, jobs: Sequence[Job]) -> None:
    """Refuse candidates of which none can be chosen: alike, or without the same images to choose by."""
    firsts: dict[tuple[str, int], Job] = {}
    alike: dict[tuple[str, int, int, str], Job] = {}
    for job in (job for job in jobs if job.candidate):
        if not job.parts[SELECTION]:
            problem = f"part '{part}' chooses '{job.model}' by the selection part of train, which holds no image"
            raise UserError(problem, "add images, or set selection=... aside")
        first = firsts.setdefault((job.model, job.replicate.fold), job)
        if job.fingerprints[SELECTION] != first.fingerprints[SELECTION]:
            problem = f"part '{part}': {first.name} and {job.name} would be chosen by different images or labels"
            raise UserError(problem, "give selection, limit, groups, split_seed and corrections to the whole part")
        place = (job.model, job.replicate.seed, job.replicate.fold, job.config.model_dump_json())
        if (other := alike.setdefault(place, job)) is not job:
            raise UserError(f"part '{part}': {other.name} and {job.name} have the same settings", "remove one of them")


def _refuse_known_images(jobs: Sequence[Job]) -> None:
    """Refuse to start from weights that have learned from an image which the run is scored on, or were chosen by it."""
    real = cache(Path.resolve)
    for job in jobs:
        for start in _starts(job):
            known = {real(sample.image) for name in ("train", "selection") for sample in start.parts[name]}
            scored = (*job.parts[SPLIT], *job.tested)
            if seen := next((sample for sample in scored if real(sample.image) in known), None):
                problem = f"{job.name} starts from {start.name}, which knows image '{seen.id}' that it is scored on"
                remedy = "divide the data of both parts alike: by folds, validation, cv_fold, split_seed and groups"
                raise UserError(problem, remedy)


def _refuse_flattered(jobs: Sequence[Job]) -> None:
    """Refuse to learn from fewer images with weights that know others: fewer would look better than they are."""
    real = cache(Path.resolve)
    for job in (job for job in jobs if job.replicate.size is not None):
        own = {real(sample.image) for sample in job.parts["train"]}
        every = with_all(jobs, job.model, job.replicate).parts["train"]
        spared = {real(sample.image): sample.id for sample in every if real(sample.image) not in own}
        for start in _starts(job):
            if seen := next((path for s in start.parts["train"] if (path := real(s.image)) in spared), None):
                missed = f"image '{spared[seen]}' that it is to do without"
                problem = f"{job.name} starts from {start.name}, which knows {missed}"
                remedy = "give both the same seeds and train_sizes in one part, or 'train_sizes: []' to the later one"
                raise UserError(problem, remedy)


def _starts(job: Job) -> Iterator[Job]:
    """Yield the run that a run starts from, the one that this started from, and so on."""
    while job.start is not None:
        job = job.start
        yield job
