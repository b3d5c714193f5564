r"""Tables for print as LaTeX, to be read with \input into a document that loads booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pixelproof.errors import visible

MARK = r"$^{\ast}$"
"""Behind a figure that is known to be better than every other one of its row or column."""
UNDEFINED = "--"
WIDE = 10
"""Signs of a head from which on it has two lines, as far as it has two words."""
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
_COMMANDS = (
    r"\leq\geq\neq\approx\infty"
    r"\alpha\beta\gamma\delta\varepsilon\zeta\eta\theta\iota\kappa\lambda\mu\nu\xi\pi\rho\sigma\tau\upsilon\varphi\chi\psi"
    r"\omega\Gamma\Delta\Theta\Lambda\Xi\Pi\Sigma\Upsilon\Phi\Psi\Omega"
)
_MATHEMATICS = {"−": "-"} | dict(
    zip("≤≥≠≈∞αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", re.findall(r"\\\w+", _COMMANDS), strict=True)
)
"""Signs that no font for text of pdfLaTeX has; Greek ones where they stand alone, as in "β cells"."""
_ALONE = re.compile(f"(?<![\u0370-\u03ff])[{''.join(_MATHEMATICS)}](?![\u0370-\u03ff])")
_BREAKS = re.compile(r" |(?<=\w)-(?=\w)")
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
    line = _JOINED.sub(r"\1{}", line)
    return _ALONE.sub(lambda sign: rf"\ensuremath{{{_MATHEMATICS[sign[0]]}}}", line)


def in_lines(text: str) -> str:
    r"""Return the head of a column, given as LaTeX, in two lines where it has several words and is not short.

    >>> print(in_lines("Pixel accuracy"))
    \begin{tabular}[b]{@{}r@{}}Pixel\\accuracy\end{tabular}
    """
    ends = [place.end() for place in _BREAKS.finditer(text)]
    if len(text) < WIDE or not ends:
        return text
    middle = min(ends, key=lambda place: abs(place - len(text) / 2))
    return rf"\begin{{tabular}}[b]{{@{{}}r@{{}}}}{text[:middle].rstrip()}\\{text[middle:]}\end{{tabular}}"


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
        "% Needs \\usepackage{booktabs}; with \\usepackage{graphicx} it shrinks where it is wider than the line\n"
        "\\begin{table}\n\\centering\n"
        "\\ifdim\\belowcaptionskip>0pt\\else\\setlength{\\belowcaptionskip}{6pt}\\fi\n"
        f"\\caption{{{caption}}}\n\\label{{tab:{key}}}\n"
        "\\providecommand{\\resizebox}[3]{#3}\n"
        "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{_line(heads)}\\midrule\n{rows}\\bottomrule\n"
        "\\end{tabular}}\n\\end{table}\n"
    )


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + " \\\\\n"
