"""Cross-validation in a study: folds are trained apart and concluded from as one."""

import json
import shutil
from dataclasses import fields

import numpy as np
import pytest
import yaml

from pixelproof import api
from pixelproof.errors import UserError
from pixelproof.evaluation.areas import average_precision, roc_auc
from pixelproof.evaluation.score import score
from pixelproof.report.page import build_report
from pixelproof.runs import Boundaries, Run, load_scores, save_scores
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.evidence_file import load_evidence
from pixelproof.study import conduct as conducting
from pixelproof.study.conduct import conduct
from pixelproof.study.file import read_study, run_config
from pixelproof.study.plan import in_order, plan
from small_data import write_color_classes, write_two_fields

SETTINGS = {"width": 0.03, "epochs": 1, "batch_size": 4, "crop": 32, "device": "cpu"}
BOTH = {"members": ["fcn32s", "fcn8s"]}
PART = {
    "data": "fields",
    "folds": 2,
    "settings": SETTINGS,
    "models": {"fcn32s": None, "fcn8s": None, "both": BOTH},
    "show": ["0000", "0005"],
    "claims": [{"id": "c", "says": "finer", "tests": [{"model": "fcn8s", "against": "fcn32s", "metric": "edges"}]}],
}
SEEN = "2 folds, each image scored by the run that had not seen it"


