"""The page of ``results/``, a function of the files that lie there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results_figures import NAMES, PROTOCOL, recipes, scores_of, seeds, summary

from pixelproof.comparison.compare import compare_scores
from pixelproof.comparison.evidence.claims import judge
from pixelproof.comparison.evidence.gather import gather
from pixelproof.comparison.opening import open_models
from pixelproof.comparison.wording.over_seeds import over_seeds
from pixelproof.comparison.wording.reasons import status_word, test_phrase
from pixelproof.comparison.wording.sentences import sentences
from pixelproof.numbers import UNDEFINED, count, duration, score, share
from pixelproof.runs.claims import Claim
from pixelproof.study.file import builtin_study

RESULTS = Path(__file__).parents[1] / "results"
STUDY = "reference_full"
STUDIES = (STUDY, "reference_cpu_claims", "reference_cpu_hour")
"""Those that compare FCN32s with FCN8s, with the same claims, each about models of its own."""


@dataclass(frozen=True)
class Goal:
    """A figure of the reference study, and what is wanted of ours."""

    recipe: str
    title: str
    study: float
    published: float
    wanted: float


GOALS = (
    Goal("vgg16", "VGG16, 50 classes", 0.780, 0.798, 0.80),
    Goal("fcn32s", "FCN32s", 0.6575, 0.7253, 0.68),
    Goal("fcn8s", "FCN8s", 0.7306, 0.7306, 0.72),
    Goal("best", "any model", 0.7306, 0.7618, 0.74),
)
STUDY_IOU = {
    "urban": (0.72216, 0.77845),
    "agriculture": (0.86859, 0.89674),
    "rangeland": (0.26131, 0.39297),
    "forest": (0.79326, 0.82162),
    "water": (0.67224, 0.79120),
    "barren": (0.62753, 0.70258),
    "mean": (0.657515, 0.730594),
}
"""IoU of FCN32s and FCN8s by class, as the study reports it."""
FEW = "Of the recipes above, the best of each kind; `pixelproof score` has the others, and their folders the masks."
COLUMNS = ("recipe", "seed", "validation", "selection", "times validation was scored", "training", "to the best epoch",
           "device", "images/s", "of peak", "commit")  # fmt: skip
HEAD = """# Results

What Pixelproof reaches on the data of the reference study. This page and every `<recipe>.json` are written by
`tools/collect_results.py` from the score files beside it, and a test computes them again. To read one yourself:

    pixelproof score {example}

What has not been run says so. Images and true masks belong to others and are not here; neither are weights.
"""


def render(results: Path) -> str:
    """Return the page."""
    known = {recipe.name: summary(recipe) for recipe in recipes(results)}
    parts = [
        HEAD.format(example=_example(results)),
        _goals(known),
        _others(known),
        _iou(known),
        *_compared(results),
        _curves(results),
        _masks(results, known),
        _made(results, known),
    ]
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def _example(results: Path) -> str:
    found = recipes(results)
    name, seed = (found[0].name, seeds(found[0])[0].name) if found else ("<recipe>", "seed-0")
    return f"results/{name}/{seed}/{NAMES['scores']}"


def _goals(known: Mapping[str, dict[str, Any]]) -> str:
    lines = [
        "## The study's figures and ours\n",
        "The study and all others started from ImageNet or COCO weights and chose checkpoints on the validation",
        "images. Ours start from nothing and choose on a part of train. Accuracy of 2,500 images, mIoU of 257 by the",
        "course's rule, mean ± standard deviation over the seeds. On a laptop: the best of the smaller",
        "recipes below.\n",
        "| | the study | best published | wanted from scratch | reached | seeds | on a laptop |",
        "|---|---|---|---|---|---|---|",
    ]
    for goal in GOALS:
        found = known.get(goal.recipe)
        values = [_value(each, goal.recipe == "vgg16") for each in (goal.study, goal.published, goal.wanted)]
        reached = _reached(found) if found else "**not run**"
        cells = [goal.title, *values, reached, str(len(found["seeds"]) if found else 0), _on_a_laptop(goal, known)]
        lines.append(f"| {' | '.join(cells)} |")
    if any(goal.recipe not in known for goal in GOALS):
        lines.append("\nWhat is not run needs a GPU for half an hour:")
        lines.append(f"`pixelproof study studies/{STUDY}.yaml --data DIR --out out/{STUDY}`, then")
        lines.append(f"`python tools/collect_results.py out/{STUDY}`.")
    return "\n".join(lines) + "\n"


def _on_a_laptop(goal: Goal, known: Mapping[str, dict[str, Any]]) -> str:
    best = _best_on_a_laptop(goal, known)
    return f"{_reached(best)} (`{best['recipe']}`)" if best else "–"


def _best_on_a_laptop(goal: Goal, known: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Return the best of the recipes that train a goal's model, or any segmenter, on a CPU."""
    any_model = goal.recipe == "best"
    smaller = [
        found
        for name, found in known.items()
        if (found["task"] == "segmentation" if any_model else name.startswith(f"{goal.recipe}-cpu"))
        and name not in {each.recipe for each in GOALS}
    ]
    return max(smaller, key=lambda found: float(found["mean"]), default=None)


