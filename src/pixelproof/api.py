"""The verbs of the command line as functions: ``from pixelproof import api; api.train("photos", "fcn8s", "runs/a")``.

Each is imported when it is first used, so that those that need no torch do not wait for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what editors and type checkers know of them
    from pixelproof.deploy.assess import assess_map as assess
    from pixelproof.deploy.cut import cut_scenes as cut
    from pixelproof.deploy.export import export_run as export
    from pixelproof.deploy.map import map_scene as map
    from pixelproof.deploy.sample import sample_map as sample
    from pixelproof.deploy.serve import serve
    from pixelproof.evaluation.score import score
    from pixelproof.report.page import build_report as report
    from pixelproof.study.conduct import conduct_file as study
    from pixelproof.verbs.cam import cam_run as cam
    from pixelproof.verbs.compare import compare_models as compare
    from pixelproof.verbs.correct import correct
    from pixelproof.verbs.doctor import examine_data as doctor
    from pixelproof.verbs.drift import drift_images as drift
    from pixelproof.verbs.embed import embed_run as embed
    from pixelproof.verbs.ensemble import ensemble_runs as ensemble
    from pixelproof.verbs.evaluate import evaluate_run as evaluate
    from pixelproof.verbs.explain import explain_run as explain
    from pixelproof.verbs.leave_out import leave_out
    from pixelproof.verbs.masks import draw_masks as masks
    from pixelproof.verbs.pack import pack_folder as pack
    from pixelproof.verbs.predict import predict_run as predict
    from pixelproof.verbs.show import describe_model as show
    from pixelproof.verbs.speed import time_runs as speed
    from pixelproof.verbs.stress import stress_runs as stress
    from pixelproof.verbs.train import train_run as train
    from pixelproof.verbs.verify import verify_folder as verify

__all__ = [
    "assess",
    "cam",
    "compare",
    "correct",
    "cut",
    "doctor",
    "drift",
    "embed",
    "ensemble",
    "evaluate",
    "explain",
    "export",
    "leave_out",
    "map",
    "masks",
    "pack",
    "predict",
    "report",
    "sample",
    "score",
    "serve",
    "show",
    "speed",
    "stress",
    "study",
    "train",
    "verify",
]

_FUNCTIONS = {
    "assess": "pixelproof.deploy.assess.assess_map",
    "cam": "pixelproof.verbs.cam.cam_run",
    "compare": "pixelproof.verbs.compare.compare_models",
    "correct": "pixelproof.verbs.correct.correct",
    "cut": "pixelproof.deploy.cut.cut_scenes",
    "doctor": "pixelproof.verbs.doctor.examine_data",
    "drift": "pixelproof.verbs.drift.drift_images",
    "embed": "pixelproof.verbs.embed.embed_run",
    "ensemble": "pixelproof.verbs.ensemble.ensemble_runs",
    "evaluate": "pixelproof.verbs.evaluate.evaluate_run",
    "explain": "pixelproof.verbs.explain.explain_run",
    "export": "pixelproof.deploy.export.export_run",
    "leave_out": "pixelproof.verbs.leave_out.leave_out",
    "map": "pixelproof.deploy.map.map_scene",
    "masks": "pixelproof.verbs.masks.draw_masks",
    "pack": "pixelproof.verbs.pack.pack_folder",
    "predict": "pixelproof.verbs.predict.predict_run",
    "report": "pixelproof.report.page.build_report",
    "sample": "pixelproof.deploy.sample.sample_map",
    "score": "pixelproof.evaluation.score.score",
    "serve": "pixelproof.deploy.serve.serve",
    "show": "pixelproof.verbs.show.describe_model",
    "speed": "pixelproof.verbs.speed.time_runs",
    "stress": "pixelproof.verbs.stress.stress_runs",
    "study": "pixelproof.study.conduct.conduct_file",
    "train": "pixelproof.verbs.train.train_run",
    "verify": "pixelproof.verbs.verify.verify_folder",
}


def __getattr__(name: str) -> Any:
    """Return the verb ``name``."""
    if name not in _FUNCTIONS:
        raise AttributeError(f"module 'pixelproof.api' has no attribute '{name}'")
    module, _, function = _FUNCTIONS[name].rpartition(".")
    return getattr(import_module(module), function)


def __dir__() -> list[str]:
    """Return the verbs."""
    return __all__
