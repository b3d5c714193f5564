"""What is answered of a classifier's thresholds, as tables in the terminal."""

from __future__ import annotations

import shlex

from rich.console import Console

from pixelproof.errors import visible
from pixelproof.evaluation.asked import Answers
from pixelproof.evaluation.cost import IMAGES, Cost, Costs
from pixelproof.evaluation.finding import Found
from pixelproof.evaluation.threshold import Looked, Share
from pixelproof.numbers import interval, share, significant
from pixelproof.runs.rule_file import ShareFacts
from pixelproof.terminal import add_row, table

LOOKED = {
    "sensitivity": "sensitivity (recall)",
    "others_looked_at": "all others also looked at",
    "looked_at": "{units} looked at",
}
"""How figures are called that are not called as their names are."""
Cells = tuple[str, str, str]
"""A figure, its interval, and its counts."""
DIGITS = 10
"""Of numbers that are printed as they were written."""


def print_answers(answers: Answers, units: str, grouped: bool, out: Console) -> None:
    """Print the answers.

    Args:
        answers: What was asked.
        units: What a row of the scores is about, "images" or "groups".
        grouped: Whether they know groups, of which one image each counts for a promise.
        out: Where to.
    """
    for looked in answers.looked:
        _looked(looked, units, out)
    for found in answers.found:
        print(visible(_found(found, f"groups with {units}" if grouped else units)))
        _looked(found.looked, units, out)
        print(visible(f"Test it on others: {_option('threshold', found.looked.name, found.looked.probability)}"))
    for costs in answers.costs:
        _costs(costs, units, out)


def _looked(found: Looked, units: str, out: Console) -> None:
    """Print what looking at all images, or groups, from a probability of a class on finds."""
    title = f"Looking at all {units} from probability {found.probability:g} of {found.name} on"
    made = table("", "share", "95% interval", units, title=title)
    for name, part in found.shares.items():
        add_row(made, share_name(name, units), *share_cells(part))
    out.print(made)


def share_name(name: str, units: str) -> str:
    """Return what a share of ``Looked`` is called in a table of "images" or "groups"."""
    return LOOKED.get(name, name).format(units=units)


def share_cells(found: Share | ShareFacts) -> Cells:
    """Return a share, its interval and its counts."""
    hits = found.hits if isinstance(found, Share) else found.images
    return share(found.value), interval(found.low, found.high), f"{hits:,} of {found.of:,}"


def _found(found: Found, trials: str) -> str:
    """Return the sentence before what a threshold finds; ``trials`` are what counts for a promise."""
    of = f"{significant(100 * found.goal, DIGITS)}% of {found.looked.name}"
    if found.promised:
        alike = ", each group counting alike" if trials.startswith("groups") else ""
        return f"At least {of} is found with 95% certainty{alike}:"
    return (
        f"To promise {of} takes {found.needed:,} {trials} of it, and here are {found.trials:,}. "
        "What reaches it on these, and may not on others:"
    )


def _costs(found: Costs, units: str, out: Console) -> None:
    """Print what ways to look for a class cost."""
    price = f"missing one of {found.name} costs {significant(found.times, DIGITS)} false alarms"
    heads = ("missed here", "false alarms here", f"cost of {IMAGES:,}", "95% interval")
    made = table("look at", *heads, title=f"Cost of {units} in false alarms, where {price}")
    chosen = [(f"{_from(found.least)}, the least here", found.least)] if found.helps else []
    rows = [*chosen, *((_from(each), each) for each in found.tested), ("all", found.every), ("none", found.none)]
    for name, cost in rows:
        ends = f"{cost.low:,.1f} to {cost.high:,.1f}"
        add_row(made, name, f"{cost.missed:,}", f"{cost.alarms:,}", f"{cost.value:,.1f}", ends)
    out.print(made)
    if not found.helps:
        print(f"No threshold costs less on these {units} than looking at {found.cheapest}.")
        return
    asked = f"{_option('threshold', found.name, found.least.probability)} {_option('cost', found.name, found.times)}"
    least = f"The least was chosen on these {units}, and is likely to cost more on others."
    print(visible(f"{least} Test it there: {asked}"))


def _option(name: str, of: str, value: float) -> str:
    """Return an option as it is typed into a shell."""
    return f"--{name} {shlex.quote(f'{of}={significant(value, DIGITS)}')}"


def _from(cost: Cost) -> str:
    return f"from {cost.probability:g}"
