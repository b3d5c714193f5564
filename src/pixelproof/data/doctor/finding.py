"""One thing that the doctor says of a data set."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pixelproof.runs.diagnosis_file import Severity

MOST_FILES = 50


def kinds_in_words(kinds: Counter[str], most: int | None = None) -> str:
    """Return how many there are of each kind, the most frequent first, of so many kinds at most."""
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(most))


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or worth knowing.

    Attributes:
        check: Name of the check, such as "duplicate-across-splits".
        severity: "error" where training would fail or be wrong, "warning" where it may be, "note" otherwise.
        files: Paths relative to the data root, at most 50 of them.
        count: How many files there are; of a finding that is not about files, how many things.
        message: What was found and why it matters.
        fix: What to do about it.
    """

    check: str
    severity: Severity
    files: tuple[str, ...]
    count: int
    message: str
    fix: str
