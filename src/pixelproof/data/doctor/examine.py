"""The whole examination: look at every file once, then let each check say what it sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pixelproof.data.doctor.appearance as appearance
import pixelproof.data.doctor.bands as bands
import pixelproof.data.doctor.classes as classes
import pixelproof.data.doctor.contract as contract
import pixelproof.data.doctor.duplicates as duplicates
import pixelproof.data.doctor.files as files
import pixelproof.data.doctor.folders as folders
import pixelproof.data.doctor.groups as groups
import pixelproof.data.doctor.masks as masks
import pixelproof.data.doctor.near as near
import pixelproof.data.doctor.overlaps as overlaps
import pixelproof.data.doctor.shared_pixels as shared_pixels
import pixelproof.data.doctor.sizes as sizes
from pixelproof.data.doctor.diagnosis import Diagnosis
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.summary import summarise
from pixelproof.data.doctor.survey import Survey, survey_folder
from pixelproof.data.doctor.tally import Reading, read_under
from pixelproof.data.grouping import grouped
from pixelproof.data.layouts import find_layout
from pixelproof.data.reader import RGB, ImageReader
from pixelproof.data.tiffs import rasters
from pixelproof.runs.diagnosis_file import SEVERITIES
from pixelproof.runs.scenes import TABLE

_ORDER = ("train", "validation", "test")
"""In which splits are shown, whatever the order of their folders."""
FILE_CHECKS: tuple[Callable[[Survey], Iterator[Finding]], ...] = (
    files.unreadable,
    files.names,
    files.unpaired,
    files.doubled,
    sizes.mask_sizes,
    sizes.turned_masks,
    duplicates.conflicting_labels,
    duplicates.duplicates_across_splits,
    groups.groups_across_splits,
    folders.groups_of_one_name,
    classes.names_alike,
    classes.split_sizes,
    folders.folders_not_scored,
    duplicates.duplicates_within_split,
    near.near_duplicates,
    overlaps.overlaps,
    shared_pixels.shared_pixels,
    sizes.dark_images,
    sizes.blank_images,
    files.tables_not_read,
    files.left_out,
    files.corrected,
    files.unused_images,
    files.empty_folders,
    sizes.mixed_sizes,
    sizes.modes,
    sizes.unread_bands,
    sizes.unread_pages,
    bands.stretch_of_bands,
    bands.types_of_bands,
    sizes.small_images,
    files.ignored_files,
)
CONTRACT_CHECKS: tuple[Callable[[Survey, contract.Contract], Iterator[Finding]], ...] = (
    contract.unknown_classes,
    contract.label_names,
    contract.too_few_images,
)
LABEL_CHECKS: tuple[Callable[[Reading], Iterator[Finding]], ...] = (
    classes.missing_classes,
    classes.imbalance,
    folders.told_by_folder,
)
CLASS_CHECKS: tuple[Callable[[Reading], Iterator[Finding]], ...] = (
    groups.labels_differ_in_group,
    classes.told_by_format,
    appearance.told_by_appearance,
)
MASK_CHECKS: tuple[Callable[[Reading], Iterator[Finding]], ...] = (
    masks.undecodable,
    masks.unknown_values,
    masks.lossy_masks,
    masks.labelled_nodata,
    masks.ignored_pixels,
    masks.inexact_colors,
)


def examine(root: Path, reader: ImageReader = RGB, pattern: str | None = TABLE) -> Diagnosis:
    """Examine a data set before anything is trained on it.

    Every file is decoded once. Files that cannot be read are findings, not exceptions.

    Args:
        root: The data set's folder.
        reader: How the network will read the images; as RGB, or by their bands.
        pattern: What finds in an image's id the group it belongs to; ``TABLE`` takes those that the data name.

    Raises:
        UserError: The folder cannot be read as a data set: it holds no images, or its layout is not clear; or the
            pattern is none.
    """
    root = Path(root)
    if reader.bands is not None:
        rasters()  # or every file would be found unreadable
    found = find_layout(root)
    splits = grouped(found.splits, pattern)
    found.splits = {name: list(splits[name]) for name in (*_ORDER, *splits) if name in splits}
    survey = survey_folder(root, found, reader)
    settled = contract.settle(survey)
    reading = read_under(settled.scheme, survey) if settled.scheme else None
    findings = list(settled.findings)
    findings += [finding for check in CONTRACT_CHECKS for finding in check(survey, settled)]
    findings += [finding for check in FILE_CHECKS for finding in check(survey)]
    if reading:
        own = CLASS_CHECKS if reading.scheme.task == "classification" else MASK_CHECKS
        findings += [finding for check in own + LABEL_CHECKS for finding in check(reading)]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Diagnosis(tuple(findings), summarise(survey, settled, reading), survey, settled.scheme, reading)
