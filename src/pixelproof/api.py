"""The verbs of the command line as functions: ``from pixelproof import api; api.train("photos", "fcn8s", "runs/a")``.

Each is imported when it is first used, so that those that need no torch do not wait for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_VERBS = {
    "study": ("pixelproof.study.conduct", "conduct_file"),
    "doctor": ("pixelproof.data.doctor.examine", "examine"),
    "show": ("pixelproof.study.show", "describe_model"),
    "train": ("pixelproof.study.train", "train_run"),
    "evaluate": ("pixelproof.study.evaluate", "evaluate_run"),
    "score": ("pixelproof.evaluation.score", "score"),
    "compare": ("pixelproof.study.compare", "compare_models"),
    "predict": ("pixelproof.study.predict", "predict_run"),
    "map": ("pixelproof.deploy.map", "map_scene"),
    "export": ("pixelproof.deploy.export", "export_run"),
    "serve": ("pixelproof.deploy.serve", "serve"),
    "embed": ("pixelproof.study.embed", "embed_run"),
    "cam": ("pixelproof.study.cam", "cam_run"),
    "explain": ("pixelproof.study.explain", "explain_run"),
    "report": ("pixelproof.report.page", "build_report"),
}


def __getattr__(name: str) -> Any:
    """Return the verb ``name``."""
    if name not in _VERBS:
        raise AttributeError(f"module 'pixelproof.api' has no attribute '{name}'")
    module, function = _VERBS[name]
    return getattr(import_module(module), function)


def __dir__() -> list[str]:
    """Return the verbs."""
    return list(_VERBS)
