"""Which packages are installed, and the sentence where one is missing that comes with an extra."""

from __future__ import annotations

from importlib import metadata

from pixelproof.errors import UserError


def version(package: str) -> str | None:
    """Return the version of an installed package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def missing(packages: tuple[str, ...]) -> str | None:
    """Return a package among those needed that is not installed."""
    return next((package for package in packages if version(package) is None), None)


def require(packages: tuple[str, ...], who: str, extra: str = "export") -> None:
    """Refuse where a package is not installed.

    Args:
        packages: What is needed.
        who: What needs it, for the message.
        extra: What brings it along.

    Raises:
        UserError: One is missing.
    """
    if (package := missing(packages)) is not None:
        raise UserError(
            f"{who} needs {package}, which is not installed",
            f"install the extra: pip install -c constraints.txt -e '.[{extra}]'",
        )
