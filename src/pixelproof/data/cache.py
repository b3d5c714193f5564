"""A cache of decoded images, so that reading never limits training.

A cache is a folder of two files of plain bytes, mapped into memory, and an index. It is named after all that its bytes
depend on: the files, their dates, the label contract and the size that images are brought to. It appears whole or not
at all, never changes, and can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from pixelproof.array_types import Int64, UInt8
from pixelproof.config import COLORS
from pixelproof.data.decoded import Decoded, Files
from pixelproof.data.fingerprint import fingerprint
from pixelproof.data.folder import Sample
from pixelproof.data.parallel import in_threads
from pixelproof.data.reader import RGB, ImageReader
from pixelproof.errors import UserError, explain_os_error, explain_unwritten
from pixelproof.labels import LabelScheme
from pixelproof.numbers import room
from pixelproof.progress import say, track
from pixelproof.runs.arrays import load_arrays, write_arrays
from pixelproof.runs.files import expanded

VERSION = 2
"""Counts up when the same file decodes to other bytes."""
_INDEX, _IMAGES, _MASKS = "index.npz", "images.bin", "masks.bin"
_SHARE_OF_FREE = 0.5
"""A cache takes at most this share of what is free on its disk."""
_ABANDONED = 3600.0
"""Seconds without a write after which a half-built cache belongs to nobody."""
_AT_ONCE = 32
"""Images decoded before they are written."""


class Cached:
    """Decoded images in a cache folder.

    Args:
        folder: A folder that ``cached`` made.

    Raises:
        UserError: The folder is incomplete or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        facts, arrays = load_arrays(folder / _INDEX, "cache", VERSION)
        self.sizes: Int64 = arrays["sizes"]
        """int64 [N, 2]: height and width of each image."""
        areas = self.sizes.prod(axis=1)
        self._starts = np.concatenate([[0], areas.cumsum()])
        self.channels = int(facts.get("channels", COLORS))
        self._images = _mapped(folder / _IMAGES, self.channels * int(self._starts[-1]))
        # Classified images have no masks, so the file is empty.
        self._masks = _mapped(folder / _MASKS, int(self._starts[-1])) if facts["masks"] else None

    def __reduce__(self) -> tuple[type[Cached], tuple[Path]]:
        """Let another process map the files itself instead of being sent their bytes."""
        return Cached, (self.folder,)

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> tuple[UInt8, UInt8 | None]:
        """Return an image, uint8 [C, H, W], and its mask, uint8 [H, W] or None; views that must not be written to."""
        height, width = self.sizes[index].tolist()
        start, end = self._starts[index : index + 2].tolist()
        image = self._images[self.channels * start : self.channels * end].reshape(self.channels, height, width)
        return image, None if self._masks is None else self._masks[start:end].reshape(height, width)


def decoded(
    samples: Sequence[Sample], scheme: LabelScheme, input_size: int | None, where: str, reader: ImageReader = RGB
) -> Decoded:
    """Return the pixels of labelled images, from the cache where there is room for one.

    Args:
        samples: The images, all with a mask or all with a label.
        scheme: The label contract of the masks.
        input_size: Side in pixels to which images are resized; None leaves them as they are.
        where: "auto" for the user's cache folder, "none" for no cache, or the path of a folder for caches.
        reader: Reads the images.

    Raises:
        UserError: An image or mask cannot be read, or the folder cannot be written.
    """
    files = Files(samples, scheme, input_size, reader)
    if where == "none" or not samples:
        return files
    try:
        root = default_folder() if where == "auto" else expanded(where)
    except UserError as error:
        if where != "auto":
            raise
        _note(error.problem)
        return files
    folder = root / _key(files)
    with suppress(UserError):  # there is none yet, or it is damaged
        return Cached(folder)
    size = _bytes(files)
    try:
        root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(root).free
        if size > free * _SHARE_OF_FREE:
            _note(f"they take {room(size)}, and {root} has {room(free)} free")
            return files
        _build(files, folder)
    except OSError as error:
        if where != "auto" and not root.is_dir():
            raise explain_unwritten(error, root) from error
        _note(str(explain_os_error(error, root).problem))
        return files
    try:
        cached = Cached(folder)
    except UserError as error:  # another user's
        _note(error.problem)
        return files
    say(f"decoded images are kept in {folder} ({room(size)}) for later runs; delete it whenever you like")
    return cached


def default_folder() -> Path:
    """Return the user's folder for caches: ``$XDG_CACHE_HOME/pixelproof``, by default ``~/.cache/pixelproof``."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else expanded("~") / ".cache") / "pixelproof"


def _key(files: Files) -> str:
    """Return the name of a cache; the fingerprint reads of most images the head alone, so dates count as well."""
    read_as = "" if files.reader == RGB else f" {files.reader}"
    told = f"{VERSION} {files.input_size} {files.scheme.hash} {fingerprint(files.samples)}{read_as}"
    digest = hashlib.sha256(told.encode())
    for sample in files.samples:
        for path in (sample.image, sample.mask):
            if path is not None:
                digest.update(f"\n{sample.id} {path.stat().st_mtime_ns}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def _bytes(files: Files) -> int:
    """Return how many bytes the images decode to, as their headers say."""
    planes = files.reader.channels
    if files.input_size is not None:
        return len(files) * planes * files.input_size**2
    total = 0
    for sample in files.samples:
        height, width = files.reader.header(sample.image)
        total += height * width * (planes if sample.mask is None else planes + 1)
    return total


def _build(files: Files, folder: Path) -> None:
    """Write a cache under a name of its own and move it into place, unless another run was quicker."""
    with suppress(UserError):  # another run has been quicker
        Cached(folder)
        return
    _clear(folder)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        sizes = []
        with (part / _IMAGES).open("wb") as images, (part / _MASKS).open("wb") as masks:
            for image, mask in _read(files):
                images.write(image.data)
                masks.write(b"" if mask is None else mask.data)
                sizes.append(image.shape[1:])
            for file in (images, masks):
                file.flush()
                os.fsync(file.fileno())
        facts = {"masks": mask is not None, "channels": files.reader.channels}
        write_arrays(part / _INDEX, "cache", VERSION, facts, {"sizes": np.array(sizes, np.int64)})
        part.chmod(0o755)  # temporary folders are their maker's alone, and this one is for all who read the images
        with suppress(OSError):
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _read(files: Files) -> Iterator[tuple[UInt8, UInt8 | None]]:
    """Yield all images and masks in order, decoded on all cores."""
    yield from track(in_threads(files.__getitem__, range(len(files)), _AT_ONCE), "decode", len(files))


def _clear(folder: Path) -> None:
    """Remove a damaged cache and what killed runs left of it."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in folder.parent.glob(f".{folder.name}.*.part"):
        with suppress(OSError):
            if time.time() - max(file.stat().st_mtime for file in (part, *part.iterdir())) > _ABANDONED:
                shutil.rmtree(part, ignore_errors=True)


def _mapped(path: Path, size: int) -> UInt8:
    """Return a file's bytes, mapped into memory; what is written to the array stays out of the file.

    Raises:
        UserError: The file is missing or of another size.
    """
    try:
        if path.stat().st_size != size:
            raise UserError(f"{path} is incomplete", "delete it")
        return np.asarray(np.memmap(path, np.uint8, "c"))
    except OSError as error:
        raise explain_os_error(error, path) from error


def _note(why: str) -> None:
    say(f"note: decoded images are not kept: {why}")
