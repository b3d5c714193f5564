"""Settings that are checked at birth: frozen, typed, and an unknown key names the nearest known one."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from pixelproof.errors import UserError
from pixelproof.numbers import first_of

Model = TypeVar("Model", bound=BaseModel)
Name = TypeVar("Name", bound=str)
NAMED = 40
"""Known words that a sentence names."""


class Strict(BaseModel):
    """Base of every settings class: immutable, no unknown keys, no silent conversion of defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


def parse(model: type[Model], values: object, where: str) -> Model:
    """Build ``model`` from plain values, turning the first complaint into one sentence.

    Args:
        model: The settings class.
        values: Plain data as read from YAML or JSON.
        where: The file or option the values came from, for the message.

    Raises:
        UserError: A key is unknown, missing or has a wrong value.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        complaints = error.errors(include_url=False)
        # A misspelt key is the cause, the field it leaves missing only a symptom.
        first = next((c for c in complaints if c["type"] == "extra_forbidden"), complaints[0])
        path = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = _fields_at(model, first["loc"][:-1])
            raise UserError(f"{where}: unknown key '{path}'", nearest(str(first["loc"][-1]), known)) from None
        _refuse_unquoted(first, where)
        problem = re.sub(r"\btuple\b", "list", first["msg"].removeprefix("Value error, "), flags=re.IGNORECASE)
        problem, asks, meant = problem.partition("; did you mean ")
        where_exactly = f"{where}: '{path}'" if path else where
        remedy = f"did you mean {meant}" if asks else "correct this value"
        raise UserError(f"{where_exactly}: {problem[0].lower() + problem[1:]}", remedy) from None


def _refuse_unquoted(complaint: ErrorDetails, where: str) -> None:
    """Refuse a word that YAML reads as something else than a text where a text belongs.

    Raises:
        UserError: The complaint is about such a word.
    """
    path, read = complaint["loc"], complaint["input"]
    name = path[-1:] == ("[key]",)
    if complaint["type"] != "string_type" or not (name or isinstance(read, bool)):
        return
    owner = ".".join(str(part) for part in (path[:-2] if name else path))
    why = "; YAML reads no, off, yes and on as false or true" if isinstance(read, bool) else ""
    problem = f"{where}: '{owner}': {'the name ' if name else ''}{json.dumps(read, default=str)} is not a text"
    raise UserError(problem, f"write it in quotes{why}") from None


def one_of(name: str, names: Sequence[Name], what: str) -> Name:
    """Return which of the names that there are this one is.

    Args:
        name: The name, as a user gave it.
        names: Those that there are.
        what: What they name, for the message.

    Raises:
        UserError: It is none of them.
    """
    for each in names:
        if each == name:
            return each
    raise UserError(f"there is no {what} '{name}'", nearest(name, list(names)))


def nearest(word: str, known: list[str]) -> str:
    """Return advice that names the known word closest to ``word``, or the first of them."""
    if close := difflib.get_close_matches(word, known, n=1):
        return f"did you mean '{close[0]}'?"
    return f"known are {first_of(sorted(known), NAMED)}"


def _fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the field names of the settings class that ``path`` leads to."""
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None:
            continue
        inner = getattr(field.annotation, "__args__", ())
        candidates = [field.annotation, *(getattr(each, "__origin__", each) for each in inner)]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
    return list(model.model_fields)
