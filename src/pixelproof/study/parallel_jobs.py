"""Perform several jobs of a study at once, each in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Lock
from pathlib import Path

import torch

from pixelproof.children import UNCHANGED, Children, require_starter
from pixelproof.errors import UserError
from pixelproof.progress import show_lines
from pixelproof.study.job import Job
from pixelproof.study.perform import perform
from pixelproof.study.steps import Steps
from pixelproof.training.device import pick_device

VISIBLE = "CUDA_VISIBLE_DEVICES"


def check_number(number: int, processes: int) -> None:
    """Refuse a number of jobs at once that cannot be.

    Args:
        number: How many jobs.
        processes: How many train each model together.

    Raises:
        UserError: There are none, both want to share out the machine, or a process that was started asks again.
    """
    if number < 1:
        raise UserError(f"{number} jobs at once are too few", "give --jobs 1 or more")
    if number > 1 and processes > 1:
        raise UserError("--jobs and --processes both share out the machine", "give one of them alone")
    if number > 1:
        require_starter()


def perform_parallel(jobs: Sequence[Job], out: Path, number: int) -> None:
    """Perform jobs in this order, ``number`` of them at a time; one that starts from another's weights waits for it.

    Each has its share of the processor's threads. GPUs, where jobs may choose one, take turns.

    Args:
        jobs: Jobs whose models are not trained, or in part.
        out: The study's folder.
        number: How many at once.

    Raises:
        UserError: One of them failed; the others are ended, too, and go on from their last checkpoints.
    """
    if not jobs:
        return
    waiting, running = list(jobs), dict[SpawnProcess, tuple[Job, int]]()
    lock, threads = get_context("spawn").Lock(), max(1, torch.get_num_threads() // number)
    remedy = "go on with fewer --jobs or a smaller batch_size, if memory ran out"
    with Children(f"one of the {number} jobs at once", remedy) as children:
        while waiting or running:
            while len(running) < number and (job := _next(waiting, [job for job, _ in running.values()])):
                place = min(set(range(number)) - {place for _, place in running.values()})
                process = children.start(_perform, job, out, lock, threads, environment=surroundings(job, place))
                running[process] = job, place
                waiting.remove(job)
            for process in children.wait():
                del running[process]


def _next(waiting: Sequence[Job], running: Sequence[Job]) -> Job | None:
    """Return the first job for which all is there that it needs."""
    unfinished = {job.name for job in (*waiting, *running)}
    return next((job for job in waiting if unfinished.isdisjoint(needed.name for needed in job.needs)), None)


def surroundings(job: Job, place: int) -> Mapping[str, str]:
    """Return the variables of a process in one of the places: which GPU it sees, where it is free to choose."""
    device = pick_device(job.config.training.device)
    if device.type != "cuda" or device.index is not None:
        return UNCHANGED
    found = torch.cuda.device_count()
    visible = os.environ.get(VISIBLE) or ",".join(map(str, range(found)))
    return {VISIBLE: visible.split(",")[place % found]}


def _perform(job: Job, out: Path, lock: Lock, threads: int) -> None:
    show_lines()
    torch.set_num_threads(threads)
    perform(job, Steps(out, lock), out)
