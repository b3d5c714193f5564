"""Settings chosen by the selection part: candidates are trained and never scored on validation, but for the chosen."""

import shutil

import numpy as np
import pytest
import yaml

from pixelproof import api
from pixelproof.errors import UserError
from pixelproof.runs import Run, load_scores
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.evidence_file import load_evidence
from pixelproof.runs.scoring_log import read_scorings, scoring_log
from pixelproof.runs.study_file import ModelRecord, StudyRecord, load_study, save_study
from pixelproof.study.candidates import candidates
from pixelproof.study.conduct import conduct
from pixelproof.study.file import read_study
from pixelproof.study.plan import plan
from small_data import write_color_classes

SETTINGS = {"width": 0.03, "epochs": 1, "batch_size": 8, "device": "cpu", "selection": 0.4}
RATES = {"model": "vgg16-bn", "choose": {"lr": [0.02, 0.001]}}
MODELS = {
    "plain": "vgg16-bn",
    "best": RATES | {"seeds": [0, 1]},
    "both": {"members": ["plain", "best"]},
    "later": {"choose": {"on": {"model": "vgg16-bn", "weights": "study:patches/best"}, "alone": "vgg16-bn"}},
}


def study_of(folder, **part):
    values = {"data": "patches", "settings": SETTINGS, "models": MODELS} | part
    (folder / "s.yaml").write_text(yaml.safe_dump({"name": "s", "parts": {"patches": values}}, sort_keys=False))
    return read_study(folder / "s.yaml")


def splits_scored(out):
    """The splits that each run was scored on, in order, by the run's name."""
    runs = [Run(path) for path in sorted((out / "patches").iterdir()) if path.is_dir()]
    return {run.name: [row.split for row in read_scorings(scoring_log(run))] for run in runs}


