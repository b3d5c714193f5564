"""``serve``: trained runs behind an address of this machine, until Ctrl-C."""

from __future__ import annotations

import errno
import math
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.labels.thresholds import Threshold, read_thresholds
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.files import Paths, as_paths
from pixelproof.runs.packages import require

HOST, PORT = "127.0.0.1", 8000
MEGABYTES = 64.0


def serve(
    runs: Paths,
    *,
    host: str = HOST,
    port: int = PORT,
    device: str = "auto",
    backend: str = "torch",
    tta: bool | None = None,
    scales: Sequence[float] | None = None,
    threshold: Sequence[str] = (),
    rule: bool = True,
    max_megabytes: float = MEGABYTES,
    ready: Callable[[str], object] = say,
) -> None:
    """Answer for trained runs over HTTP, with a page to look at the answers, until Ctrl-C.

    Args:
        runs: A run folder, or several.
        host: Name or address to listen at; other machines get in where it is not loopback.
        port: To listen at; 0 takes a free one.
        device: Where to compute.
        backend: The library that computes: one of ``BACKENDS``.
        tta: Whether to average over an image's symmetries; None is as each run was set.
        scales: Sizes of a segmenter's image to average over; None is as each run was set.
        threshold: Of classifiers, such as "cancer=0.2", or "scratch+dent=0.3" for the sum of both: answers tell those
            whose probability is at least as high.
        rule: Whether a classifier answers by the rule that it keeps, if it keeps one and no ``threshold`` is given.
        max_megabytes: Largest image file, in MiB.
        ready: Called with the address when requests are answered.

    Raises:
        UserError: A package is missing, the port is taken, a run cannot be opened, there is no such threshold, a
            rule is none for its run as it is now, or there is no such device or backend.
        Refusal: The backend named does not compute the same.
    """
    if not 0 < max_megabytes < math.inf:
        raise UserError(f"an image file of {max_megabytes} MiB is nothing to stop at", "give a number above 0")
    require(("fastapi", "uvicorn"), "a server", "serve")
    opened = open_runs(as_paths(runs))
    thresholds = thresholds_of(opened, threshold)
    with suppress(KeyboardInterrupt), listening(host, port) as door:
        # These take seconds to import; what is wrong so far has been said.
        from pixelproof.deploy.serve.desk import Desk
        from pixelproof.deploy.serve.models import load_models
        from pixelproof.deploy.serve.running import make_server

        models = load_models(opened, device, backend, tta, scales, thresholds, rule)
        loopback = is_loopback(door)
        if not loopback:
            say("note: other machines can reach this server, and it has no password")
        desk = Desk(round(max_megabytes * 2**20))
        make_server(models, desk, loopback, lambda: ready(address(door))).run(sockets=[door])


def open_runs(paths: Sequence[Path]) -> list[Run]:
    """Open run folders without reading their weights.

    Raises:
        UserError: There is none, one is no run, or is given twice.
    """
    if not paths:
        raise UserError("there is nothing to serve", "give at least one run folder")
    for place, path in enumerate(paths):
        if path.resolve() in [other.resolve() for other in paths[:place]]:
            raise UserError(f"{path} is given twice", "give each run once")
    return [Run.open(path) for path in paths]


def thresholds_of(runs: Sequence[Run], texts: Sequence[str]) -> list[list[Threshold]]:
    """Return the thresholds of each run, by texts such as ``crack=0.2``: those of all for a classifier.

    Raises:
        UserError: There is no classifier, or one of them has no such class, or there is no such probability.
    """
    schemes = [run.labels() for run in runs]
    if all(scheme.task == "segmentation" for scheme in schemes):
        read_thresholds(texts, schemes[0])  # which refuses them
    return [read_thresholds(texts, each) if each.task == "classification" else [] for each in schemes]


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that a port that is taken is found at once, and stays ours.

    Raises:
        UserError: The port is taken or forbidden, or the host is not this machine.
    """
    try:
        family, *_, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(place, family=family)
    except (OSError, UnicodeError, OverflowError) as error:
        number = getattr(error, "errno", None)
        if number == errno.EADDRINUSE:
            raise UserError(f"port {port} of {host} is taken", "give another --port, or 0 for a free one") from None
        if number == errno.EACCES:
            raise UserError(f"no permission for port {port}", "give a --port from 1024 on") from None
        raise UserError(
            f"{host}, port {port}, is not an address of this machine",
            "give --host 127.0.0.1, or 0.0.0.0 for all machines",
        ) from None


def is_loopback(door: socket.socket) -> bool:
    """Return whether a socket can be reached from this machine alone."""
    return ip_address(door.getsockname()[0]).is_loopback


def address(door: socket.socket) -> str:
    """Return the address of a socket, as this machine's browsers take it."""
    host, port = door.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
