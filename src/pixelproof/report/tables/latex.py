r"""Tables for print as LaTeX, to be read with \input into a document that loads booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pixelproof.errors import visible

MARK = r"$^{\ast}$"
"""Behind a figure that is known to be better than every other one of its row or column."""
UNDEFINED = "--"
_SPECIAL = {sign: f"\\{sign}" for sign in "_%$&#{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # At the start of a row these would be read as arguments of the end of the one before.
    "[": "{[}",
    "*": "{*}",
}
_JOINED = re.compile(r"([-'`,])(?=\1)")
"""Signs that become another one where they stand twice."""


@dataclass(frozen=True)
class Figure:
    """A cell: a number as it is printed, what stands behind it, and whether it is known to be better than all others.

    Attributes:
        text: The number; empty where it is undefined.
        behind: What follows it, as LaTeX, such as its standard deviation.
        marked: Whether it is known to be better than the others it stands beside.
    """

    text: str
    behind: str = ""
    marked: bool = False


def escaped(text: str) -> str:
    r"""Return any text so that LaTeX prints it, on one line.

    >>> print(escaped("a_b 50%"))
    a\_b 50\%
    """
    line = "".join(_SPECIAL.get(sign, sign) for sign in visible(" ".join(text.split())))
    return _JOINED.sub(r"\1{}", line)


def bold_best(figures: Sequence[Figure]) -> list[str]:
    """Return cells as LaTeX, the highest in bold and those printed alike; where all are, none is the best."""
    known = {float(each.text) for each in figures if each.text}
    return [_cell(each, len(known) > 1 and each.text != "" and float(each.text) == max(known)) for each in figures]


def _cell(each: Figure, best: bool) -> str:
    if not each.text:
        return UNDEFINED
    return (rf"\textbf{{{each.text}}}" if best else each.text) + (MARK if each.marked else "") + each.behind


def table(columns: str, heads: Sequence[str], blocks: Sequence[Sequence[Sequence[str]]], caption: str, key: str) -> str:
    """Return a LaTeX table with its caption above it.

    Args:
        columns: Their alignment, such as ``lrr``.
        heads: As LaTeX, as all that follows.
        blocks: Rows of cells, with a rule between blocks.
        caption: What is shown.
        key: Of its label, a plain word.
    """
    rows = "\\midrule\n".join("".join(_line(row) for row in block) for block in blocks if block)
    return (
        "% Needs \\usepackage{booktabs}\n"
        f"\\begin{{table}}\n\\centering\n\\caption{{{caption}}}\n\\label{{tab:{key}}}\n"
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{_line(heads)}\\midrule\n{rows}\\bottomrule\n"
        "\\end{tabular}\n\\end{table}\n"
    )


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + " \\\\\n"
