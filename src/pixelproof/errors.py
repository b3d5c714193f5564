"""The two ways in which Pixelproof says no.

Every error a user can cause is one sentence: what is wrong, where, and what to do next. Both parts are required
arguments, so an error without a remedy cannot be written.
"""

from __future__ import annotations

import re

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended, as shells count it."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def visible(text: str) -> str:
    r"""Return text for a terminal, control characters as escapes: names of files may hold any, to deceive or to delete.

    >>> visible("a\nb\x1b[2J")
    'a\\nb\\x1b[2J'
    """
    return _CONTROL.sub(lambda match: repr(match.group())[1:-1], text)


class UserError(Exception):
    """Wrong use or bad input: exit code 2.

    Args:
        problem: What is wrong and where, naming the file, key or value; no full stop.
        remedy: What to do next, as an imperative; no full stop.
    """

    exit_code = 2

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(visible(f"{problem}; {remedy}"))
        self.problem = problem
        self.remedy = remedy


class Refusal(UserError):
    """The question was understood and the answer is "no": exit code 1."""

    exit_code = 1