def study_of(folder, **parts):
    """Return a study of these parts, each changed from ``PART``."""
    values = {"name": "s", "parts": {name: PART | part for name, part in parts.items()}}
    (folder / "s.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    return read_study(folder / "s.yaml")


def planned(folder, *overrides, **parts):
    return plan(study_of(folder, **parts), folder, folder / "out", overrides)


@pytest.fixture
def unsplit(tmp_path):
    """Folder of eight tiles without a validation split."""
    shutil.rmtree(write_two_fields(tmp_path / "fields") / "validation")
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The tiles and, in ``out``, what a study in two folds leaves; read only."""
    folder = tmp_path_factory.mktemp("folds")
    shutil.rmtree(write_two_fields(folder / "fields") / "validation")
    conduct(study_of(folder, land={}), folder, folder / "out")
    return folder


def arrays(scores):
    """Return all that is counted, by name."""
    found = {f.name: getattr(scores, f.name) for f in fields(scores)}
    bounds = found.pop("boundaries", None)
    found |= {f.name: getattr(bounds, f.name) for f in fields(Boundaries)} if bounds else {}
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


def same(one, other):
    return arrays(one).keys() == arrays(other).keys() and all(
        np.array_equal(value, arrays(other)[name]) for name, value in arrays(one).items()
    )


def times(out):
    return {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.suffix in (".npz", ".safetensors")}


def test_every_image_is_scored_once_by_a_run_that_has_not_seen_it(finished):
    jobs = plan(study_of(finished, land={}), finished, finished / "out")["land"]
    assert [job.run.name for job in in_order({"land": jobs})] == [
        *("fcn32s.fold-1", "fcn8s.fold-1", "fcn32s.fold-2", "fcn8s.fold-2", "both.fold-1", "both.fold-2")
    ]
    for model in ("fcn32s", "fcn8s", "both"):
        own = [job for job in jobs if job.model == model]
        files = [job.run.scores("validation") for job in own]
        for job, file in zip(own, files, strict=True):
            assert load_scores(file).ids == tuple(sample.id for sample in job.parts["validation"])
            learned = {sample.id for name in ("train", "selection") for sample in job.parts[name]}
            assert learned.isdisjoint(load_scores(file).ids)
        whole = load_scores(finished / "out" / "land" / f"{model}.npz")
        assert sorted(whole.ids) == [f"{index:04}" for index in range(8)]
        assert same(whole, score(files))
        assert whole.source.name == model
    members = {job.run.name: [member.run.name for member in job.members] for job in jobs if job.members}
    assert members == {f"both.fold-{k}": [f"fcn32s.fold-{k}", f"fcn8s.fold-{k}"] for k in (1, 2)}


def test_what_is_not_of_the_folds_is_found(finished, tmp_path):
    out = shutil.copytree(finished / "out", tmp_path / "out")
    assert {check.outcome for check in api.verify(out).checks} == {"right"}
    whole = load_scores(out / "land" / "fcn8s.npz")
    whole.confusion[2, 0, 1] += 7
    save_scores(out / "land" / "fcn8s.npz", whole)
    shutil.rmtree(out / "land" / "both.fold-2")
    found = {check.file: check for check in api.verify(out).checks}
    (difference,) = found["land/fcn8s.npz"].differences
    assert (difference.figure, difference.stored - difference.recomputed) == (f"confusion[{whole.ids[2]}, 0, 1]", 7)
    unchecked = {f"land/{name}" for name in ("both.fold-2/scores/validation.npz", "both.npz", "comparison.json")}
    assert {file for file, check in found.items() if check.outcome == "not checked"} >= unchecked


def test_all_that_a_study_says_is_of_all_images(finished):
    out = finished / "out"
    record = json.loads((out / "study.json").read_text())["parts"][0]
    assert (record["folds"], record["data"]["images"]["validation"]) == (2, 8)
    model = record["models"][1]
    assert (model["run"], model["replicates"]) == ("land/fcn8s.fold-1", ["land/fcn8s.fold-2"])
    assert model["scores"] == "land/fcn8s.npz"
    comparison = load_comparison(out / "land" / "comparison.json")
    assert [one.name for one in comparison.models] == ["fcn32s", "fcn8s", "both"]
    assert {pair.images for pair in comparison.pairs} == {8}
    assert {one.fingerprint for one in comparison.models} == {record["data"]["fingerprint"]}
    evidence = load_evidence(out / "land" / "evidence.json")
    assert evidence.images == 8
    assert [(len(one.folds), one.runs) for one in evidence.models] == [(2, 1)] * 3
    assert evidence.claims[0].claim.id == "c"
    page = (out / "report.html").read_text()
    for said in (SEEN, "Over the folds", "fcn8s, fold 1 of 2", "Of fold 1 of 2.", "trained once for each of 2 folds"):
        assert said in page
    for of_one_network in ("How far to believe it", "What to leave to a person", "Each model was trained once, so"):
        assert of_one_network not in page
    for shown in ("0000", "0005"):
        assert f"<h4>{shown} " in page
        assert [(out / run / "shown" / f"{shown}.npz").is_file() for run in [model["run"], *model["replicates"]]].count(
            True
        ) == 1
    assert "has not predicted this image yet" not in page


def test_seeds_beside_folds_are_trained_in_the_same_folds_and_give_a_score_of_all_images_each(finished, tmp_path):
    out, seeds = shutil.copytree(finished / "out", tmp_path / "out"), {"land": {"seeds": [0, 1]}}
    before = {path: time for path, time in times(out).items() if "both" not in str(path)}
    page = conduct(study_of(tmp_path, **seeds), finished, out).read_text()
    jobs = plan(study_of(tmp_path, **seeds), finished, out)["land"]
    assert [job.run.name for job in in_order({"land": jobs})] == [
        *("fcn32s.fold-1", "fcn8s.fold-1", "fcn32s.fold-2", "fcn8s.fold-2"),
        *("fcn32s.seed-1.fold-1", "fcn8s.seed-1.fold-1", "fcn32s.seed-1.fold-2", "fcn8s.seed-1.fold-2"),
        *("both.fold-1", "both.fold-2"),
    ]
    own = {job.run.name: (job.config.training.seed, job.parts) for job in jobs}
    assert [own[f"fcn8s.seed-1.fold-{k}"] == (1, own[f"fcn8s.fold-{k}"][1]) for k in (1, 2)] == [True, True]
    assert [len(job.members) for job in jobs if job.members] == [4, 4]
    assert before.items() < times(out).items()
    other = load_scores(out / "land" / "fcn8s.seed-1.npz")
    assert same(other, score([out / "land" / f"fcn8s.seed-1.fold-{k}" / "scores/validation.npz" for k in (1, 2)]))
    evidence = load_evidence(out / "land" / "evidence.json")
    assert [(one.runs, len(one.scores), len(one.folds)) for one in evidence.models] == [(2, 2, 2), (2, 2, 2), (1, 1, 2)]
    assert (evidence.over_seeds[0].seeds, evidence.claims[0].seeds, evidence.images) == ((2, 2), 2, 8)
    record = json.loads((out / "study.json").read_text())["parts"][0]["models"][1]
    assert (record["scores"], record["seed_scores"]) == ("land/fcn8s.npz", ["land/fcn8s.seed-1.npz"])
    for said in ("Over the folds of the first seed", "Over all seeds", "the same for all seeds"):
        assert said in page


def test_a_page_names_scores_of_a_fold_whose_weights_were_trained_on(finished, tmp_path, capsys):
    out = shutil.copytree(finished / "out", tmp_path / "out")
    runs = [Run(out / "land" / f"fcn8s.fold-{fold}") for fold in (1, 2)]
    build_report(out)
    assert "other weights" not in capsys.readouterr().err
    shutil.copyfile(runs[0].best, runs[1].best)
    build_report(out)
    assert "note: the scores of fcn8s are of other weights than its run has now" in capsys.readouterr().err


@pytest.mark.usefixtures("pageless")
def test_a_killed_study_goes_on_and_ends_as_an_uninterrupted_one(finished, unsplit, monkeypatch, capsys):
    class KilledError(Exception):
        pass

    def killed(job, *rest):
        if job.replicate.fold:
            raise KilledError
        original(job, *rest)

    original, out = conducting.perform, unsplit / "out"
    models = {"models": {"fcn32s": None}, "claims": []}
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(conducting, "perform", killed)
        conduct(study_of(unsplit, land=models), unsplit, out)
    assert not (out / "study.json").exists()
    before = times(out)
    conduct(study_of(unsplit, land=models), unsplit, out)
    after = times(out)
    assert {path: after[path] for path in before} == before
    ended, uninterrupted = (load_scores(folder / "land" / "fcn32s.npz") for folder in (out, finished / "out"))
    assert same(ended, uninterrupted)

    capsys.readouterr()
    conduct(study_of(unsplit, land=models), unsplit, out)
    assert capsys.readouterr().err.count("trained already") == 2
    assert times(out) == after
    conduct(study_of(unsplit, land=models), unsplit, out, ["tta=flip"])
    assert capsys.readouterr().err.count("trained already") == 2
    assert load_scores(out / "land" / "fcn32s.npz").source.looks == "2 x 1"
    assert not (out / "previous").exists()


def test_folds_of_a_classifier(tmp_path):
    shutil.rmtree(write_color_classes(tmp_path / "patches") / "validation")
    settings = {key: value for key, value in SETTINGS.items() if key != "crop"}
    part = {"data": "patches", "settings": settings, "models": {"vgg16": "vgg16-bn"}, "show": [], "claims": []}
    page = conduct(study_of(tmp_path, patches=part), tmp_path, tmp_path / "out").read_text()
    whole = load_scores(tmp_path / "out" / "patches" / "vgg16.npz")
    assert len(whole.ids) == 30
    assert same(whole, score([tmp_path / f"out/patches/vgg16.fold-{k}/scores/validation.npz" for k in (1, 2)]))
    for said in ("of 30 validation images right", SEEN, "Over the folds"):
        assert said in page
    assert "Finding all images of one class" not in page
    folds = [load_scores(tmp_path / f"out/patches/vgg16.fold-{k}/scores/validation.npz") for k in (1, 2)]
    areas = load_evidence(tmp_path / "out/patches/evidence.json").models[0].fold_areas
    assert [each.name for each in areas] == list(whole.scheme.names)
    assert np.allclose([each.auc for each in areas], np.transpose([roc_auc(fold) for fold in folds]))
    mean = np.mean([average_precision(fold).mean() for fold in folds])
    assert f'<td class="text">mean of classes</td><td>{mean:.3f}</td>' in page


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ({"folds": 1}, "folds"),
        ({"embed": ["fcn8s"]}, "'embed' maps what one network sees, and 'folds' train several"),
        ({"metric": "roc_auc"}, "'roc_auc' is of one network's probabilities, and 'folds' train several"),
        ({"settings": SETTINGS | {"cv_fold": "1/2"}}, "'cv_fold' has no effect beside 'folds', which decide it"),
        ({"models": {"fcn32s": None, "fcn8s": {"data": {"cv_fold": "1/2"}}}}, "'cv_fold' has no effect beside"),
        ({"models": {"fcn32s": None, "fcn8s": {"folds": 2}}}, "'folds' is no setting; write it beside 'data', where"),
        ({"settings": SETTINGS | {"seeds": [0, 1]}}, "'seeds' is no setting; write it beside 'data'"),
    ],
)
def test_what_does_not_go_with_folds_is_one_sentence(tmp_path, part, complaint):
    with pytest.raises(UserError) as caught:
        study_of(tmp_path, land=part)
    assert complaint in str(caught.value)


def test_a_fold_on_the_command_line_has_no_place_beside_those_of_the_part(tmp_path):
    study = study_of(tmp_path, land={})
    own = study.parts["land"].replicates("fcn8s")[1]
    assert run_config(study, "land", "fcn8s", "segmentation", (), own).data.cv_fold == "2/2"
    with pytest.raises(UserError, match=r"'land' has folds of its own, so --set cv_fold=... has no place"):
        run_config(study, "land", "fcn8s", "segmentation", ("cv_fold=1/5",), own)


ALONE = {"models": {"fcn8s": None}, "claims": []}


def begun(weights, **part):
    return ALONE | {"models": {"fcn32s": {"weights": weights}}} | part


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"land": ALONE | {"show": ["0009"]}}, "'land' shows image '0009', which validation does not hold"),
        ({"land": ALONE | {"folds": 9}}, "8 images cannot make 9 folds"),
        (
            {"land": {"models": {"fcn32s": None, "fcn8s": {"split_seed": 1}}}},
            "'fcn32s' and 'fcn8s' would be scored on different images",
        ),
        (
            {"land": {"vary": {"model": "fcn8s", "factors": {"n": {"all": {}, "9": {"train_limit": 9}}}}}},
            "would learn from the same 3 images",
        ),
        (
            {"land": ALONE, "other": begun("study:land/fcn8s", split_seed=1)},
            "knows image '0",
        ),
        (
            {"land": ALONE | {"folds": None, "show": []}, "other": begun("study:land/fcn8s")},
            "knows image '0",
        ),
        (
            {"land": ALONE, "other": begun("study:land/fcn8s", folds=3)},
            "'other/fcn32s' starts from 'land/fcn8s', which is trained in 2 folds, and it is not",
        ),
    ],
)
def test_what_cannot_be_told_apart_or_leaks_is_refused_before_any_is_trained(unsplit, parts, complaint):
    for part in parts.values():
        part.setdefault("claims", [])
        if "vary" in part:
            part["models"] = {}
        if "split_seed" in part:
            part["settings"] = SETTINGS | {"split_seed": part.pop("split_seed")}
    with pytest.raises(UserError) as caught:
        conduct(study_of(unsplit, **parts), unsplit, unsplit / "out")
    assert complaint in str(caught.value)
    assert not (unsplit / "out").exists()


def test_data_with_a_validation_split_has_no_folds(tmp_path):
    write_two_fields(tmp_path / "fields")
    with pytest.raises(UserError, match=r"part 'land': 'folds' take validation out of train, and .*fields brings its"):
        planned(tmp_path, land={})


def test_a_run_starts_from_the_run_of_the_same_fold(unsplit):
    jobs = planned(unsplit, land=ALONE, other=begun("study:land/fcn8s"))
    assert [job.start.run.name for job in jobs["other"]] == ["fcn8s.fold-1", "fcn8s.fold-2"]
    # What has learned elsewhere without folds is one beginning for all of them.
    shutil.copytree(unsplit / "fields", unsplit / "elsewhere")
    jobs = planned(
        unsplit,
        land=ALONE | {"folds": None, "data": "elsewhere", "seeds": [0, 1], "show": []},
        other=begun("study:land/fcn8s"),
    )
    assert [job.start.run.name for job in jobs["other"]] == ["fcn8s", "fcn8s"]


def test_numbers_of_images_to_learn_from_can_be_varied(unsplit):
    factors = {"images": {"all": {}, "2": {"train_limit": 2}}}
    part = {"vary": {"model": "fcn8s", "factors": factors}, "models": {}, "claims": []}
    jobs = planned(unsplit, land=part)["land"]
    assert [(job.model, len(job.parts["train"]), len(job.parts["validation"])) for job in jobs] == [
        *(("baseline", 3, 4), ("baseline", 3, 4), ("images-2", 2, 4), ("images-2", 2, 4))
    ]
    assert jobs[3].run.path == unsplit / "out" / "land" / "images-2.fold-2"


@pytest.mark.usefixtures("pageless")
def test_a_study_resamples_the_groups_of_its_images(unsplit):
    settings = SETTINGS | {"groups": r"^..(\d)"}  # all tiles are of the first ten
    with pytest.raises(UserError, match="1 group cannot make 2 folds"):
        planned(unsplit, land={"settings": settings})
    out = unsplit / "out"
    for tile in (unsplit / "fields" / "train").iterdir():
        number = int(tile.name[:4])
        tile.rename(tile.with_name(f"site{number // 2}_{number}{tile.name[4:]}"))
    known = {"settings": SETTINGS | {"groups": r"^(site\d)_"}, "show": [], "claims": []}
    conduct(study_of(unsplit, land=known), unsplit, out)
    scores = load_scores(out / "land" / "fcn8s.npz")
    assert [i.partition("_")[0] for i in scores.ids] == scores.groups.tolist()
    assert load_comparison(out / "land" / "comparison.json").groups.count == 4
