"""The two ways in which Pixelproof says no.

Every error a user can cause is one sentence: what is wrong, where, and what to do next. Both parts are required
arguments, so an error without a remedy cannot be written.
"""

from __future__ import annotations


class UserError(Exception):
    """Wrong use or bad input: exit code 2.

    Args:
        problem: What is wrong and where, naming the file, key or value; no full stop.
        remedy: What to do next, as an imperative; no full stop.
    """

    exit_code = 2

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


class Refusal(UserError):
    """The question was understood and the answer is "no": exit code 1."""

    exit_code = 1
