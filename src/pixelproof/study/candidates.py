"""What a model of a study is chosen among: every combination of some settings, or candidates by name."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from pixelproof.config.overrides import flattened, same_setting
from pixelproof.runs.files import file_name

MOST = 1000
"""Candidates, and models that ``design: full`` may make."""
LONGEST = 100
"""Bytes of a candidate's name, which stands in that of a folder."""
BESIDE = ("seeds", "train_sizes", "members", "choose", "settings")
"""What a model of a part has and a candidate has not."""

Written = dict[str, Any]
"""A model as a study's file has it, written out: ``model`` and ``settings``."""


def candidates(choose: Any, model: str, settings: Mapping[str, Any]) -> dict[str, Written]:
    """Return the candidates of a model by name.

    Args:
        choose: What its file says: settings with lists of values, ``{lr: [0.001, 0.0003]}``, of which every combination
            is one; or settings by name, ``{small: {model: "timm:resnet18", lr: 0.001}, large: vgg16-bn}``.
        model: The network of candidates that name none.
        settings: Those of all candidates that set nothing else.

    Raises:
        ValueError: It is neither, or cannot be.
    """
    own, common = _own(choose), flattened(settings)
    if strange := next((key for one in own.values() for key in one if key in BESIDE), None):
        raise ValueError(f"'{strange}' is nothing to choose, for a candidate is a model and settings; give it to all")
    if idle := next((key for key in common if all(_sets(one, key) for one in own.values())), None):
        raise ValueError(f"'{idle}' has no effect beside 'choose', whose candidates all set it; leave one of them out")
    return {
        name: {"model": one.get("model", model), "settings": common | {k: v for k, v in one.items() if k != "model"}}
        for name, one in own.items()
    }


def called(model: str, candidate: str = "") -> str:
    """Return what a model's run is called by its candidate, where it is chosen among such: ``best.lr-0.001``."""
    return f"{model}.{candidate}" if candidate else model


def by_name(entries: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return entries by their names as texts, so that numbers may be names.

    A truth value stays one, to be refused: it is none of the words that YAML reads so.

    Raises:
        ValueError: Two would have the same name.
    """
    named = {name if isinstance(name, bool) else str(name): entry for name, entry in entries.items()}
    if len(named) < len(entries):
        names = [*map(str, entries)]
        raise ValueError(f"'{max(names, key=names.count)}' is named twice, as a number and as a text; rename one")
    return named


def _own(choose: Any) -> dict[str, dict[str, Any]]:
    """Return what is each candidate's own, with its network as ``model`` where it names one."""
    values = list(choose.values()) if isinstance(choose, Mapping) else []
    if values and all(isinstance(value, list) for value in values):
        return dict(_combinations(flattened(choose)))
    if values and all(isinstance(value, Mapping | str | None) for value in values):
        return {name: _named(value) for name, value in by_name(choose).items()}
    raise ValueError(
        "'choose' takes settings with a list of values each, {lr: [0.001, 0.0003]}, "
        "or candidates by name, {small: {model: ..., lr: ...}, large: {...}}"
    )


def _sets(own: Mapping[str, Any], key: str) -> bool:
    return any(same_setting(key, name) for name in own)


def _named(value: Any) -> dict[str, Any]:
    return {"model": value} if isinstance(value, str) else flattened(value or {})


def _combinations(lists: Mapping[str, list[Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every combination of some settings, by what it has of those that differ."""
    if empty := next((key for key, values in lists.items() if not values), None):
        raise ValueError(f"'choose' gives no values of '{empty}'")
    if (count := math.prod(map(len, lists.values()))) > MOST:
        raise ValueError(f"'choose' makes {count:,} candidates, more than {MOST:,}; give fewer values")
    taken: dict[str, dict[str, Any]] = {}
    for cell in itertools.product(*lists.values()):
        own = dict(zip(lists, cell, strict=True))
        name = file_name("_".join(_said(k, v) for k, v in own.items() if len(lists[k]) > 1)).strip("-")
        if len(name.encode()) > LONGEST:
            raise ValueError(f"'{name[:40]}...' is too long for a folder; give the candidates names of your own")
        if name in taken:
            raise ValueError(f"two candidates would both be called '{name}'; give them names of your own")
        taken[name] = own
        yield name, own


def _said(key: str, value: Any) -> str:
    """Return one setting in a name, ``lr-0.001``."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str).replace("e+", "e")
    return f"{str(key).rpartition('.')[2]}-{text.strip('[]{}')}"  # what is no text is refused later
