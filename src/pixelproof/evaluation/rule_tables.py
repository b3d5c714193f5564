"""A rule that a run keeps, in sentences and as a table: what was promised beside what it does on other images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from pixelproof.errors import visible
from pixelproof.evaluation.asked import plain_cost, plain_looked
from pixelproof.evaluation.asked_tables import DIGITS, Cells, share_cells, share_name
from pixelproof.evaluation.cost import IMAGES, Cost
from pixelproof.evaluation.rule import Held
from pixelproof.numbers import UNDEFINED, interval, share, significant
from pixelproof.runs.rule_file import CostFacts, Rule
from pixelproof.terminal import add_row, table


def promised_line(rule: Rule) -> str:
    """Return what was promised of a rule."""
    return f"Promised: {rule.promise}." if rule.goal.promised else f"{rule.promise[0].upper()}{rule.promise[1:]}."


def held_line(found: Held) -> str:
    """Return whether what was promised of a rule is held on other images; empty where these say nothing of it."""
    goal, part = found.rule.goal, found.looked.shares["sensitivity"]
    if found.own:
        return "" if goal.promised else "It was chosen on these images, and is likely to do worse on others."
    if found.learned:
        return f"The model has learned from images of {found.split}, or was chosen by some: they flatter its rule."
    if found.same_split:
        return f"The rule was chosen on {found.split}, too: where most of these images are the same, they flatter it."
    if not part.of:
        return f"No {found.rule.unit} of {found.split} is of {found.rule.name}: nothing is told of what it finds."
    here = f"{share(part.value)} of {found.rule.name} on {found.split} (95% interval {interval(part.low, part.high)})"
    wanted = f"{significant(100 * (goal.value or 0), DIGITS)}%"
    return {
        "held": f"The promise is held: it finds {here}.",
        "not held": f"The promise is not held: it finds {here}, and {wanted} were promised.",
        "undecided": f"It finds {here}, less than the {wanted} promised, and as much may be by chance.",
        "": f"It finds {here}.",
    }[found.verdict]


def rule_rows(rule: Rule, others: Sequence[Held]) -> list[tuple[str, list[Cells]]]:
    """Return the figures of a rule: what each is, and the figure where the rule was chosen and on others."""
    units = f"{rule.unit}s"
    rows = []
    for name, facts in rule.shares.items():
        cells = [share_cells(facts), *(share_cells(found.looked.shares[name]) for found in others)]
        rows.append((share_name(name, units), cells))
    if rule.cost is not None:
        rows.append(
            (f"cost of {IMAGES:,} {units}", [cost_cells(each) for each in (rule.cost, *(o.cost for o in others))])
        )
    return rows


def cost_cells(cost: Cost | CostFacts | None) -> Cells:
    """Return a cost, its interval, and what it is made of."""
    if cost is None:
        return UNDEFINED, UNDEFINED, UNDEFINED
    ends = UNDEFINED if cost.low is None else f"{cost.low:,.1f} to {cost.high:,.1f}"
    return f"{cost.value:,.1f}", ends, f"{cost.missed:,} missed, {cost.alarms:,} alarms"


def print_rule(found: Held, out: Console) -> None:
    """Print a kept rule, what was promised of it, and what it does on these scores."""
    rule, others = found.rule, [] if found.own else [found]
    made = table("", "share", "95% interval", f"{rule.unit}s", title=f"Kept rule: {rule.says}")
    for name, cells in rule_rows(rule, others):
        add_row(made, name, *(() if others else cells[0]))
        for split, each in zip((rule.chosen.split, found.place), cells if others else (), strict=False):
            add_row(made, f"  on {split}", *each)
    out.print(made)
    print(visible(f"It was {rule.origin}. {promised_line(rule)}"))
    if line := held_line(found):
        print(visible(line))


def plain_rule(found: Held) -> dict[str, Any]:
    """Return a kept rule, and what it does on these scores, as plain data."""
    here = plain_looked(found.looked) | {"split": found.split, "rows": found.rows, "own": found.own}
    here |= {"same_split": found.same_split, "learned": found.learned, "promise": found.verdict or None}
    here |= {"cost": None if found.cost is None else plain_cost(found.cost)}
    return found.rule.model_dump(mode="json") | {"says": found.rule.says, "here": here}
