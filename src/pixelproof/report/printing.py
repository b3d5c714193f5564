"""What lies beside the page of a study or a comparison: its figures for use in print, maps to explore, its tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pixelproof.report.gallery as gallery
from pixelproof.report.artefacts import PartArtefacts, StudyArtefacts
from pixelproof.report.beside import Beside, named, stem
from pixelproof.report.figures.tsne import tsne
from pixelproof.report.inline import dots, forests, matrices
from pixelproof.report.map_page import MAP, map_file, map_page
from pixelproof.report.pictures import to_print

Links = dict[str, list[tuple[str, str]]]
"""(file name, what is in it) of tables that are of all models, by the ending of their names."""


@dataclass(frozen=True)
class Folders:
    """The files of both folders by name, and for each part those of its tables that the page links to."""

    figures: Mapping[str, Beside]
    tables: Mapping[str, Beside]
    links: list[Links]
    stale: Collection[str] = ()
    """Names of figures that are replaced by these, whatever an index says."""


def folders(figures: Sequence[Beside], tables: Sequence[Sequence[Beside]], stale: Collection[str] = ()) -> Folders:
    """Return what is to be written beside a page: figures, the tables of each part; ``stale`` as in ``Folders``."""
    files = named(file for part in tables for file in part)
    found = iter(files.items())
    return Folders(named(figures), files, [_links(dict(islice(found, len(part)))) for part in tables], stale)


def part_figures(part: PartArtefacts, shown: Mapping[str, Any], study: StudyArtefacts) -> Iterator[Beside]:
    """Yield the figures of a part: those that the page shows of it, and those that are drawn for print alone."""
    name = part.record.name
    for file in (*dots(shown), *matrices(shown), *forests(shown["compared"]), *to_print(shown)):
        yield replace(file, words=(name, *file.words))
    for model in part.models:
        if model.features is not None:
            says = f"t-SNE of the features of {model.name}, with the names of the classes."
            for kind in ("png", "svg"):
                yield Beside((name, model.name, "tsne"), kind, tsne(model.features, kind, names=True), says)
        if model.features is not None and model.thumbnails is not None:
            title = f"{study.record.title}: what {model.name} sees as alike"
            page = map_page(model.features, model.thumbnails, title)
            yield Beside((MAP, name, model.name), "html", page.encode("utf-8"), f"{title}, to explore.")
    if (masks := gallery.printed(part)) is not None:
        says = "Chosen images with their truth and the masks of each model."
        yield Beside((name, "masks"), "png", masks, says)


def earlier_names(study: StudyArtefacts) -> set[str]:
    """Return how earlier versions, which kept no index, called their figures."""
    models = [(part.record.name, model.name) for part in study.parts for model in part.models]
    maps = {f"tsne-{name}" for pair in models for name in (stem(pair), stem(pair[1:]))}
    others = {f"masks-{stem((part.record.name,))}.png" for part in study.parts} | {map_file(*pair) for pair in models}
    return others | {f"{name}.{kind}" for name in maps for kind in ("png", "svg")}


def _links(files: Mapping[str, Beside]) -> Links:
    shared = [(name, file) for name, file in files.items() if not any(file.words[1:-1])]
    return {end: [(name, file.words[-1]) for name, file in shared if file.ending == end] for end in ("csv", "tex")}
