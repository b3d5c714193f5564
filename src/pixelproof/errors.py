"""The two ways in which Pixelproof says no, and what it says of files that the system refuses.

Every error a user can cause is one sentence: what is wrong, where, and what to do next. Both parts are required
arguments, so an error without a remedy cannot be written.
"""

from __future__ import annotations

import errno
import re

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended, as shells count it."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # the last two groups turn text around


def visible(text: str) -> str:
    r"""Return text for a terminal, control characters as escapes: names of files may hold any, to deceive or to delete.

    >>> visible("a\nb\x1b[2J")
    'a\\nb\\x1b[2J'
    """
    return _CONTROL.sub(lambda match: repr(match.group())[1:-1], text)


def printable(text: str) -> str:
    """Return text in which file names that are not UTF-8 show as escapes, so that any terminal and JSON take it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


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

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """Return how another process makes the same one; of itself Python would give it the message alone."""
        return type(self), (self.problem, self.remedy)


class Diverged(UserError):
    """Training came to numbers that are not finite."""


class Refusal(UserError):
    """The question was understood and the answer is "no": exit code 1."""

    exit_code = 1


def require_utf8(path: object) -> None:
    """Refuse a file's name that is not UTF-8, which no file of ours could hold.

    Raises:
        UserError: It is not.
    """
    if printable(str(path)) != str(path):
        raise UserError(f"the name {printable(str(path))} is not UTF-8", "rename it")


def explain_unwritten(error: OSError, path: object) -> UserError:
    """Return the sentence for a failed write of ``path``, whose folders are made where they can be."""
    if error.errno == errno.ENOENT:
        return UserError(f"no folder can be made for {path}", "choose another place")
    return explain_os_error(error, path)


def explain_os_error(error: OSError, path: object) -> UserError:
    """Return the sentence for a failed read or write of ``path``."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(f"the disk is full while writing {path}", "free some space and run the command again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(f"no permission for {path}", "change its permissions or choose another folder")
    if error.errno == errno.ENOENT:
        return UserError(f"{path} does not exist", "check the path")
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return UserError(f"{path} is in the way of a file or folder of another kind", "choose another path")
    return UserError(f"{path} cannot be used: {error.strerror or error}", "check the disk and the path")
