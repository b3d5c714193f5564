"""The one container behind score and feature files: NumPy arrays plus JSON facts, hashed, never pickled."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Container
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.errors import UserError, explain_os_error
from pixelproof.runs.atomic import atomic
from pixelproof.runs.plain import from_json

Arrays = dict[str, npt.NDArray[Any]]
Forms = dict[str, tuple[str, tuple[int | None, ...]]]
_FACTS = "facts"


def save_arrays(
    path: Path, kind: str, version: int, facts: dict[str, Any], arrays: Arrays, unpacked: Container[str] = ()
) -> None:
    """Write ``arrays`` and ``facts`` as one compressed ``.npz`` whose hash covers all of it.

    Args:
        path: Where to write, atomically.
        kind: What the file is, such as "scores"; checked when read.
        version: Version of this kind's format.
        facts: Plain data kept beside the arrays.
        arrays: Arrays of numbers or fixed-width text.
        unpacked: Those that are not compressed, which of chances saves little and takes most of the time.

    Raises:
        UserError: The folder cannot be written, or the disk is full.
    """
    with atomic(path) as temporary:
        write_arrays(temporary, kind, version, facts, arrays, unpacked)


def write_arrays(
    path: Path, kind: str, version: int, facts: dict[str, Any], arrays: Arrays, unpacked: Container[str] = ()
) -> None:
    """Write what ``save_arrays`` writes straight to ``path``, for a folder that is itself moved into place when whole.

    Raises:
        OSError: The file cannot be written.
    """
    head = {"kind": kind, "version": version, "facts": facts, "hash": _digest(kind, version, facts, arrays)}
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in (arrays | {_FACTS: np.array(json.dumps(head))}).items():
            member = zipfile.ZipInfo(f"{name}.npy")  # of no date, so that equal arrays are equal bytes
            member.compress_type = zipfile.ZIP_STORED if name in unpacked else zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def load_arrays(path: Path, kind: str, version: int, oldest: int | None = None) -> tuple[dict[str, Any], Arrays]:
    """Read what ``save_arrays`` wrote.

    Args:
        path: The file.
        kind: What it must be.
        version: Version of this kind's format.
        oldest: The first version that can still be read; by default only ``version``.

    Raises:
        UserError: The file is missing, truncated, of another kind or version, or was edited.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        head = from_json(str(arrays.pop(_FACTS)))
        found = (head["kind"], head["version"])
        digest = _digest(*found, head["facts"], arrays)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist", f"make the {kind} file first") from None
    except PermissionError as error:
        raise explain_os_error(error, path) from error
    except Exception:  # damaged or hostile bytes fail in many ways
        raise UserError(f"{path} is not a readable {kind} file, or is truncated", "make it again") from None
    known = range(version if oldest is None else oldest, version + 1)
    if found[0] != kind:
        raise UserError(f"{path} is a {found[0]} file", f"give a {kind} file")
    if found[1] not in known:
        raise UserError(
            f"{path} is a {kind} file of version {found[1]}, expected {version}",
            "make it again with this version of Pixelproof",
        )
    if head.get("hash") != digest:
        raise UserError(f"{path} was changed after it was written (its hash does not match)", "make it again")
    if not isinstance(head["facts"], dict):
        raise misfit(path, kind)
    return head["facts"], arrays


def expect(path: Path, kind: str, arrays: Arrays, forms: Forms) -> None:
    """Check that ``arrays`` are those of a kind of file, which a hash alone does not say.

    Args:
        path: Where they were read.
        kind: What the file is.
        arrays: What was read.
        forms: Name -> (letter of NumPy's dtype kind, shape; None stands for any length).

    Raises:
        UserError: An array is missing, too many, or of another type or shape.
    """
    fits = set(arrays) == set(forms) and all(
        arrays[name].dtype.kind == letter
        and arrays[name].ndim == len(shape)
        and all(want is None or want == side for want, side in zip(shape, arrays[name].shape, strict=True))
        for name, (letter, shape) in forms.items()
    )
    if not fits:
        raise misfit(path, kind)


def misfit(path: Path, kind: str) -> UserError:
    """Return the sentence for a file whole in itself that does not hold what its kind holds."""
    return UserError(f"{path} does not hold what a {kind} file holds", "make it again")


def _digest(kind: str, version: int, facts: dict[str, Any], arrays: Arrays) -> str:
    digest = hashlib.sha256(json.dumps([kind, version, facts], sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
