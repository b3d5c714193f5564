"""Wrong use of the command line, as one sentence like every other error."""

from __future__ import annotations

import re
from typing import Any

import typer

from pixelproof.errors import UserError
from pixelproof.schema import nearest

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises; some of its versions bring this class along, others take it from click."""


def explained(error: Any) -> UserError:
    """Return the sentence for a ``UsageError``."""
    context = error.ctx
    verb = "" if context is None or context.parent is None else context.info_name
    where, remedy = f"{verb}: " * bool(verb), f"see 'pixelproof {verb} --help'".replace("  ", " ")
    known = [] if context is None else [o for each in context.command.params for o in each.opts if o.startswith("--")]
    if type(error).__name__ == "NoSuchOption":
        from pixelproof.config.overrides import is_setting

        advice = nearest(error.option_name, [*known, "--help"])
        if "--set" in known and is_setting(key := error.option_name.removeprefix("--").replace("-", "_")):
            advice = f"it is a setting; give --set {key}=..."
        return UserError(f"{where}there is no option {error.option_name!r}", advice)
    if stray := re.match(r"No such command '(.+?)'", error.message):
        return UserError(f"there is no command '{stray[1]}'", nearest(stray[1], list(context.command.commands)))
    if "--set" in known and (stray := re.match(r"Got unexpected extra argument.* \((\w[\w.]*=[^\s)]*)", error.message)):
        return UserError(f"{where}'{stray[1]}' has no --set", f"write --set {stray[1]}, a --set for each")
    said = error.message.rstrip(".")
    said = said[:1].lower() + said[1:]
    if (parameter := getattr(error, "param", None)) is not None:
        said = f"{_name(parameter)}: {said}" if said else f"{_name(parameter)} is missing"
    return UserError(where + said, remedy)


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        return f"option '{max(parameter.opts, key=len)}'"
    return f"argument {parameter.metavar or parameter.name.upper()}"
