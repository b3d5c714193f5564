"""Several folders read as one data set, such as last year's images and this year's, or two sites."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from pixelproof.data.folder import LeftOut, Looked, Sample
from pixelproof.data.layouts.classes import class_index
from pixelproof.data.layouts.folders_file import FILE, Member, is_united, read_folders
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.listing import folders_below, folders_in, images_in
from pixelproof.data.schemes import find_scheme, in_order, scheme_of_keys
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme, difference
from pixelproof.numbers import counted, first_of
from pixelproof.runs import LABELS_FILE, has_classes, read_labels

SAID = 4


Reader = Callable[[Path, Collection[str]], Found]


def united_folders(root: Path, read: Reader) -> Found | None:
    """``folders.yaml``, which names folders in any other layout: splits are united, and ids begin with their names.

    A single folder keeps its ids. Where some folders bring a split, the others are not divided for it.

    Args:
        root: The folder.
        read: Reads one of those that it names, which may have a single one of the given classes.

    Raises:
        UserError: It cannot be read, a folder is missing, there twice or cannot be read, or two are of different tasks
            or labels.
    """
    if not is_united(root):
        return None
    members, same_groups = read_folders(root)
    readings = _readings(members, read)
    tasks = {readings[member.name].task: member.name for member in members}
    if len(tasks) > 1:
        both = " and ".join(f"{name}, which is for {task}" for task, name in tasks.items())
        raise UserError(f"{root / FILE} names {both}", "name folders of one task")
    found = Found(f"{FILE}: {first_of(list(readings), SAID)}", next(iter(tasks)), {}, certain=True)
    schemes = _schemes(root, members, readings)
    found.scheme = _agreed(root, found, schemes) if schemes else None
    for member in members:
        prefix = member.name if len(members) > 1 else ""
        found.folders[prefix] = member.path
        _add(found, readings[member.name], schemes.get(member.name), member._replace(name=prefix), same_groups)
    if len(members) > 1:
        found.notes += _notes(root, found)
    found.beside += _beside(root, members)
    if found.beside:
        of = f"{counted(len(found.beside), 'image')} in {root}, such as {found.beside[0]}"
        found.notes.append(f"{of}, left out, as {FILE} names no folder that holds them")
    return found


def _readings(members: Sequence[Member], read: Reader) -> dict[str, Found]:
    """Return the reading of each folder; those with a single class, as of a later delivery, after all others."""
    readings, refused = dict[str, Found](), dict[Member, UserError]()
    for member in members:
        try:
            readings[member.name] = read(member.path, ())
        except UserError as error:
            refused[member] = error
    known = {name for reading in readings.values() for name in reading.class_of.values()}
    for member, why in refused.items():
        if not known:
            raise why
        readings[member.name] = read(member.path, known)
    return {member.name: readings[member.name] for member in members}


def _schemes(root: Path, members: Sequence[Member], readings: Mapping[str, Found]) -> dict[str, LabelScheme]:
    """Return what labels mean in each folder, as it says itself, or else ``labels.yaml`` beside ``folders.yaml``.

    Of masks nothing, where no such file is there: what they mean is found out, or proposed, from all of them together.
    """
    written = [path for folder in (root, *(m.path for m in members)) if has_classes(path := folder / LABELS_FILE)]
    if not written and readings[members[0].name].task == "segmentation":
        return {}
    schemes = {}
    for name, folder, _ in members:
        beside = written and written[0] == root / LABELS_FILE and folder / LABELS_FILE not in written
        try:
            schemes[name] = read_labels(written[0]) if beside else find_scheme(folder, readings[name])
        except UserError as error:
            if not written or folder / LABELS_FILE in written:
                raise
            remedy = f"copy {written[0]} into {root}, where it serves folders without one, if it means the same there"
            raise UserError(error.problem, remedy) from None
    return schemes


def _agreed(root: Path, found: Found, schemes: Mapping[str, LabelScheme]) -> LabelScheme:
    """Return what labels mean in all folders; of classes of images, those of any folder are taken."""
    beside = root / LABELS_FILE
    known = ({str(beside): read_labels(beside)} if has_classes(beside) else {}) | dict(schemes)
    (first, scheme), *others = known.items()
    if found.task == "classification":
        names = {name for each in schemes.values() for name in each.names}
        whole = (each for each in known.values() if names <= {*each.names})
        return scheme if first == str(beside) else next(whole, None) or scheme_of_keys(in_order(names), {}, root / FILE)
    if differing := next((name for name, other in others if other.hash != scheme.hash), None):
        what = difference(scheme, known[differing], first, differing)
        problem = f"{first} and {differing}, which {root / FILE} names, have different labels: {what}"
        raise UserError(problem, f"give both the same {LABELS_FILE}, or put one beside {FILE} and none into them")
    return scheme


def _add(found: Found, part: Found, scheme: LabelScheme | None, member: Member, same_groups: bool) -> None:
    """Add what was read in a folder."""
    several = member.split is not None and len(part.splits) > 1

    def renamed(sample: Sample, own: str) -> Sample:
        inner = f"{own}/{sample.id}" if several else sample.id
        group = sample.group if same_groups or not sample.group else _joined(member.name, sample.group)
        return replace(sample, id=_joined(member.name, inner), group=group)

    called = dict(_class_names(part, scheme)) if scheme else {}
    for own, samples in part.splits.items():
        found.splits.setdefault(member.split or own, []).extend(renamed(sample, own) for sample in samples)
    found.class_of |= {image: called[word] for image, word in part.class_of.items()}
    for image, (was, word, reason) in part.looked.items():
        found.looked[image] = Looked(called.get(was, was), called.get(word, word), reason)
    for each in part.left_out:
        sample = each.sample and renamed(each.sample, each.split)
        split, word = each.split and (member.split or each.split), called.get(each.called, each.called)
        found.left_out.append(LeftOut(each.file, each.reason, each.note, split, sample, word))
    written = member.path / part.layout  # a table, or a layout.yaml, gives its name to the layout
    found.tables += [*part.tables, *([written] if written.is_file() else [])]
    for attribute in ("unpaired", "doubled", "imageless", "passed_over", "lists"):
        getattr(found, attribute).extend(getattr(part, attribute))
    found.unlisted += part.unlisted
    found.ungrouped = found.ungrouped or part.ungrouped


def _beside(root: Path, members: Sequence[Member]) -> Iterator[Path]:
    """Yield the images in the folder of ``folders.yaml`` that lie in none of the folders that it names."""
    inside = {member.path.resolve() for member in members}
    if inside.isdisjoint((root.resolve(), *root.resolve().parents)):
        for folder in folders_below(root, lambda each: [f for f in folders_in(each) if f.resolve() not in inside]):
            yield from images_in(folder)


def _joined(name: str, rest: str) -> str:
    return f"{name}/{rest}" if name else rest


def _class_names(part: Found, scheme: LabelScheme) -> Iterator[tuple[str, str]]:
    """Yield what a folder calls each class, and the name of that."""
    index = class_index(scheme, part.class_of.values())
    for image, word in part.class_of.items():
        if word not in index:
            problem = f"{image} is of class '{word}', which no {LABELS_FILE} names"
            raise UserError(problem, f"add it to that of its folder, or to the one beside {FILE}")
        yield word, scheme.names[index[word]]


def folder_of(sample: Sample) -> str:
    """Return the name of the folder that a sample is of, where several are one data set."""
    return sample.id.partition("/")[0]


def _notes(root: Path, found: Found) -> Iterator[str]:
    """Yield what is to be said of folders that were united."""
    of_split = {split: {*map(folder_of, samples)} for split, samples in found.splits.items()}
    without = of_split.get("train", set()) - of_split.get("validation", of_split.get("train", set()))
    if without:
        yield f"validation of {root} has no images of {first_of(sorted(without), SAID)}: they are learned from alone"
    classes: dict[str, set[str]] = {name: set() for name in found.folders}
    for sample in chain.from_iterable(found.splits.values()):
        classes[folder_of(sample)] |= {found.class_of[sample.image]} if found.class_of else set()
    union = set().union(*classes.values())
    lacking = [f"{name} has no {first_of(sorted(union - own), SAID)}" for name, own in classes.items() if union - own]
    if lacking:
        yield f"{root} has all classes of all its folders, and {'; '.join(lacking)}"