def foremost(known: Mapping[str, dict[str, Any]], task: str = "segmentation") -> list[str]:
    """Return the recipes of a task that the page looks into: those of the goals, and the best of each on a laptop."""
    best = [found["recipe"] for goal in GOALS if (found := _best_on_a_laptop(goal, known))]
    names = dict.fromkeys([*(goal.recipe for goal in GOALS if goal.recipe in known), *best])
    return [name for name in names if known[name]["task"] == task]


def _others(known: Mapping[str, dict[str, Any]]) -> str:
    """Return the table of recipes that are none of the goals, such as those for a laptop."""
    rest = [found for name, found in known.items() if name not in {goal.recipe for goal in GOALS}]
    if not rest:
        return ""
    lines = ["## Other recipes\n", "| recipe | model | reached | seeds | device |", "|---|---|---|---|---|"]
    for found in rest:
        width = "" if found["width"] == 1 else f" at width {found['width']:g}"
        device = ", ".join(sorted({str(each) for each in found["device"]}))
        row = (found["recipe"], f"`{found['model']}`{width}", _reached(found), len(found["seeds"]), device)
        lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines) + "\n"


def _iou(known: Mapping[str, dict[str, Any]]) -> str:
    names = foremost(known)
    if not names:
        return ""
    lines = [
        "## IoU by class\n",
        f"{FEW}\n",
        "| class | FCN32s, the study | FCN8s, the study | " + " | ".join(names) + " |",
    ]
    lines.append("|---" * (3 + len(names)) + "|")
    for name, pair in STUDY_IOU.items():
        ours = [known[each]["mean"] if name == "mean" else known[each]["classes"][name] for each in names]
        lines.append(f"| {name} | {' | '.join(score(value) for value in (*pair, *ours))} |")
    return "\n".join(lines) + "\n"


def _compared(results: Path) -> tuple[str, str]:
    """Return the verdicts on FCN32s and FCN8s, and what becomes of the study's claims, by each study that was run."""
    parts = {name: builtin_study(name).parts["segmentation"] for name in STUDIES}
    pairs = {name: list(part.trained)[:2] for name, part in parts.items() if _run(results, list(part.trained)[:2])}
    verdicts = [line for name, pair in pairs.items() for line in _verdict(results, name, pair)]
    head = "By `pixelproof compare` on their first seeds, and over all seeds where there are several:\n"
    said = [head, *verdicts] if verdicts else ["Not run: it takes both networks."]
    lines = ["## The study's claims, tested\n"]
    # Each study makes the same claims, about models of its own.
    for alike in zip(*(part.claims for part in parts.values()), strict=True):
        lines += _claim(dict(zip(parts, alike, strict=True)), results)
    return "\n".join(["## Is FCN8s better than FCN32s?\n", *said]) + "\n", "\n".join(lines) + "\n"


def _run(results: Path, models: Iterable[str]) -> bool:
    return all((results / model).is_dir() for model in models)


def _verdict(results: Path, study: str, pair: Sequence[str]) -> list[str]:
    """Return what two recipes' first seeds say, and what all of them do where there are several."""
    files = [seeds(results / name)[0] / NAMES["scores"] for name in pair]
    record = compare_scores(open_models(files, "validation"), files, "unknown_counted", None, 0)
    said = [f"- `{study}`, {count(record.pairs[0].images)} images: {' '.join(sentences(record.pairs[0], record))}"]
    runs = {name: scores_of(results / name) for name in pair}
    if all(len(own) == 1 for own in runs.values()):
        return said
    evidence = gather(runs, PROTOCOL)
    return said + [f"  - {' '.join(over_seeds(gain, evidence, 'en'))}" for gain in evidence.over_seeds]


