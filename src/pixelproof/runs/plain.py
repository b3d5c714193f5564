"""Plain data from the text of YAML and JSON files, which may be damaged or hostile, and as YAML."""

from __future__ import annotations

import copy
import json
import math
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

from pixelproof.errors import printable
from pixelproof.numbers import shortened

DEEPEST = 100
"""Levels of nesting; code that walks plain data may recurse."""
MOST = 100_000
"""Values in a YAML text, counted as often as its aliases repeat them."""
SHOWN = 60
"""Letters of a key that a message shows."""
_MERGE = "tag:yaml.org,2002:merge"
_EQUALS = "tag:yaml.org,2002:value"  # of a key '=', which stays a text


def from_yaml(text: str) -> Any:
    """Return the plain data of a YAML text.

    Raises:
        ValueError: What is wrong with the text, in words that follow the name of its file.
    """
    return copy.deepcopy(_read_yaml(text))


@lru_cache(64)  # one training reads the settings of its run nine times, and YAML is slow to parse
def _read_yaml(text: str) -> Any:
    try:
        value = yaml.load(text, _Loader)
    except _DuplicateKeyError as error:
        raise ValueError(str(error)) from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise ValueError(f"is not valid YAML (line {line})") from None
    except (_TooDeepError, RecursionError):
        raise ValueError("is nested too deeply") from None
    except ValueError as error:  # the 30th of February, or a number of thousands of digits
        raise ValueError(f"holds a value that cannot be read: {_first(error)}") from None
    except (AttributeError, LookupError, TypeError):  # a tag such as !!int before what is none
        raise ValueError("holds a value that is not what its tag says") from None
    return _checked(value, MOST)


def from_json(text: str) -> Any:
    """Return the plain data of a JSON text.

    Raises:
        ValueError: What is wrong with the text, in words that follow the name of its file.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except _DuplicateKeyError as error:
        raise ValueError(str(error)) from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not valid JSON (line {error.lineno})") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise ValueError(f"holds a value that cannot be read: {_first(error)}") from None
    return _checked(value)


def to_yaml(value: Any, one_line: bool = False) -> str:
    """Return plain data as a YAML text that people can read in any script; ``from_yaml`` gives the same back.

    Args:
        value: Plain data.
        one_line: As one line, ``{key: value, ...}``, whatever its length.
    """
    width = math.inf if one_line else None
    return str(
        yaml.dump(value, None, _Dumper, default_flow_style=one_line, width=width, allow_unicode=True, sort_keys=False)
    )


class _Dumper(yaml.SafeDumper):
    """The safe dumper, which quotes texts with Unicode's own ends of lines: written as they are, they are lost."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = '"' if any(sign in data for sign in "\x85\u2028\u2029") else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style)


_Dumper.add_representer(str, _Dumper.represent_str)


class _DuplicateKeyError(Exception):
    """A mapping holds a key twice, of which PyYAML and Python's JSON would take the last."""


class _TooDeepError(Exception):
    """Brackets stand in more brackets than anything is read from, and the time to scan them grows with their square."""


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses keys given twice, merges (``<<``) without end and brackets in brackets."""

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:
        super().fetch_flow_collection_start(TokenClass)
        if self.flow_level > DEEPEST + 1:
            raise _TooDeepError

    def compose_mapping_node(self, anchor: Any) -> Any:
        # Here, before merges bring further keys, in the place of which the mapping may have its own.
        node = super().compose_mapping_node(anchor)
        first: dict[Any, yaml.Node] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE):
            value = key.value if key.tag == _EQUALS else self.construct_object(key)
            if value in first:  # as of Python's dictionaries, where 1, 0x1, 1.0 and true are one key
                raise _DuplicateKeyError(_twice(first[value], key))
            first[value] = key
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        # Not as PyYAML does, of which 6.0.4 takes the last of several merged mappings where YAML says the first.
        sources = [each for key, value in node.value if key.tag == _MERGE for each in _mappings(value)]
        own = node.value = [(key, value) for key, value in node.value if key.tag != _MERGE]
        for source in sources:
            self.flatten_mapping(source)
        node.value = [*(pair for source in reversed(sources) for pair in source.value), *own]  # the last counts
        if len(node.value) > MOST:
            raise yaml.constructor.ConstructorError(None, None, "merges too much", node.start_mark)
        super().flatten_mapping(node)


def _mappings(merged: yaml.Node) -> Iterator[yaml.MappingNode]:
    """Yield the mappings that a merge names, one or several."""
    for node in merged.value if isinstance(merged, yaml.SequenceNode) else [merged]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "merges what is no mapping", node.start_mark)
        yield node


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object whose keys are each there once."""
    value = dict(pairs)
    if len(value) < len(pairs):
        [(key, number)] = Counter(key for key, _ in pairs).most_common(1)
        raise _DuplicateKeyError(f"holds an object with the key '{_shown(key)}' {number} times")
    return value


def _twice(one: yaml.Node, other: yaml.Node) -> str:
    here, there = one.start_mark.line + 1, other.start_mark.line + 1
    also = "" if one.value == other.value else f", first as '{_shown(one.value)}'"
    lines = f"lines {here} and {there}" if here < there else f"line {here}"
    return f"holds the key '{_shown(other.value)}' twice{also} ({lines})"


def _shown(key: str) -> str:
    """Return a key for a message, which may be of any length and hold what no terminal takes."""
    return printable(shortened(key, SHOWN))


def _checked(value: Any, most: float = math.inf) -> Any:
    """Return ``value`` if code can walk it and write its texts; aliases may make YAML endless in a few lines."""
    waiting, seen = [(value, 0)], 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST or seen > most:
            raise ValueError("is nested too deeply" if depth > DEEPEST else "holds more values than are plausible")
        if isinstance(item, dict):
            waiting += [(inner, depth + 1) for pair in item.items() for inner in pair]
        elif isinstance(item, list | tuple | set):
            waiting += [(inner, depth + 1) for inner in item]
        elif isinstance(item, str) and not item.isascii() and any("\ud800" <= sign <= "\udfff" for sign in item):
            raise ValueError("holds text with half a character (a lone surrogate)")
    return value


def _first(error: ValueError) -> str:
    """Return the first part of Python's complaint, whose rest is for programmers."""
    text = str(error).partition(";")[0].partition(":")[0]
    return text[:1].lower() + text[1:]
