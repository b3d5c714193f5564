"""``stress``: what it costs runs if images become darker, blurred, noisier and the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pixelproof.comparison.compare import share_of
from pixelproof.comparison.stress import Tried
from pixelproof.comparison.stressed import Side, concluded, sides_of
from pixelproof.data import Sample, fingerprint
from pixelproof.data.run_data import learned_from_some
from pixelproof.data.splits import limit
from pixelproof.evaluation.sentences import corrected_line, learned_line
from pixelproof.languages import known_language
from pixelproof.numbers import first_of
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.progress import say
from pixelproof.report.out_folder import require_place
from pixelproof.report.page import build_report
from pixelproof.report.segmentation import class_key
from pixelproof.runs import Run, Source, load_scores
from pixelproof.runs.atomic import atomic_folder, refuse_existing, require_writable
from pixelproof.runs.drift_file import load_drift
from pixelproof.runs.drift_folder import DriftFolder
from pixelproof.runs.files import AnyPath, Paths, as_paths
from pixelproof.runs.locks import alone_in
from pixelproof.runs.metric_names import known_metric
from pixelproof.runs.stress_file import StressRecord
from pixelproof.runs.stress_folder import UNTOUCHED, StressFolder, state_of, still
from pixelproof.runs.thumbnails import Thumbnails
from pixelproof.verbs.scoring import source_of
from pixelproof.verbs.stress_asked import MEASURED, Asked, read_question
from pixelproof.verbs.stress_examples import EXAMPLES, Looked, classified, examples, pictures, segmented
from pixelproof.verbs.stress_likeness import likenesses
from pixelproof.verbs.stress_scores import Decoded, Setting, score_states, settings_of

NAMED = 3
"""Score files that are named at most."""


def stress_runs(
    runs: Paths,
    data: AnyPath,
    out: AnyPath,
    *,
    split: str = "validation",
    only: Sequence[str] | None = None,
    strengths: Mapping[str, Sequence[float]] | None = None,
    most: int | None = None,
    metric: str | None = None,
    margin: float = 5.0,
    seed: int = 0,
    drift: AnyPath | None = None,
    tta: bool | None = None,
    device: str = "auto",
    backend: str = "torch",
    language: str = "en",
    overwrite: bool = False,
) -> StressRecord:
    """Return what it costs runs if images become darker, blurred, noisier and the like, and write it to a folder.

    Args:
        runs: The run folders, one or more.
        data: The folder of labelled images.
        out: Folder for the score files, ``stress.json``, pictures and a page. A call that was killed is gone on with.
        split: Which part of the data; "all" is every image.
        only: Names of stresses; None for all that the images allow.
        strengths: Strengths by name of stress, in place of the usual ones.
        most: Take so many images at most, the same ones whenever it is asked, classes in turn; None for all.
        metric: What decides, such as "f1" or "recall:melanoma"; None for accuracy or mIoU.
        margin: Percentage points: it is said from which strength on the score has fallen by as many.
        seed: Decides which images are taken, what is random in stresses, and resamples.
        drift: A folder that ``drift`` wrote: it is said which strengths are like what was found of the new images.
        tta: Whether to average over an image's symmetries; None is as each run was set.
        device: Where to compute.
        backend: The library that computes: one of ``BACKENDS``.
        language: In which the page is shown first, "en" or "zh-Hant".
        overwrite: Replace what an earlier call found. Score files that are of the same are kept all the same.

    Raises:
        UserError: A run or the data cannot be read, or do not fit each other, an option has a wrong value, or ``out``
            is taken, cannot be written or is being written by another process.
        Refusal: There are too few images for an interval, or the metric is undefined on them.
    """
    share, target, paths = share_of(margin), StressFolder(Path(out)), as_paths(runs)
    known_language(language)
    require_place(target.path, target.results(), overwrite, [Path(data)])
    drifted = None if drift is None else load_drift(DriftFolder(Path(drift)).record)
    asked = read_question(paths, Path(data), split, only, strengths or {}, most, seed)
    scheme = next(iter(asked.runs.values())).labels()
    decides = known_metric(metric, scheme)
    require_writable(target.record)
    with alone_in(target.path):
        refuse_existing(target.results(), overwrite)  # for what another process has written meanwhile
        shown = limit(asked.samples, EXAMPLES, seed)
        images, seen = _scored(asked, shown, target, device, backend, tta, seed, overwrite)
        record = _record(asked, paths, target, decides, share or 0.0, seed)
        segments = scheme.task == "segmentation"
        colors = dict(class_key(scheme)) if segments else {}
        record = record.model_copy(update={"examples": examples(shown, scheme, seen), "colors": colors})
        if drifted is not None:
            like = likenesses(drifted, asked.stresses, limit(asked.samples, MEASURED, seed), images, seed)
            record = record.model_copy(update={"likenesses": like})
        _write(
            target,
            record,
            pictures(shown, _seen(_states(asked, images, seed)), images, segments),
            seen[0].masks,
            language,
        )
        _note_others(target, record)
    return record


def _scored(
    asked: Asked,
    shown: Sequence[Sample],
    target: StressFolder,
    device: str,
    backend: str,
    tta: bool | None,
    seed: int,
    overwrite: bool,
) -> tuple[Decoded, list[Looked]]:
    """Write the score files of all runs; return the images as the first reads them, and what each makes of examples."""
    images, seen = list[Decoded](), list[Looked]()
    for name, run in asked.runs.items():
        predictor = Predictor.open(run, device, tta=tta)
        use_backend(predictor, run, backend, predictor.reader.size(asked.samples[0].image))
        if not images or images[-1].reader != predictor.reader:
            images.append(Decoded(predictor.reader))
        states = _states(asked, images[-1], seed)
        source = replace(_source(run, asked), name=name)
        score_states(predictor, asked.samples, source, states, images[-1], target, seed, overwrite)
        untouched = load_scores(target.scores(name, UNTOUCHED))
        if line := learned_line(untouched):
            say(f"warning: {name}: {line}")
        if line := corrected_line(untouched):
            say(f"note: {name}: {line}")
        seen.append(_looked(predictor, shown, _seen(states), images[-1], target, name))
    return images[0], seen


def _states(asked: Asked, images: Decoded, seed: int) -> tuple[Setting, ...]:
    """Return the states of images as a run reads them; bands are light itself."""
    return tuple(settings_of(asked.stresses, images.reader.bands is not None, seed, asked.segmented))


def _seen(states: Sequence[Setting]) -> list[Setting]:
    """Return the states in which a person sees images."""
    return [state for state in states if not state.still]


def _source(run: Run, asked: Asked) -> Source:
    some = learned_from_some(run, asked.data, asked.split)
    return source_of(run, asked.split, asked.samples, fingerprint(asked.samples), some)


def _looked(
    predictor: Predictor,
    shown: Sequence[Sample],
    states: Sequence[Setting],
    images: Decoded,
    target: StressFolder,
    name: str,
) -> Looked:
    if predictor.scheme.task == "classification":
        return classified(shown, states, target, name)
    return segmented(shown, states, images, predictor)


def _record(
    asked: Asked, paths: Sequence[Path], target: StressFolder, metric: str, margin: float, seed: int
) -> StressRecord:
    """Return what score files say, without examples."""
    sides = {
        name: Side(str(path), _file(target, name, UNTOUCHED), _tried(asked, target, name))
        for name, path in zip(asked.runs, paths, strict=True)
    }
    models, found = concluded(target.path, sides, metric, margin, seed)
    return StressRecord(
        task="segmentation" if asked.segmented else "classification",
        metric=metric,
        split=asked.split,
        fingerprint=fingerprint(asked.samples),
        images=len(asked.samples),
        scenes=len({sample.scene for sample in asked.samples}),
        of=asked.of,
        margin=margin,
        seed=seed,
        left_out=asked.left_out,
        models=models,
        standings=found,
        examples=(),
    )


def _tried(asked: Asked, target: StressFolder, name: str) -> list[Tried]:
    found = []
    for each in asked.stresses:
        states = {strength: state_of(each.name, strength) for strength in each.strengths}
        apart = states if asked.segmented and each.places is not None else {}
        files, before = (
            {strength: _file(target, name, called(state)) for strength, state in own.items()}
            for own, called in ((states, str), (apart, still))
        )
        found.append(Tried(each.name, each.unit, each.none, files, before))
    return found


def _file(target: StressFolder, run: str, state: str) -> str:
    return target.scores(run, state).relative_to(target.path).as_posix()


def _note_others(target: StressFolder, record: StressRecord) -> None:
    """Say which score files are of states, or runs, that were not asked for: they are kept, and nothing shows them."""
    own = {target.path / file for side in sides_of(record).values() for file in side.files()}
    if others := [file for file in target.all_scores() if file not in own]:
        names = first_of([str(file.relative_to(target.path)) for file in others], NAMED)
        say(f"note: not of what was asked now, kept, and shown by nothing: {names}")


def _write(target: StressFolder, record: StressRecord, pictures: Thumbnails, masks: Thumbnails, language: str) -> None:
    with atomic_folder(target.path, [file.name for file in target.results()]) as folder:
        StressFolder(folder).save(record, pictures, masks)
        build_report(folder, language)
