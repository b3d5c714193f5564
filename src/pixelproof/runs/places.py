"""Plain data without the places of the machine that wrote it."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

_PATTERNS = ("groups", "pattern")
"""Names of regular expressions, which may begin as a path does."""


def without_places(value: Any) -> Any:
    """Return plain data in which every path that begins at a root or a home is its last name alone.

    >>> without_places({"command": "pixelproof train '/home/me/my data' --set weights=/w/a.pt", "weights": "b.pt"})
    {'command': "pixelproof train 'my data' --set weights=a.pt", 'weights': 'b.pt'}
    """
    if isinstance(value, dict):
        return {key: _named(str(key), each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_places(each) for each in value]
    return _last_name(value) if isinstance(value, str) else value


def _named(key: str, value: Any) -> Any:
    if _is_pattern(key):
        return value
    return _command(value) if key == "command" else without_places(value)


def _is_pattern(key: str) -> bool:
    return key.rpartition(".")[2] in _PATTERNS


def _command(line: Any) -> Any:
    """Return a command line whose words are without places."""
    try:
        words = shlex.split(line) if isinstance(line, str) else []
    except ValueError:  # it was no shell that wrote it
        words = line.split()
    named = [_last_name(word) for word in words]
    return line if named == words else shlex.join(named)


def _last_name(word: str) -> str:
    """Return a word, or a setting with its value, with the last name of a path in its place."""
    if _is_pattern(word.partition("=")[0]):
        return word
    key, sign, value = word.rpartition("=")
    for kind in (PurePosixPath, PureWindowsPath):
        path = kind(value)
        if path.is_absolute() or value.startswith("~"):
            return f"{key}{sign}{path.name}"
    return word
