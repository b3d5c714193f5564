"""Training in several processes, watched by the one that starts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from pixelproof.children import Children, require_starter
from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.progress import silence
from pixelproof.training.parallel import Parallel

PATIENCE = timedelta(days=7)
"""How long one process waits for another. Whoever ends takes the others along, so that nobody waits for the dead."""

HERE = "127.0.0.1"


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
    require_starter()
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
    meeting = TCPStore(HERE, 0, is_master=True, wait_for_workers=False)
    team = _Team(processes, device.type, max(1, torch.get_num_threads() // processes), meeting.port)
    who = f"one of the {processes} processes that train"
    remedy = "go on from its last checkpoint with fewer --processes or a smaller batch_size, if memory ran out"
    with Children(who, remedy) as children:
        for rank in range(processes):
            children.start(_take_part, rank, team, work, args)
        while children:
            children.wait()


def _take_part(rank: int, team: _Team, work: Callable[..., None], args: tuple[object, ...]) -> None:
    if rank:
        silence()
    torch.set_num_threads(team.threads)
    gpu = team.kind == "cuda"
    device = torch.device(team.kind, rank) if gpu else torch.device(team.kind)
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
    dist.destroy_process_group()