def times(out):
    return {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.suffix in (".npz", ".safetensors")}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with the patches."""
    folder = tmp_path_factory.mktemp("choosing")
    write_color_classes(folder / "patches")
    return folder


@pytest.fixture(scope="module")
def finished(data):
    """The patches and, in ``out``, what a study that chooses leaves; read only."""
    conduct(study_of(data), data, data / "out")
    return data


@pytest.fixture
def undivided(data, tmp_path):
    """A folder with the patches of train alone, to be divided into folds."""
    shutil.copytree(data / "patches" / "train", tmp_path / "patches" / "train")
    return tmp_path


def choice(folder, model):
    (record,) = (each for each in load_study(folder / "out/study.json").parts[0].models if each.name == model)
    return record, record.choices[0]


def test_the_best_on_the_selection_part_is_the_model_and_alone_scored_on_validation(finished):
    record, made = choice(finished, "best")
    out = finished / "out"
    for each in made.candidates:  # what training has seen of the selection part, epoch by epoch
        reached = [max(row["score"] for row in Run(out / run).metrics.read()) for run in each.runs]
        assert each.scores == pytest.approx(reached)
        assert (each.score, each.spread) == pytest.approx((np.mean(reached), np.std(reached, ddof=1)))
    assert made.chosen == max(made.candidates, key=lambda each: each.score).name  # the first of equals
    assert record.runs == made.best.runs == (f"patches/best.{made.chosen}", f"patches/best.{made.chosen}.seed-1")
    later, again = choice(finished, "later")
    chosen = {run.removeprefix("patches/") for run in (*record.runs, *later.runs)}
    scored = splits_scored(out)
    assert {name: scored.pop(name) for name in ("plain", "both")} == {"plain": ["validation"], "both": ["validation"]}
    assert scored == {name: ["selection"] + ["validation"] * (name in chosen) for name in scored}
    assert len(scored) == 6
    assert made.images == again.images == len(load_scores(out / made.files[0]).ids) == 12


def test_what_needs_a_chosen_model_takes_the_chosen(finished):
    out, (record, _) = finished / "out", choice(finished, "best")
    members = [each.run for each in Run(out / "patches/both").facts().members]
    assert members == ["plain", *(Run(run).name for run in record.runs)]
    start = Run(out / "patches/later.on")
    assert str(Run(out / record.run).best) in (start.path / "config.yaml").read_text()
    comparison = load_comparison(out / "patches/comparison.json")
    assert [model.name for model in comparison.models] == list(MODELS)
    assert [model.path for model in comparison.models][1] == f"{record.run}/scores/validation.npz"
    assert [model.name for model in load_evidence(out / "patches/evidence.json").models] == list(MODELS)


def test_the_page_tells_every_candidate_and_the_figure_that_chose_nothing(finished):
    page = (finished / "out/report.html").read_text()
    record, made = choice(finished, "best")
    validated = np.mean([load_scores(Run(finished / "out" / run).scores("validation")).correct for run in record.runs])
    assert f"best is the candidate {made.chosen}: of 2 it has the highest accuracy, as the mean over 2 seeds" in page
    assert f"On validation it has {validated:.1%} beside {made.best.score:.1%} on the selection part" in page
    assert "best was chosen among 2 candidates, and later among 2, by the selection part of train" in page
    assert '<td class="text">lr=0.02</td>' in page
    table = (finished / "out/tables/patches-choices.csv").read_text().splitlines()
    assert len(table) == 5
    assert "selection</td>" not in page.partition("Choosing settings</h3>")[0]


def test_what_is_said_of_a_choice_is_verified(finished, tmp_path):
    packed = api.pack(finished / "out", tmp_path / "packed").folder
    (packed / "report.html").unlink()  # which takes long to make again, and is in the test of folds
    _, made = choice(finished, "best")
    record = load_study(packed / "study.json")
    other = record.parts[0].model_copy(update={"name": "other"})
    save_study(packed / "study.json", record.model_copy(update={"parts": (*record.parts, other)}))
    text = (packed / "study.json").read_text()
    (packed / "study.json").write_text(text.replace(f'"score": {made.best.score}', '"score": 0.99', 1))
    found = api.verify(packed).checks
    assert {check.outcome for check in found if check.file.endswith(".npz")} == {"right"}
    assert {*made.files} <= {check.file for check in found}
    (check,) = (check for check in found if check.file == "study.json")  # one, whatever the parts
    (wrong,) = check.differences
    assert wrong.figure.startswith("patches/best.candidates[")
    assert (wrong.figure.rpartition(".")[2], wrong.stored) == ("score", 0.99)


def test_a_further_candidate_is_all_that_is_trained_and_those_that_validation_has_seen_are_named(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("plain", "both", "later.*"))
    out, (record, made) = tmp_path / "out", choice(finished, "best")
    assert "Scored on validation as well" not in (out / "report.html").read_text()
    api.evaluate(out / record.not_chosen[0], tmp_path / "patches")
    before = times(out)
    more = RATES | {"seeds": [0], "choose": {"lr": [0.02, 0.001, 1e-9]}}
    page = conduct(study_of(tmp_path, models={"best": more}), tmp_path, out, jobs=2).read_text()
    changed = {path for path, at in times(out).items() if before.get(path) != at}
    trained = {path.relative_to(out / "patches").parts[0] for path in changed if path.stem != "validation"}
    assert trained == {"best.lr-1e-09"}
    now = load_study(out / "study.json").parts[0].models[0].choices[0]
    assert len(now.candidates) == 3
    seen = ", ".join(f"best.{each.name}" for each in made.candidates if each.name != now.chosen)
    assert f"Scored on validation as well, by an earlier choice or by hand: {seen}." in page


def test_a_choice_inside_each_fold_never_sees_what_the_fold_is_scored_on(undivided):
    out = undivided / "out"
    page = conduct(study_of(undivided, folds=2, models={"best": RATES}), undivided, out).read_text()
    record = load_study(out / "study.json").parts[0].models[0]
    assert [made.fold for made in record.choices] == [1, 2]
    for made, run in zip(record.choices, record.runs, strict=True):
        assert made.best.runs == (run,) == (f"patches/best.{made.chosen}.fold-{made.fold}",)
        by, on = (set(load_scores(Run(out / run).scores(split)).ids) for split in ("selection", "validation"))
        assert by.isdisjoint(on)
    assert sum("validation" in splits for splits in splits_scored(out).values()) == 2
    assert len(load_scores(out / "patches/best.npz").ids) == 30
    assert "best is chosen anew in each of 2 folds, by accuracy on the selection part of that fold" in page
    assert {check.outcome for check in api.verify(out).checks} == {"right"}


def test_what_needs_a_chosen_model_waits_for_the_choice_of_its_fold(undivided):
    models = {"best": RATES, "both": {"members": ["best"]}}
    study = study_of(undivided, folds=2, seeds=[0, 1], models=models)

    def planned(*chosen):
        decided = {("patches", "best", fold): name for fold, name in enumerate(chosen)}
        return plan(study, undivided, undivided / "out", (), decided)["patches"]

    assert len(planned()) == 2 * 2 * 2 + 2
    assert [job.waits for job in planned() if job.model == "both"] == [True, True]
    assert [job.waits for job in planned("lr-0.001") if job.model == "both"] == [False, True]
    *runs, first, second = planned("lr-0.001", "lr-0.02")
    assert not any(job.open or job.waits for job in (*runs, first, second))
    for job, own in ((first, "lr-0.001{}.fold-1"), (second, "lr-0.02{}.fold-2")):
        assert [each.name for each in job.members] == [f"patches/best.{own.format(s)}" for s in ("", ".seed-1")]


@pytest.mark.parametrize(
    ("choose", "names"),
    [
        ({"lr": [0.1, 0.01], "flip": [True]}, ["lr-0.1", "lr-0.01"]),
        ({"model": ["timm:resnet18", "vgg16"], "training.clip": [None, 1]}, None),
        ({"scale": [[0.5, 1.0], [1.0, 1.0]]}, ["scale-0.5-1.0", "scale-1.0-1.0"]),
        ({"a": "vgg16", "b": {"training": {"lr": 1}}, "c": None}, ["a", "b", "c"]),
    ],
)
def test_candidates_are_named_by_what_differs(choose, names):
    made = candidates(choose, "vgg16-bn", {"epochs": 3})
    assert list(made) == names or list(made) == [
        f"model-{m}_clip-{c}" for m in ("timm-resnet18", "vgg16") for c in ("null", "1")
    ]
    assert all(each["settings"]["epochs"] == 3 for each in made.values())
    if names == ["a", "b", "c"]:
        assert [each["model"] for each in made.values()] == ["vgg16", "vgg16-bn", "vgg16-bn"]
        assert made["b"]["settings"] == {"epochs": 3, "training.lr": 1}


@pytest.mark.parametrize(
    ("entry", "part", "complaint"),
    [
        ({"choose": {"lr": [0.1]}}, {}, "there is nothing to choose"),
        ({"choose": {"lr": [0.1, 0.10]}}, {}, "two candidates would both be called 'lr-0.1'"),
        ({"choose": {"lr": [0.1, "0.10"]}}, {}, "have the same settings; remove one of them"),
        ({"choose": {"lr": 0.1, "flip": [True]}}, {}, "'choose' takes settings with a list of values each"),
        ({"choose": {"lr": []}}, {}, "'choose' gives no values of 'lr'"),
        ({"choose": []}, {}, "'choose' takes settings with a list of values each"),
        ({"choose": {"seeds": [1, 2]}}, {}, "'seeds' is nothing to choose"),
        ({"choose": {"lrr": [1, 2]}}, {}, "settings of 'best.lrr-1': unknown key 'lrr'; did you mean 'lr'"),
        ({"lr": 0.1, **RATES}, {}, "'lr' has no effect beside 'choose'"),
        ({"members": ["plain"], "choose": {"lr": [1, 2]}}, {}, "'members' and nothing to 'choose'"),
        ({"choose": {"seed": [1, 2]}}, {"seeds": [1, 2]}, "'seed' has no effect beside 'seeds'"),
        ({"seeds": [3], "choose": {"seed": [1, 2]}}, {}, "'seed' has no effect beside 'seeds'"),
        ({"choose": {"cv_fold": ["1/2", "2/2"]}}, {"folds": 2}, "'cv_fold'"),
        ({"choose": {"a/b": {"lr": 1}, "c": {}}}, {}, "'a/b' cannot name a folder"),
        ({"choose": {"split_seed": [0, 1]}}, {}, "would be chosen by different images or labels; give selection"),
        (
            {"choose": {"lr": [1, 2]}},
            {"settings": SETTINGS | {"selection": 0}},
            "selection part of train, which holds no",
        ),
        ({"choose": {True: [1, 2]}}, {}, "the name true is not a text; write it in quotes"),
        ({"choose": {True: {"lr": 1}, False: {"lr": 2}}}, {}, "the name true is not a text; write it in quotes"),
        ({"choose": {1: {"lr": 1}, "1": {"lr": 2}, "b": {}}}, {}, "'1' is named twice, as a number and as a text"),
        ({"choose": {"x": {"lr": 1}, "x.seed-1": {"lr": 2}}}, {"seeds": [0, 1]}, "would share the run"),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence_before_anything_is_trained(data, tmp_path, entry, part, complaint):
    models = {"plain": "vgg16-bn", "best": {**({} if "members" in entry else {"model": "vgg16-bn"}), **entry}}
    with pytest.raises(UserError, match=complaint):
        conduct(study_of(data, **{"models": models, **part}), data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"lr": [0.1, 0.02]}, r"patches/plain and patches/best.lr-0.02 have the same settings"),
        ({"input_size": [None, 32]}, r"best.input_size-32 sees images otherwise than patches/plain, by input_size"),
    ],
)
def test_a_candidate_that_cannot_answer_together_with_others_is_refused_beforehand(data, tmp_path, chosen, complaint):
    models = {"plain": {"model": "vgg16-bn", "lr": 0.02}, "best": {"model": "vgg16-bn", "choose": chosen}}
    study = study_of(data, models=models | {"both": {"members": ["plain", "best"]}})
    with pytest.raises(UserError, match=complaint):
        plan(study, data, tmp_path / "out")


def test_no_candidate_lies_where_the_study_writes(data):
    with pytest.raises(UserError, match=r"no model can be called 'evidence\.json', as a file of the part is"):
        study_of(data, models={"evidence": RATES | {"choose": {"json": {"lr": 1}, "other": {"lr": 2}}}})


def test_a_setting_that_is_chosen_is_not_set_on_the_command_line(data, tmp_path):
    study = study_of(data, models={"best": RATES})
    with pytest.raises(
        UserError, match=r"--set training\.lr=1: the study chooses training\.lr of 'best'; change 'choose'"
    ):
        plan(study, data, tmp_path / "out", ["training.lr=1"])
    assert len(plan(study, data, tmp_path / "out", ["epochs=2"])["patches"]) == 2


def test_a_record_that_chose_other_runs_than_its_model_has_is_refused(finished):
    record = load_study(finished / "out/study.json").model_dump(mode="json")
    record["parts"][0]["models"][1]["run"] = "patches/plain"
    with pytest.raises(ValueError, match="part patches chose other runs than those of best"):
        StudyRecord.model_validate(record)


def test_a_record_of_other_candidates_in_each_fold_is_refused(finished):
    values = choice(finished, "best")[0].model_dump(mode="json")
    (made,) = values["choices"]
    more = made | {"candidates": [*made["candidates"], made["candidates"][0] | {"name": "third"}]}
    with pytest.raises(ValueError, match="best was chosen among others in each fold"):
        ModelRecord.model_validate(values | {"choices": [made, more]})


def rates(**found):
    return {"best": {"choose": {name: {"model": "vgg16-bn", "lr": lr} for name, lr in found.items()}}}


def test_a_candidate_that_diverges_is_not_chosen_and_ends_nothing(data, tmp_path, capfd):
    out = tmp_path / "out"
    study = study_of(data, models=rates(wild=1.0e30, tame=0.02))
    conduct(study, data, out)
    assert "became infinite or undefined in epoch 1 of" in capfd.readouterr().err
    record = load_study(out / "study.json").parts[0].models[0]
    lost, kept = record.choices[0].candidates
    assert (record.run, lost.diverged, lost.score, lost.difference) == ("patches/best.tame", True, None, None)
    assert not kept.diverged
    page = (out / "report.html").read_text("utf-8")
    assert "Training diverged, so that nothing is known of: wild." in page
    api.pack(out, tmp_path / "packed")
    for folder in (out, tmp_path / "packed"):
        assert {check.outcome for check in api.verify(folder).checks} == {"right"}

    conduct(study, data, out)
    assert "best.wild: its training has diverged, so it is not chosen" in capfd.readouterr().err
    with pytest.raises(UserError, match="the training of every candidate of 'best' diverged; let it choose"):
        conduct(study_of(data, models=rates(wild=1.0e30, wilder=1.0e31)), data, out)


def test_a_large_number_is_not_called_as_a_small_one():
    assert [*candidates({"lr": [1.0e30, 1.0e-30]}, "vgg16-bn", {})] == ["lr-1e30", "lr-1e-30"]
