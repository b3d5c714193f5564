"""The tables for print compile as ``docs/how-to/paper.md`` says, with any name, and fit into the line."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pixelproof.report.beside import named
from pixelproof.report.tables.printed import Printed, printed
from pixelproof.report.tables.table import Table

NAMES = ["a_b", "50%", "R&D", "#1", "été", "x^2", "{}", "back\\slash", "~", "[2pt]", "*", "--d", "<tag>", "$5$ ``q''"]
NAMES += ["β cells ≤ 5 μm", "−5 °C", "fcn8s-of-a-model-whose-name-is-long", "\x1b|"]
FIGURES = ("accuracy", "accuracy_low", "accuracy_high", "balanced_accuracy", "macro_f1")


def tables() -> dict[str, str]:
    """Tables of models and classes that bear every one of these names, wider than a line."""
    sizes = {"parameters": 1_234_567, "macs": 987_654_321, "images": 2_500}
    models = [{"model": name, **sizes, **dict.fromkeys(FIGURES, place / 20)} for place, name in enumerate(NAMES)]
    classes = [{"model": m, "class": c, "images": 9, "recall": 0.5} for m in NAMES[-4:] for c in NAMES]
    shown = Printed(
        "odd", " ".join(NAMES), Table("models", "", models), Table("classes", "", classes), "accuracy", frozenset()
    )
    return {name: file.data.decode() for name, file in named(printed(shown)).items()}


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex, of texlive-latex-base and -recommended")
@pytest.mark.parametrize("packages", ["booktabs", "booktabs,graphicx"])
def test_tables_compile_and_fit_where_graphics_may_shrink_them(tmp_path: Path, packages: str):
    files = tables()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    body = "".join(rf"\input{{{name}}}Table~\ref{{tab:{name.removesuffix('.tex')}}}" for name in files)
    head = rf"\documentclass{{article}}\usepackage{{{packages}}}"
    (tmp_path / "paper.tex").write_text(rf"{head}\begin{{document}}\listoftables {body}\end{{document}}")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    for _ in range(2):  # the second time with the list of tables
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    log = (tmp_path / "paper.log").read_text("latin-1")
    assert done.returncode == 0, log[-2000:]
    assert "undefined" not in log
    assert "Missing character" not in log
    too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide", log)]
    assert bool(too_wide) == ("graphicx" not in packages), too_wide


def test_heads_of_several_words_have_two_lines_and_others_one():
    text = tables()["odd-models.tex"]
    assert r"& \begin{tabular}[b]{@{}r@{}}Balanced\\accuracy\end{tabular} &" in text
    assert " & MACs (G) & " in text
    assert r"\ensuremath{\beta} cells \ensuremath{\leq} 5 \ensuremath{\mu}m & " in text
