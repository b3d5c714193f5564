"""Plain data without the places of the machine that wrote it."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

_PATH = re.compile(r"model\.(members\.)*weights|data\.cache|models\.path|settings\.(.+\.)?(weights|cache)")
"""Where paths stand in a run's settings, in comparisons and in what a study's command changes, by the keys to them."""
_COMMAND = "command"
_PATTERNS = ("groups", "pattern")
"""Settings that are regular expressions, which may begin as a path does."""


def without_places(value: Any, at: str = "") -> Any:
    """Return plain data in which every path that begins at a root or a home is its last name alone.

    Names, titles and ids may look like paths, and stay: paths are looked for where they stand in our files.

    Args:
        value: The data of a ``config.yaml``, ``environment.json``, ``study.json``, ``comparison.json`` or
            ``stress.json``.
        at: The keys that lead to it, with dots between them.

    >>> without_places({"command": "pixelproof train '/home/me/my data' --set weights=/w/a.pt", "title": "/w/a"})
    {'command': "pixelproof train 'my data' --set weights=a.pt", 'title': '/w/a'}
    >>> without_places({"models": [{"name": "~/a", "path": "~/a"}]})
    {'models': [{'name': '~/a', 'path': 'a'}]}
    """
    if isinstance(value, dict):
        return {key: without_places(each, f"{at}.{key}".lstrip(".")) for key, each in value.items()}
    if isinstance(value, list):
        return [without_places(each, at) for each in value]
    if not isinstance(value, str):
        return value
    return _command(value) if at == _COMMAND else _last_name(value) if _PATH.fullmatch(at) else value


def _command(line: str) -> str:
    """Return a command line whose words are without places."""
    try:
        words = shlex.split(line)
    except ValueError:  # it was no shell that wrote it
        words = line.split()
    named = [_without_place(word) for word in words]
    return line if named == words else shlex.join(named)


def _without_place(word: str) -> str:
    """Return a word, or a setting with its value, with the last name of a path in its place."""
    if word.partition("=")[0].rpartition(".")[2] in _PATTERNS:
        return word
    starts = [0, *(sign.end() for sign in re.finditer("=", word))]
    return next((word[:at] + named for at in starts if (named := _last_name(word[at:])) != word[at:]), word)


def _last_name(path: str) -> str:
    """Return the last name of a path that begins at a root or a home; any other text as it is."""
    for kind in (PurePosixPath, PureWindowsPath):
        if kind(path).is_absolute() or path.startswith("~"):
            return kind(path).name
    return path
