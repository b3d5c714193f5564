"""Check that the code stays in pieces a reader can hold: ``python tools/sizes.py src``.

Prints the sizes of files and functions and exits with 1 where one is over its limit. Code lines leave out blanks,
comments and docstrings. A file may exempt itself with a comment ``# sizes: REASON`` in its first ten lines.
"""

from __future__ import annotations

import ast
import statistics
import sys
import tokenize
from pathlib import Path

FILE_LIMIT = 400  # lines
FUNCTION_LIMIT = 50  # code lines
NOT_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def code_lines(path: Path, tree: ast.Module) -> set[int]:
    """Return the numbers of the lines that hold code."""
    with path.open("rb") as file:
        tokens = [t for t in tokenize.tokenize(file.readline) if t.type not in NOT_CODE and t.string]
    lines = {line for t in tokens for line in range(t.start[0], t.end[0] + 1)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function) and ast.get_docstring(node, clean=False):
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return lines


def measure(path: Path) -> tuple[int, list[tuple[int, str]]]:
    """Return a file's number of lines, and the code lines of each of its functions with their places."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    lines = code_lines(path, tree)
    functions = [
        (len(lines & set(range(node.lineno, (node.end_lineno or 0) + 1))), f"{path}:{node.lineno} {node.name}")
        for node in ast.walk(tree)
        if isinstance(node, Function)
    ]
    return source.count("\n"), functions


def row(name: str, values: list[int]) -> str:
    """Return one line of the report."""
    values = sorted(values)
    high = values[round(0.9 * (len(values) - 1))]
    return f"{name}: n {len(values)}, median {statistics.median(values):.0f}, p90 {high}, max {values[-1]}"


def main(roots: list[str]) -> int:
    """Print the report and return the exit code."""
    files, functions, complaints = [], [], []
    for path in sorted(p for root in roots for p in Path(root).rglob("*.py")):
        total, inside = measure(path)
        files.append(total)
        functions += [size for size, _ in inside]
        if "# sizes: " in "".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:10]):
            continue
        if total > FILE_LIMIT:
            complaints.append(f"{path} has {total} lines, limit {FILE_LIMIT}")
        complaints += [f"{where} has {size} code lines, limit {FUNCTION_LIMIT}"
                       for size, where in inside if size > FUNCTION_LIMIT]  # fmt: skip
    print(row("lines a file", files))
    print(row("code lines a function", functions))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["src"]))
