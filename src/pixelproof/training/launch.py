"""Training in several processes, watched by the one that starts them."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_start_method, set_start_method
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.process import current_process, parent_process
from multiprocessing.queues import SimpleQueue
from threading import Thread

import torch
import torch.distributed as dist
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import spawn

from pixelproof.errors import INTERRUPTED, UserError
from pixelproof.numbers import counted
from pixelproof.process import keep_freed_memory
from pixelproof.progress import silence
from pixelproof.training.parallel import Parallel

PATIENCE = timedelta(days=7)
"""How long one process waits for another. Whoever ends takes the others along, so that nobody waits for the dead."""

GUARD = "put the call that trains under if __name__ == '__main__': if it stands in a script of yours"
HERE = "127.0.0.1"
Failure = tuple[type[UserError | KeyboardInterrupt] | None, *tuple[str, ...]]
"""A user's error, or an interrupt, and the arguments it was made of; None and the traceback of another one."""


@dataclass(frozen=True)
class _Team:
    """What the processes that train together have in common."""

    size: int
    kind: str
    """Of device."""
    threads: int
    """That each of them has."""
    port: int
    """Where they meet."""
    start_method: str
    """How they start loading workers: as one process would. Left alone, what was spawned would spawn, which is slow."""


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
            else f"a batch of {counted(size, 'image')}"
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
    meeting = TCPStore(HERE, 0, is_master=True, wait_for_workers=False)
    threads = max(1, torch.get_num_threads() // processes)
    team = _Team(processes, device.type, threads, meeting.port, get_start_method())
    context = spawn(_take_part, (team, failures, work, args), processes, join=False)  # type: ignore[no-untyped-call]
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
        kind, *words = failures.get()
        raise kind(*words) if kind is not None else RuntimeError(f"in a process that trains: {words[0]}")


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
    team: _Team,
    failures: SimpleQueue[Failure],
    work: Callable[..., None],
    args: tuple[object, ...],
) -> None:
    if rank:
        silence()
    keep_freed_memory()
    set_start_method(team.start_method, force=True)
    torch.set_num_threads(team.threads)
    gpu = team.kind == "cuda"
    device = torch.device(team.kind, rank) if gpu else torch.device(team.kind)
    Thread(target=_end_with_starter, daemon=True).start()
    try:
        if gpu:
            torch.cuda.set_device(device)
        dist.init_process_group(
            "nccl" if gpu else "gloo",
            store=TCPStore(HERE, team.port, is_master=False, timeout=PATIENCE),
            timeout=PATIENCE,
            world_size=team.size,
            rank=rank,
        )
        work(Parallel(rank, team.size), device, *args)
    except UserError as error:
        failures.put((type(error), error.problem, error.remedy))
        os._exit(error.exit_code)  # at once: on its way out, what connects GPUs may wait for the others
    except KeyboardInterrupt:
        failures.put((KeyboardInterrupt,))
        os._exit(INTERRUPTED)
    except Exception:  # where one process ends, the others fail for that; the first to say so is listened to
        failures.put((None, traceback.format_exc()))
        os._exit(1)
    dist.destroy_process_group()
    sys.stderr.flush()
    os._exit(0)  # all is written; threads of torch's that still run would now and then abort the way out


def _end_with_starter() -> None:
    """End this process when the one that started it has ended, whichever signals it was told to ignore."""
    starter = parent_process()
    assert starter is not None
    starter.join()
    os._exit(1)
