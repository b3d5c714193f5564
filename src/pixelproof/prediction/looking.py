"""What ``predict`` looks for: thresholds by hand, or the rule that a run keeps, on images and on groups of them."""

from __future__ import annotations

from collections.abc import Sequence

from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme, merge_classes
from pixelproof.labels.thresholds import LookFor, Threshold, classes_of
from pixelproof.progress import say
from pixelproof.runs.rule_file import Rule


def asked_by_hand(thresholds: Sequence[Threshold], scheme: LabelScheme, any_of: str | None, per_group: bool) -> LookFor:
    """Return thresholds by hand as what is looked for on images, and on groups where there are any.

    Args:
        thresholds: The thresholds.
        scheme: The classes.
        any_of: A class, or several as one, that a group is of if any of its images is.
        per_group: Whether groups are answered for.

    Raises:
        UserError: ``any_of`` is no class, or no groups are asked for, or a threshold is of a part of it, which groups
            have no probability of.
    """
    if any_of is None:
        return LookFor(thresholds, thresholds)
    if scheme.task != "classification":
        raise UserError("--any is for classifiers, and this run draws masks", "leave it out")
    if not per_group:
        raise UserError("--any says when a group is of a class, and no groups are asked for", "give --per-group, too")
    merged, _ = merge_classes(scheme, {any_of: classes_of(any_of, scheme, f"--any '{any_of}': ")})
    for name, _ in thresholds:
        try:
            classes_of(name, merged)
        except UserError:
            problem = f"groups have no probability of '{name}' where --any takes '{any_of}' as one class"
            raise UserError(problem, f"give --threshold '{any_of}=...', or leave --any out") from None
    return LookFor(thresholds, thresholds, any_of)


def as_kept(rule: Rule, scheme: LabelScheme, any_of: str | None, per_group: bool) -> LookFor:
    """Return the rule that a run keeps as what is looked for: on what it was chosen for, and on nothing else.

    Arguments are those of ``asked_by_hand``.

    Raises:
        UserError: The rule is for groups in another way than ``any_of`` asks for.
    """
    if rule.unit == "image":
        if per_group:
            say("note: the kept rule is for images, so that per_group.csv does not say which groups to look at")
        return LookFor((rule.threshold,), (), any_of)
    if any_of is not None and (rule.by == "mean" or set(classes_of(any_of, scheme)) != set(rule.classes)):
        how = "the mean of their images" if rule.by == "mean" else f"any of their images for {rule.name}"
        remedy = "leave --any out, or give --no-rule"
        raise UserError(f"the kept rule asks of groups {how}, and --any '{any_of}' something else", remedy)
    if rule.by == "any":
        return LookFor((rule.threshold,), (rule.threshold,), rule.name if per_group else None)
    if not per_group:
        say("note: the kept rule is for groups of images: give --per-group to use it; images alone are not asked")
    return LookFor((), (rule.threshold,))