def _claim(claims: Mapping[str, Claim], results: Path) -> list[str]:
    """Return a claim with what becomes of it in each study that was run; ``claims`` has it by study."""
    found = {study: claim for study, claim in claims.items() if _run(results, claim.models)}
    wanted = claims[STUDY]
    if not found:
        lacking = sorted(model for model in wanted.models if not _run(results, [model]))
        return [f"- {wanted.says['en']} **Not run**: lacks {', '.join(lacking)}."]
    return [f"- {wanted.says['en']}", *(_judged(study, claim, results) for study, claim in found.items())]


def _judged(study: str, claim: Claim, results: Path) -> str:
    result = judge(claim, {name: scores_of(results / name) for name in claim.models}, PROTOCOL)
    tests = "; ".join(test_phrase(test, "en") for test in result.results)
    return f"  - **{status_word(result, 'en')}** in `{study}` ({tests}; seeds: {result.seeds})"


def _curves(results: Path) -> str:
    found = sorted(results.glob("curves-*.svg"))
    pictures = [f"![{path.stem.removeprefix('curves-')}: the score over the epochs]({path.name})" for path in found]
    head = "## Learning curves\n\nOf the same, first seeds, on the part of train that chooses the checkpoint.\n"
    return "\n".join([head, *pictures]) + "\n" if found else ""


def _masks(results: Path, known: Mapping[str, dict[str, Any]]) -> str:
    shown = sorted({path.stem for path in results.glob("*/*.png")})
    head = "## Masks\n\n"
    if not shown:
        return head + "Not run: the masks of 0010, 0097 and 0107 take a segmenter.\n"
    names = [name for name in foremost(known) if any((results / name).glob("*.png"))]
    lines = [f"| image | {' | '.join(names)} |", "|---" * (1 + len(names)) + "|"]
    for image in shown:
        cells = [f"![{image} by {name}]({name}/{image}.png)" for name in names]
        lines.append(f"| {image} | {' | '.join(cells)} |")
    return head + "Predictions of the same, first seeds, in the scheme's colours.\n\n" + "\n".join(lines) + "\n"


def _made(results: Path, known: Mapping[str, dict[str, Any]]) -> str:
    """Say how each seed was made; ``note.md`` in a recipe's folder adds what figures do not tell."""
    lines = [
        "## How they were made\n",
        "Selection: the part of train that chose the checkpoint. Peak: of a matrix product, as measured there.\n",
        "| " + " | ".join(COLUMNS) + " |",
        "|---" * len(COLUMNS) + "|",
    ]
    for name, found in known.items():
        for place, seed in enumerate(found["seeds"]):
            lines.append(f"| {name} | {seed} | {' | '.join(_cells(found, place))} |")
    for name, found in known.items():
        lines.append(f"\n**{name}**: {_origin(found)}.")
        note = results / name / "note.md"
        lines += [note.read_text(encoding="utf-8").strip()] if note.is_file() else []
    return "\n".join(lines) + "\n" if known else ""


def _origin(found: Mapping[str, Any]) -> str:
    """Say what a recipe trains, for how long, and from what; of an ensemble, of what it consists."""
    if "members" in found:
        *others, last = found["members"]
        return f"the mean of {', '.join(others)} and {last}"
    width = "" if found["width"] == 1 else f" at width {found['width']:g}"
    start = {"none": "random weights"}.get(found["starts_from"], f"`{found['starts_from']}`")
    return f"`{found['model']}`{width}, {found['epochs']} epochs from {start}"


def _cells(found: Mapping[str, Any], place: int) -> list[str]:
    """Return what a row says of one seed, after recipe and seed."""
    scorings = found["scorings"][place]
    return [
        score(found["values"][place]),
        score(found["selection_score"][place]),
        UNDEFINED if scorings is None else count(scorings),
        duration(found["seconds"][place]),
        duration(found["seconds_to_best"][place]),
        str(found["device"][place]),
        count(found["images_per_second"][place]),
        share(found["share_of_peak"][place], 0),
        str(found["commit"][place]),
    ]


def _value(value: float, percent: bool) -> str:
    return share(value) if percent else score(value)


def _reached(found: Mapping[str, Any]) -> str:
    percent = found["metric"] == "accuracy"
    spread = "" if found["std"] is None else f" ± {share(found['std']) if percent else score(found['std'])}"
    return _value(found["mean"], percent) + spread
