"""A decision rule: chosen by scores, to be kept by their run, and what it finds on other scores of that run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pixelproof.errors import UserError
from pixelproof.evaluation.asked import Answers, Questions, answer, plain_cost, plain_looked
from pixelproof.evaluation.cost import Cost, Costs, costs
from pixelproof.evaluation.per_group import GROUP, scores_per_group
from pixelproof.evaluation.selective import learned_from
from pixelproof.evaluation.threshold import Looked, choosable, looked
from pixelproof.labels.thresholds import Asked, classes_of
from pixelproof.numbers import ROUNDING
from pixelproof.runs import Scores
from pixelproof.runs.rule_file import ChosenOn, CostFacts, Goal, Rule, ShareFacts

By = Literal["mean", "any"]
Verdict = Literal["held", "not held", "undecided", ""]


@dataclass(frozen=True)
class Held:
    """What a rule does on scores of its run.

    Attributes:
        rule: The rule.
        split: Where they are of.
        rows: Images, or groups where the rule is for these.
        looked: What it finds on them.
        cost: What it costs on them; None where no cost chose it, or it cannot be told.
        own: Whether it was chosen on these images.
        learned: Whether the network has learned from any of them, which flatters it.
    """

    rule: Rule
    split: str
    rows: int
    looked: Looked
    cost: Cost | None
    own: bool
    learned: bool

    @property
    def same_split(self) -> bool:
        """Whether these are of the split that chose the rule, with other images or labels: most may be the same."""
        return not self.own and self.split == self.rule.chosen.split

    @property
    def place(self) -> str:
        """Where the scores are of, told apart from where the rule was chosen."""
        return f"{self.split} now" if self.same_split else self.split

    @property
    def verdict(self) -> Verdict:
        """Whether the share that was promised is found here; undecided where less is, and these are too few to tell.

        Empty where no share was promised, or the images say nothing of it, as they flatter it or none is of the class.
        """
        goal, found = self.rule.goal, self.looked.shares["sensitivity"]
        flattered = self.own or self.same_split or self.learned
        if not goal.promised or goal.value is None or flattered or not found.of:
            return ""
        if found.value >= goal.value - ROUNDING:
            return "held"
        return "not held" if found.high < goal.value else "undecided"


def rule_of(scores: Scores, questions: Questions, by: By | None, any_of: str | None, chosen: ChosenOn) -> Rule:
    """Return the rule that answers the one question that is asked, as it is kept.

    Args:
        scores: Those of images, from which those of groups are made where ``by`` says so.
        questions: One alone: a threshold by hand, a share to find, or a cost.
        by: Of groups, whether their mean or any of their images has to reach the threshold; None for images.
        any_of: The class that a group is of if any of its images is.
        chosen: Where the scores are from; its ``rows`` are counted here.

    Raises:
        UserError: There is not one question, it is of another class than ``any_of``, the scores cannot answer it, or
            the model has learned from any of the images.
    """
    name, value = only_one(questions)
    if any_of is not None and set(classes_of(any_of, scores.scheme)) != set(classes_of(name, scores.scheme)):
        problem = f"the rule would be for '{name}', and --any says when a group is of '{any_of}'"
        raise UserError(problem, "name the same class in both")
    rows = rows_for(scores, by, name)
    choosable(rows, name)
    found, goal, cost = _chosen(answer(rows, questions), rows, value)
    return Rule(
        name=name,
        classes=tuple(classes_of(name, scores.scheme)),
        probability=found.probability,
        unit="image" if by is None else "group",
        by=by,
        goal=goal,
        shares={key: ShareFacts(**facts) for key, facts in plain_looked(found).items() if isinstance(facts, dict)},
        cost=cost,
        labels=scores.scheme.hash,
        chosen=chosen.model_copy(update={"rows": len(rows.ids)}),
    )


def only_one(questions: Questions) -> Asked:
    """Return the one question that is asked.

    Raises:
        UserError: None is asked, or several are.
    """
    asked = [*questions.thresholds, *questions.goals, *questions.costs]
    if len(asked) == 1:
        return asked[0]
    number = f"{len(asked)} are" if asked else "none is"
    problem = f"--keep keeps one rule, and {number} asked for"
    raise UserError(problem, "give one of --find, --cost and --threshold, once")


def rows_for(scores: Scores, by: By | None, name: str) -> Scores:
    """Return the scores of what a rule is for: images, or groups.

    Raises:
        UserError: The rule is for groups, and the scores cannot be made those of groups.
    """
    return scores if by is None else scores_per_group(scores, name if by == "any" else None)


def held(rule: Rule, scores: Scores) -> Held:
    """Return what a rule does on other scores of the same network, those of images.

    Raises:
        UserError: They hold no probabilities, or not the groups that the rule is for.
    """
    if scores.source.unit == GROUP:
        raise UserError("these scores are of groups already, and a rule takes those of images", "give these")
    rows = rows_for(scores, rule.by, rule.name)
    found, learned = looked(rows, *rule.threshold), learned_from(rows)
    cost = None
    if rule.cost is not None and rule.goal.value is not None and not learned and found.shares["sensitivity"].of:
        cost = costs(rows, rule.name, rule.goal.value, [rule.threshold]).tested[0]
    own = scores.source.fingerprint == rule.chosen.fingerprint
    return Held(rule, scores.source.split, len(rows.ids), found, cost, own, learned)


def _chosen(found: Answers, rows: Scores, value: float) -> tuple[Looked, Goal, CostFacts | None]:
    """Return what the threshold that answers the one question finds, by what it was chosen, and what it costs."""
    if found.found:
        (answered,) = found.found
        facts = {"promised": answered.promised, "trials": answered.trials, "needed": answered.needed}
        return answered.looked, Goal(kind="find", value=value, **facts), None
    if found.costs:
        (each,) = found.costs
        least = _worth(each)
        cost = CostFacts(**{name: fact for name, fact in plain_cost(least).items() if name != "probability"})
        return looked(rows, each.name, least.probability), Goal(kind="cost", value=value), cost
    (by_hand,) = found.looked
    return by_hand, Goal(kind="hand", value=None), None


def _worth(found: Costs) -> Cost:
    """Return the least cost; refuse one that looking at all or at none has, too, as nothing is decided by it.

    Raises:
        UserError: No threshold costs less.
    """
    if found.helps:
        return found.least
    problem = f"no threshold of {found.name} costs less on these images than looking at {found.cheapest}"
    raise UserError(problem, "there is no rule to keep; train further, or give another --cost")
