"""Run the benchmarks and write ``RESULTS.md``: ``python -m benchmarks [NAME ...]``.

Those that are not named keep their entries; so does one that fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PAGE = FOLDER / "RESULTS.md"
LINES = FOLDER / "results.jsonl"
NAMES = (
    *("boundary", "counting", "inference", "loading", "losses", "mapping", "projection", "resampling"),
    *("startup", "train_bfloat16", "train_classifier", "train_segmenter"),
)
"""Those that compare speed.

``coverage``, ``assessment``, ``seeds``, ``choosing``, ``unpaired``, ``corrections``, ``mask_corrections``,
``stress_alarms`` and ``more_labels`` measure promises.
"""
HEAD = """# Benchmarks

A ratio is the peer's time divided by ours, the median over n rounds in which everyone runs once, in turn and in one
process; beside it the smallest and the largest. Written by `make bench` from what the scripts print;
`python -m benchmarks.NAME` runs one.
"""


def run(name: str) -> dict[str, Any] | None:
    """Run one benchmark in a process of its own and return its answer; None if it failed, after saying so."""
    print(f"== {name}", file=sys.stderr)
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(f"== {name} failed", file=sys.stderr)
        return None
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def render(answers: dict[str, dict[str, Any]]) -> str:
    """Return the page."""
    return HEAD + "".join(_section(answers[name]) for name in sorted(answers))


def _section(answer: dict[str, Any]) -> str:
    machine = answer["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in answer["versions"].items())
    load = " ".join(f"{value:g}" for value in machine["load"])
    time = f"Ours: {answer['seconds']['ours']:.3g} s, n = {answer['n']}"
    place = f"{machine['cpu']}, {machine['threads']} threads, load {load} at the end"
    lines = [
        f"\n## {answer['name']}\n",
        f"{answer['claim']}.\n",
        "| against | times faster | smallest to largest | wanted | their time |",
        "|---|---|---|---|---|",
        *(_row(answer, peer) for peer in answer["ratios"]),
        f"\n{time}. {versions}. {place}. `python -m benchmarks.{answer['name']}`",
        *(f"\n{key}: {json.dumps(value)}" for key, value in answer["facts"].items()),
    ]
    return "\n".join(lines) + "\n"


def _row(answer: dict[str, Any], peer: str) -> str:
    low, high = answer["spread"][peer]
    ratio, wanted = answer["ratios"][peer], answer["targets"].get(peer)
    verdict = "" if wanted is None else f"{wanted:g}" + ("" if ratio >= wanted else ", **missed**")
    return f"| {peer} | **{ratio:.2f}** | {low:.2f} to {high:.2f} | {verdict} | {answer['seconds'][peer]:.3g} s |"


def main(wanted: list[str]) -> int:
    """Run what is wanted, or all, keep the answers and write the page; return 1 if one failed."""
    answers = {}
    if LINES.is_file():
        answers = {line["name"]: line for line in map(json.loads, LINES.read_text(encoding="utf-8").splitlines())}
    failed = False
    for name in wanted or NAMES:
        answer = run(name)
        failed |= answer is None
        answers |= {name: answer} if answer else {}
        kept = [json.dumps(answers[key]) for key in sorted(answers) if key in NAMES]
        LINES.write_text("\n".join(kept) + "\n", encoding="utf-8")
        PAGE.write_text(render({key: answers[key] for key in answers if key in NAMES}), encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
