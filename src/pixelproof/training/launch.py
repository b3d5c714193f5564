"""Training in several processes, watched by the one that starts them."""

from __future__ import annotations

import os
import signal
import tempfile
import traceback
from collections.abc import Callable, Sequence
from datetime import timedelta
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.process import current_process
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import spawn

from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.process import keep_freed_memory
from pixelproof.progress import silence
from pixelproof.training.parallel import Parallel

PATIENCE = timedelta(days=7)
"""How long one process waits for another. Whoever ends takes the others along, so that nobody waits for the dead."""

GUARD = "put the call that trains under if __name__ == '__main__': if it stands in a script of yours"
Failure = tuple[type[UserError] | None, str, str]
"""A user's error and the two arguments it was made of, or None and the traceback of another one."""


def check_processes(processes: int, batch_size: int, images: int, device: torch.device) -> None:
    """Refuse a number of processes that cannot share the work.

    Args:
        processes: How many.
        batch_size: As it is set.
        images: How many there are to train on; a batch has no more.
        device: Where they compute.

    Raises:
        UserError: They do not divide a batch, there are not as many GPUs to choose from, or one of them asks again.
    """
    if processes == 1:
        return
    # As Python's own check does it: a process that is started runs the user's script again, to find its functions.
    if getattr(current_process(), "_inheriting", False):
        raise UserError("this script starts processes wherever it is read", GUARD)
    size = min(batch_size, images)
    if processes < 1 or size % processes:
        why = (
            f"train has {counted(images, 'image')}, one batch, which"
            if size < batch_size
            else f"batches of {size} images"
        )
        raise UserError(
            f"{why} cannot be shared by {counted(processes, 'process')} in equal parts",
            "set batch_size to a multiple of --processes that is not above the number of images",
        )
    if device.type not in ("cpu", "cuda") or device.index is not None:
        raise UserError(f"several processes cannot share the device {device}", "set device=cuda or device=cpu")
    if device.type == "cuda" and processes > torch.cuda.device_count():
        found = counted(torch.cuda.device_count(), "GPU")
        raise UserError(f"{processes} processes need a GPU each, and there is {found}", "give fewer --processes")


def launch(processes: int, device: torch.device, work: Callable[..., None], *args: object) -> None:
    """Call ``work(parallel, device, *args)`` in processes of their own and wait for them; where one fails, all end.

    Args:
        processes: How many; each takes a GPU, or its share of the processor's threads.
        device: Where they compute; of several GPUs the first ones are taken.
        work: A function that stands in a module.
        args: What it takes besides.

    Raises:
        UserError: One of them raised it, or was ended by the system.
    """
    failures: SimpleQueue[Failure] = get_context("spawn").SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="pixelproof-") as folder:
        threads = max(1, torch.get_num_threads() // processes)
        shared = (processes, device.type, threads, folder, failures, work, args)
        context = spawn(_take_part, shared, processes, join=False)  # type: ignore[no-untyped-call]
        assert context is not None
        try:
            failed = _first_failed(context.processes)
        finally:
            for process in context.processes:
                process.kill()
                process.join()
    if failed < 0:
        raise UserError(
            f"one of the {processes} processes that train was ended by {signal.Signals(-failed).name}",
            "go on from its last checkpoint with fewer --processes or a smaller batch_size, if memory ran out",
        )
    if failed and failures.empty():  # it ended before it had begun, and has said why on stderr
        raise UserError(f"one of the {processes} processes that train could not start", GUARD)
    if failed:
        kind, problem, remedy = failures.get()
        raise kind(problem, remedy) if kind is not None else RuntimeError(f"in a process that trains: {problem}")


def _first_failed(processes: Sequence[SpawnProcess]) -> int:
    """Wait for all processes, or for the first that fails; return its exit code, negative if a signal ended it."""
    waiting = {process.sentinel: process for process in processes}
    while waiting:
        ended = [waiting.pop(sentinel) for sentinel in wait(list(waiting))]  # type: ignore[arg-type]
        for process in ended:
            process.join()
        codes = [process.exitcode for process in ended if process.exitcode]
        if codes:
            return min(codes)  # those that a signal ended come first: the others failed because of them
    return 0


def _take_part(
    rank: int,
    size: int,
    kind: str,
    threads: int,
    folder: str,
    failures: SimpleQueue[Failure],
    work: Callable[..., None],
    args: tuple[object, ...],
) -> None:
    if rank:
        silence()
    keep_freed_memory()
    torch.set_num_threads(threads)
    device = torch.device(kind, rank) if kind == "cuda" else torch.device(kind)
    try:
        if kind == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group(
            "nccl" if kind == "cuda" else "gloo",
            init_method=(Path(folder) / "meeting").as_uri(),
            timeout=PATIENCE,
            world_size=size,
            rank=rank,
        )
        work(Parallel(rank, size), device, *args)
    except UserError as error:
        failures.put((type(error), error.problem, error.remedy))
        os._exit(error.exit_code)  # at once: on its way out, what connects GPUs may wait for the others
    except Exception:  # where one process ends, the others fail for that; the first to say so is listened to
        failures.put((None, traceback.format_exc(), ""))
        os._exit(1)
    dist.destroy_process_group()
