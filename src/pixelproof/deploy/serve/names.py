"""Names of served models: those of their run folders, made so that a URL holds them as they are."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pixelproof.runs.files import file_name


def model_names(runs: Sequence[Path]) -> list[str]:
    """Return a name for each run folder: its own, or what the user called it where two share one.

    Names hold letters and digits of any script, dots, dashes and underscores, and no two are the same.
    """
    names = [_safe(run.resolve().name) for run in runs]
    typed = [_safe(str(run)) if names.count(name) > 1 else name for run, name in zip(runs, names, strict=True)]
    unique: list[str] = []
    for name in typed:
        numbered = (f"{name}-{number}" for number in range(2, len(typed) + 2))
        unique.append(name if name not in unique else next(n for n in numbered if n not in (*unique, *typed)))
    return unique


def _safe(name: str) -> str:
    # Clients resolve "." and ".." in a path before they send it.
    return file_name(unicodedata.normalize("NFC", name)).strip("-.") or "run"
