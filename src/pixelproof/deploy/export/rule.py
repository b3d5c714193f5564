"""Which rule an exported file carries, and what its description says of applying it."""

from __future__ import annotations

from typing import Any

from pixelproof.errors import visible
from pixelproof.evaluation.calibration import ONE_LOOK
from pixelproof.labels import LabelScheme
from pixelproof.numbers import significant
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.kept_rule import chosen_again
from pixelproof.runs.rule_file import DIGITS, Rule
from pixelproof.verbs.rule import rule_in_use


def rule_to_carry(run: Run, use: bool) -> Rule | None:
    """Return the rule that a run keeps, where it holds for its network asked once, which is what is exported.

    Raises:
        UserError: The rule is none for the run as it is now.
    """
    rule = rule_in_use(run, use)
    if rule is None or rule.chosen.looks in ("", ONE_LOOK):
        return rule
    looks = f"{rule.chosen.looks} looks (flips and turns x sizes)"
    again = f"evaluate the run with --no-tta, and choose the rule by {chosen_again(run, rule)}"
    say(f"warning: the kept rule was chosen at {looks} and an export looks once, so that it carries none; {again}")
    return None


def plain_rule(rule: Rule, scheme: LabelScheme) -> dict[str, Any]:
    """Return a rule as plain data, with the channels of its classes."""
    return rule.brief() | {"channels": [scheme.names.index(name) for name in rule.classes]}


def rule_lines(rule: Rule, scheme: LabelScheme) -> str:
    """Return what the description of a file says of its rule, Markdown."""
    places = [str(scheme.names.index(name)) for name in rule.classes]
    channels = f"channel {places[0]}" if len(places) == 1 else f"channels {', '.join(places[:-1])} and {places[-1]}"
    of = "the probability" if len(places) == 1 else "the sum of the probabilities"
    unit = {
        None: "Of each image",
        "mean": "Of all images of a group",
        "any": "Of each image of a group",
    }[rule.by]
    take = f"{unit} take {of} of {channels}{'; the mean of these decides' if rule.by == 'mean' else ''}."
    least = significant(rule.probability, DIGITS)
    look = {
        None: f"Look at the image where it is at least {least}, whichever class is the likeliest.",
        "mean": f"Look at the group where it is at least {least}. An image alone is not asked.",
        "any": f"Look at the group where it is at least {least} for any of them.",
    }[rule.by]
    example = "The example does so; it takes all images given for one group." if rule.by else "The example does so."
    return (
        f"**The rule kept with the run:** {visible(rule.says)}; {visible(rule.origin)}. {take} {look} {example} "
        f"Promised: {visible(rule.promise)}. It stands in the contract as `rule`."
    )
