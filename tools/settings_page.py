"""Write ``docs/reference/settings.md`` from the settings classes: ``python tools/settings_page.py``."""

from __future__ import annotations

import ast
from pathlib import Path

from pixelproof.config import model, run

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"
HEAD = """# Settings

Settings stand in a study file, or are given as `--set key=value` by their own name or their full path
(`--set lr=1e-3`, `--set training.lr=1e-3`). A wrong name is an error that says which one you may have meant.
Where `None` is allowed, `null` means it, and but for the text `cv_fold` so does `none`.
Classification starts from `batch_size` 64 and `shift` 2, segmentation from `batch_size` 8, `crop` 256 and `turn`.

This page is written by `tools/settings_page.py` from `model.py` and `run.py` of `src/pixelproof/config`.
"""
GROUPS = ("ModelConfig", "DataConfig", "AugmentConfig", "TrainingConfig")


def render() -> str:
    """Return the page."""
    trees = [ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")) for module in (model, run)]
    classes = {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}
    return HEAD + "".join(_group(classes[name]) for name in GROUPS)


def _group(node: ast.ClassDef) -> str:
    lines = [f"\n## {node.name.removesuffix('Config').lower()}\n", "| key | default | meaning |", "|---|---|---|"]
    fields = getattr(run, node.name).model_fields
    for field, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            info = fields[field.target.id]
            default = "" if info.is_required() else f"`{info.default}`"
            lines.append(f"| `{field.target.id}` | {default} | {_docstring(after)} |")
    return "\n".join(lines) + "\n"


def _docstring(node: ast.stmt | None) -> str:
    """Return the text that stands under a field, on one line."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return " ".join(str(node.value.value).replace("``", "`").split())
    return ""


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
