"""Which label contract the data is examined under, and what is wrong with the contract itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pixelproof.config import DataConfig
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.layouts import class_index, class_names
from pixelproof.data.opening import label
from pixelproof.data.proposal import Proposal, propose_scheme
from pixelproof.data.schemes import check_task, scheme_of_classes
from pixelproof.data.splits import divide
from pixelproof.errors import UserError
from pixelproof.labels import PRESETS, Color, LabelScheme, matching_presets
from pixelproof.numbers import first_of
from pixelproof.runs import LABELS_FILE, has_classes, labels_to_yaml, named_task, read_labels

_MOST_COLORS = 300  # more than any preset has
_MOST_MISFITS = 0.1  # of the masks; more, and the preset was not meant


@dataclass(frozen=True)
class Contract:
    """The label contract, or the proposal that stands in for a missing one.

    Attributes:
        scheme: None only where nothing can be made of the masks.
        proposal: Text for a ``labels.yaml``, where there is none.
        findings: What is wrong with the contract.
    """

    scheme: LabelScheme | None
    proposal: str | None
    findings: tuple[Finding, ...]


def settle(survey: Survey) -> Contract:
    """Find the label contract as training would, and go on without one where training would stop."""
    path = survey.root / LABELS_FILE
    broken: list[Finding] = []
    if path.is_file():
        try:
            check_task(survey.root, survey.found, named_task(path))
            if has_classes(path):
                scheme = read_labels(path)
                class_index(scheme, survey.found.class_of.values())
                return Contract(scheme, None, ())
        except UserError as error:
            message = f"{survey.relative(error.problem)}: without it no label has a meaning"
            broken = [survey.finding("labels-file", "error", [path], message, error.remedy)]
    if survey.found.scheme is not None:  # that of several folders
        return Contract(survey.found.scheme, None, tuple(broken))
    contract = _classes(survey) if survey.found.task == "classification" else _masks(survey)
    # A proposal would be written over the broken file.
    return contract if not broken else Contract(contract.scheme, None, tuple(broken))


def unknown_classes(survey: Survey, contract: Contract) -> Iterator[Finding]:
    """Classes of images that ``labels.yaml`` does not name."""
    if contract.scheme is None:
        return
    index = class_index(contract.scheme, survey.found.class_of.values())
    strays = [path for path, name in survey.found.class_of.items() if name not in index]
    if strays:
        names = ", ".join(sorted({f"'{survey.found.class_of[path]}'" for path in strays}))
        message = f"images are of the classes {names}, which {LABELS_FILE} does not name: training would stop"
        yield survey.finding("unknown-class", "error", strays, message, f"add the classes to {LABELS_FILE}")


def label_names(survey: Survey, contract: Contract) -> Iterator[Finding]:
    """Whether ``id2label.json`` names exactly the classes that there are."""
    path = survey.root / "id2label.json"
    try:
        names = class_names(survey.root)
    except UserError:
        return  # settle has said so
    keys = set(survey.found.class_of.values())
    if not names or not keys or has_classes(survey.root / LABELS_FILE):
        return
    unnamed, unused = sorted(keys - set(names)), sorted(set(names) - keys)
    if unnamed:
        message = f"it has no name for {first_of(unnamed, 5)}: they would be shown by number"
        yield survey.finding("id2label", "warning", [path], message, "add the names")
    if unused:
        message = (
            f"it names {first_of(unused, 5)}, of which there is no image: names may be shifted against the numbers"
        )
        yield survey.finding("id2label", "warning", [path], message, "check that numbers and names belong together")


def too_few_images(survey: Survey, contract: Contract) -> Iterator[Finding]:
    """Too few images for training to set some aside."""
    if contract.scheme is None or "train" not in survey.found.splits:
        return
    try:
        data = label(survey.root, survey.found, contract.scheme)
    except UserError:
        return  # unknown_classes has said so
    learned = {sample.label for sample in data.split("train")}
    if data.task == "classification" and len(learned) < len(contract.scheme.classes):
        return  # missing_classes says so
    try:
        divide(data, DataConfig())
    except UserError as error:
        message = f"{survey.relative(error.problem)}: training would stop"
        yield survey.finding("too-few-images", "error", [s.image for s in survey.samples], message, error.remedy)


def _classes(survey: Survey) -> Contract:
    try:
        scheme = scheme_of_classes(survey.root, survey.found)
    except UserError as error:
        names = survey.root / "id2label.json"
        path = names if names.is_file() else survey.root
        message = f"{survey.relative(error.problem)}: training would stop"
        return Contract(None, None, (survey.finding("class-names", "error", [path], message, error.remedy),))
    return Contract(scheme, labels_to_yaml(scheme), ())


def _masks(survey: Survey) -> Contract:
    fitting = _presets(survey)
    masks = list(survey.masks)
    if len(fitting) == 1:
        return Contract(PRESETS[fitting[0]], f"preset: {fitting[0]}\n", ())
    if fitting:
        message = f"the masks fit the presets {' and '.join(fitting)}, so that no label has one meaning"
        fix = f"write 'preset: {fitting[0]}' or another into {LABELS_FILE}"
        finding = survey.finding("labels-ambiguous", "error", masks, message, fix)
        return Contract(PRESETS[fitting[0]], f"preset: {fitting[0]}\n", (finding,))
    proposal = propose_scheme([m.values for m in survey.masks.values()], any(m.lossy for m in survey.masks.values()))
    return _proposed(survey, proposal)


def _proposed(survey: Survey, proposal: Proposal) -> Contract:
    missing = (
        f"there is no {LABELS_FILE} that names classes and the masks are of no known data set, "
        "so that training would not know"
    )
    masks = list(survey.masks)
    if proposal.scheme is None:
        message = f"{missing} what they mean; nothing can be proposed, because {proposal.reason}"
        fix = f"save masks without loss as PNG, one id or colour for each class, and describe them in {LABELS_FILE}"
        return Contract(None, None, (survey.finding("labels-missing", "error", masks, message, fix),))
    text = labels_to_yaml(proposal.scheme)
    fix = f"save this as {LABELS_FILE} ('pixelproof doctor DATA --write-labels' does) and correct its names:\n{text}"
    message = f"{missing} what their {len(proposal.scheme.classes)} values mean"
    return Contract(proposal.scheme, text, (survey.finding("labels-missing", "error", masks, message, fix),))


def _presets(survey: Survey) -> list[str]:
    """Return the presets that know all colours of all masks, or failing that, of all masks but a few."""
    seen: list[set[Color]] = []
    for mask in survey.masks.values():
        if mask.values.colors is None:
            return []
        seen.append({(r, g, b) for r, g, b in mask.values.colors[:_MOST_COLORS].tolist()})
    if fitting := matching_presets(set().union(*seen)):
        return fitting
    for name, scheme in PRESETS.items():
        known = {color for _, color in scheme.indexed_colors()}
        fits = [colors for colors in seen if colors <= known]
        if len(fits) >= (1 - _MOST_MISFITS) * len(seen) and matching_presets(set().union(*fits)) == [name]:
            return [name]
    return []
