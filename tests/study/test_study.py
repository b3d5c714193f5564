"""The study from its file to its report; a second run redoes only what changed."""

import json
import re
import shutil
import zipfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from small_study import STUDY

from pixelproof import api
from pixelproof.errors import UserError
from pixelproof.report.page import build_report
from pixelproof.runs import Run, load_scores, save_scores
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.evidence_file import load_evidence
from pixelproof.runs.locks import alone_in
from pixelproof.runs.study_file import load_study
from pixelproof.study.conduct import conduct
from pixelproof.study.file import read_study
from pixelproof.verbs.embed import embed_run
from pixelproof.verbs.show import describe_model
from pixelproof.verbs.train import train_run
from small_data import write_color_classes, write_two_fields


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's data and, in ``out``, all that one epoch of its models leaves; read only."""
    folder = tmp_path_factory.mktemp("finished")
    write_color_classes(folder / "patches")
    write_two_fields(folder / "fields")
    (folder / "small.yaml").write_text(STUDY)
    small = read_study(folder / "small.yaml")
    conduct(small, folder, folder / "out", ["epochs=1"], command="pixelproof study small.yaml")
    return folder


@pytest.fixture
def out(tmp_path: Path, finished: Path) -> Path:
    """A copy of what one epoch leaves, to go on with."""
    return shutil.copytree(finished / "out", tmp_path / "out")


def times(folder: Path) -> dict[str, int]:
    kinds = ("best.safetensors", "validation.npz", "0001.npz")
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*") if p.name in kinds}


def changed(before, after):
    return {name for name in after if before.get(name) != after[name]}


def test_a_study_ends_in_a_report_and_redoes_only_what_changed(study, tmp_path):
    out = tmp_path / "out"
    report = conduct(study, tmp_path, out)
    page = report.read_text()
    for word in ("vgg16", "fcn32s", "fcn8s", "0001", "Average loss:", "mIoU", "t-SNE", "The worst images of fcn"):
        assert word in page
    assert (out / "patches" / "vgg16" / "explanation" / "explanation.json").is_file()
    explained = list(out.glob("fields/*/explanation/suspects.csv"))
    assert len(explained) == 1  # of the best model alone
    before = explained[0].stat().st_mtime_ns
    first = times(out)
    assert {name.split("/")[1] for name in first} == {"vgg16", "fcn32s", "fcn8s"}
    assert len(first) == 3 * 2 + 1 + 2  # weights and scores of each, the features, the shown images

    report.unlink()
    conduct(study, tmp_path, out)
    assert report.read_text()
    assert times(out) == first
    assert explained[0].stat().st_mtime_ns == before

    conduct(study, tmp_path, out, ["fields.seed=1"])
    assert {name.split("/")[0] for name in changed(first, times(out))} == {"fields", "previous"}
    assert (out / "previous" / "fields-fcn8s-1" / "checkpoints" / "best.safetensors").is_file()

    (out / "patches" / "vgg16" / "scores" / "validation.npz").unlink()
    before = times(out)
    conduct(study, tmp_path, out, ["fields.seed=1"])
    assert changed(before, times(out)) == {"patches/vgg16/scores/validation.npz"}


@pytest.mark.usefixtures("pageless")
def test_scores_of_other_weights_are_made_again_and_those_that_name_none_are_kept(study, tmp_path, out):
    path = out / "patches" / "vgg16" / "scores" / "validation.npz"
    scores = load_scores(path)
    for weights, again in (("", False), ("0123456789abcdef", True)):
        save_scores(path, replace(scores, source=replace(scores.source, weights=weights)))
        before = times(out)
        conduct(study, tmp_path, out, ["epochs=1"])
        assert changed(before, times(out)) == ({"patches/vgg16/scores/validation.npz"} if again else set())
    assert load_scores(path).source == scores.source


@pytest.mark.usefixtures("pageless")
def test_how_images_are_handled_trains_nothing_anew(study, tmp_path, out):
    before = times(out)
    conduct(study, tmp_path, out, ["epochs=1", "cache=none"])
    assert times(out) == before
    assert not (out / "previous").exists()


def test_a_model_whose_training_ended_early_is_not_trained_again(tmp_path, color_classes, capsys):
    settings = {"width": 0.03, "epochs": 9, "patience": 1, "lr": 1e-9, "batch_size": 4, "device": "cpu"}
    part = {"data": color_classes.name, "settings": settings, "models": {"vgg16": None}}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({"name": "s", "parts": {"patches": part}}))
    study, out = read_study(tmp_path / "s.yaml"), tmp_path / "out"
    page = conduct(study, color_classes.parent, out).read_text()
    assert "2 of 9 epochs, ended by patience=1" in page
    before = times(out)
    conduct(study, color_classes.parent, out)
    assert "patches/vgg16: trained already" in capsys.readouterr().err
    assert times(out) == before


def test_a_comparison_goes_when_its_models_or_images_do(study, tmp_path, out):
    found = [out / "fields" / name for name in ("comparison.json", "evidence.json")]
    assert all(path.is_file() for path in found)
    text = yaml.safe_load(STUDY)
    del text["parts"]["fields"]["models"]["fcn8s"], text["parts"]["patches"]
    (tmp_path / "less.yaml").write_text(yaml.safe_dump(text))
    report = conduct(read_study(tmp_path / "less.yaml"), tmp_path, out, ["epochs=1"])
    assert not any(path.exists() for path in found)
    assert "fcn8s" not in report.read_text()


def test_a_part_says_by_what_its_models_are_compared(study, tmp_path, out):
    of = "recall:water"
    text, before = yaml.safe_load(STUDY), times(out)
    text["parts"]["fields"] |= {"metric": of}
    text["parts"]["patches"] |= {"metric": "roc_auc", "models": {"vgg16": "vgg16-bn", "again": {"model": "vgg16-bn"}}}
    test = {"model": "again", "against": "vgg16", "metric": "f1:red"}
    text["parts"]["patches"]["claims"] = [{"id": "c", "says": "better", "tests": [test]}]
    (tmp_path / "by.yaml").write_text(yaml.safe_dump(text))
    page = conduct(read_study(tmp_path / "by.yaml"), tmp_path, out, ["epochs=1"]).read_text("utf-8")
    found = {part: load_comparison(out / part / "comparison.json") for part in ("patches", "fields")}
    assert {part: record.pairs[0].metric for part, record in found.items()} == {"patches": "roc_auc", "fields": of}
    recorded = {each.name: each.metric for each in load_study(out / "study.json").parts}
    assert recorded == {"patches": "roc_auc", "fields": of}
    assert '<th scope="col">Mean ROC AUC</th>' in page
    assert "Recall of water" in page
    assert "gain in F1 of red" in page
    assert {name.split("/")[1] for name in changed(before, times(out))} == {"again"}  # nothing else is made anew
    evidence = load_evidence(out / "patches" / "evidence.json")
    assert [model.score for model in evidence.models] == pytest.approx([m.value for m in found["patches"].models])
    conduct(study, tmp_path, out, ["epochs=1"])
    assert load_comparison(out / "fields" / "comparison.json").pairs[0].metric == "miou"


@pytest.mark.usefixtures("pageless")
def test_a_comparison_that_was_edited_is_made_again(study, tmp_path, out, capsys):
    found = [out / "fields" / name for name in ("comparison.json", "evidence.json")]
    kept = [path.read_text() for path in found]
    assert [m["path"] for m in json.loads(kept[0])["models"]] == [
        f"fields/{name}/scores/validation.npz" for name in ("fcn32s", "fcn8s")
    ]
    for path, text, figure in zip(found, kept, ('"difference": ', '"value": '), strict=True):
        path.write_text(re.sub(f"{figure}[^,\n]*", f"{figure}0.5", text, count=1))
    conduct(study, tmp_path, out, ["epochs=1"])
    assert [path.read_text() for path in found] == kept
    assert capsys.readouterr().err.count("is not known to be what this study wrote: it is made again") == 2
    before = [path.stat().st_mtime_ns for path in found]
    conduct(study, tmp_path, out, ["epochs=1"])
    assert [path.stat().st_mtime_ns for path in found] == before


def test_what_is_packed_can_be_checked_and_shows_nothing_of_the_data_or_the_machine(pixelproof, out, tmp_path):
    run = Run(out / "patches" / "vgg16")
    run.note({"command": f"pixelproof study a.yaml --data '{tmp_path}/my data' --set weights={tmp_path}/a.pt"})
    run.save_config(run.config() | {"data": run.config()["data"] | {"groups": "/(.+)/"}})
    code, said, _ = pixelproof("pack", str(out), "--out", str(tmp_path / "packed"))
    assert code == 0
    assert re.search(r"left out: [\d.]+ MB of weights, [\d.]+ kB of pictures of the data \(--im.*other files", said)
    assert {check.outcome for check in api.verify(tmp_path / "packed").checks} == {"right"}
    files = {file for file in (tmp_path / "packed").rglob("*") if file.is_file()}
    assert not [f.name for f in files if f.suffix == ".safetensors" or "proof" in f.name or "thumb" in f.name]
    assert not [part for file in files for part in file.parts if part in ("shown", "worst", "doubtful", "pictures.npz")]
    for file in files:
        with zipfile.ZipFile(file) if zipfile.is_zipfile(file) else nullcontext() as archive:
            held = b"".join(map(archive.read, archive.namelist())) if archive else file.read_bytes()
        assert str(tmp_path.parent).encode() not in held
        assert not re.search(rb"data:image/(jpeg|png|webp)", held)
    made = (tmp_path / "packed" / "report.html").read_text()
    assert "--data &#39;my data&#39; --set weights=a.pt" in made
    assert "groups: /(.+)/" in made
    with pytest.raises(UserError, match="packed already exists"):
        api.pack(out, tmp_path / "packed")

    run.note({"command": ""})
    page = build_report(out).read_bytes()
    packed = api.pack(out, tmp_path / "whole", images=True)
    assert (packed.folder / "report.html").read_bytes() == page
    assert b"data:image/jpeg" in page
    assert "pictures of the data" not in packed.left
    alone = api.pack(run.path, tmp_path / "alone").folder
    assert "Run alone" in (alone / "report.html").read_text()


@pytest.mark.usefixtures("pageless")
def test_an_explanation_goes_when_its_model_is_no_longer_explained(study, tmp_path, out):
    (best,) = out.glob("fields/*/explanation")
    (other,) = (out / "fields" / name / "explanation" for name in ("fcn8s", "fcn32s") if name != best.parent.name)
    shutil.copytree(best, other)  # as if it had been the best before labels were corrected
    (other / "mine.txt").write_text("mine")
    text = yaml.safe_load(STUDY)
    del text["parts"]["patches"]["embed"]
    (tmp_path / "unmapped.yaml").write_text(yaml.safe_dump(text))
    conduct(read_study(tmp_path / "unmapped.yaml"), tmp_path, out, ["epochs=1"])
    assert list(out.rglob("suspects.csv")) == [best / "suspects.csv"]
    assert [path.name for path in other.iterdir()] == ["mine.txt"]


@pytest.mark.usefixtures("pageless")
def test_other_weights_in_the_same_file_train_anew(study, tmp_path):
    out, file = tmp_path / "out", tmp_path / "start.safetensors"
    text = yaml.safe_load(STUDY)
    del text["parts"]["fields"]
    text["parts"]["patches"]["settings"] |= {"weights": str(file), "epochs": 1}
    (tmp_path / "begun.yaml").write_text(yaml.safe_dump(text))
    runs = [
        train_run(
            tmp_path / "patches", "vgg16-bn", tmp_path / str(seed), settings=["width=0.03", "epochs=1", f"seed={seed}"]
        )
        for seed in (0, 1)
    ]
    for run in (*runs, runs[1]):
        shutil.copy(run.best, file)
        conduct(read_study(tmp_path / "begun.yaml"), tmp_path, out)
    assert len(list((out / "previous").iterdir())) == 1


def test_two_processes_do_not_conduct_studies_in_one_folder(study, tmp_path, monkeypatch):
    monkeypatch.setattr("pixelproof.study.conduct.WORKERS_END", 0.2)
    out = tmp_path / "out"
    out.mkdir()
    with alone_in(out), pytest.raises(UserError, match=r"another process is writing .*out; wait for it"):
        conduct(study, tmp_path, out)
    assert not list(out.iterdir())


def test_a_run_of_other_settings_is_not_moved_while_it_is_trained(study, tmp_path):
    out, run = tmp_path / "out", Run(tmp_path / "out" / "patches" / "vgg16")
    run.last.parent.mkdir(parents=True)
    with alone_in(run.last.parent), pytest.raises(UserError, match=r"another process is writing .*vgg16"):
        conduct(study, tmp_path, out)
    assert run.last.parent.is_dir()
    assert not list((out / "previous").iterdir())


@pytest.mark.usefixtures("pageless")
def test_a_killed_study_goes_on(study, tmp_path, monkeypatch):
    from pixelproof.training import loop

    class KilledError(Exception):
        pass

    def kill(self, score):
        original(self, score)
        raise KilledError

    original = loop.Trainer._keep
    monkeypatch.setattr(loop.Trainer, "_keep", kill)
    out = tmp_path / "out"
    with pytest.raises(KilledError):
        conduct(study, tmp_path, out)
    monkeypatch.undo()
    conduct(study, tmp_path, out)
    log = (out / "patches" / "vgg16" / "metrics.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in log[1:]] == ["1", "2"]
    assert not (out / "previous").exists()


def test_another_study_replaces_no_report(study, tmp_path, out):
    page = (out / "report.html").read_bytes()
    with pytest.raises(UserError, match=f"out holds the study '{study.name}'; choose another --out"):
        conduct(study.model_copy(update={"name": "other"}), tmp_path, out, ["epochs=1"])
    assert (out / "report.html").read_bytes() == page


def test_the_record_of_a_study_names_its_runs(finished):
    out = finished / "out"
    record = json.loads((out / "study.json").read_text())
    assert record["settings"] == {"epochs": "1"}
    runs = [model["run"] for part in record["parts"] for model in part["models"]]
    assert runs == ["patches/vgg16", "fields/fcn32s", "fields/fcn8s"]
    assert all((out / run / "config.yaml").is_file() for run in runs)


def test_weights_from_a_file_are_read_once(color_classes, tmp_path, capsys):
    slim = ["width=0.03", "epochs=1", "device=cpu"]
    source = train_run(color_classes, "vgg16", tmp_path / "a", settings=slim).best
    capsys.readouterr()
    train_run(color_classes, "vgg16", tmp_path / "b", weights=str(source), settings=slim)
    assert capsys.readouterr().err.count(f"{source}: 32 tensors loaded") == 1


@pytest.mark.parametrize("call", [
    lambda out: describe_model("fcn8s", classes=0),
    lambda out: describe_model("fcn8s", size=-5),
    lambda out: embed_run(out, out, out / "e", seed=-5),
    lambda out: embed_run(out, out, out / "e", perplexity=float("nan")),
])  # fmt: skip
def test_a_number_out_of_range_is_one_sentence(finished, call):
    with pytest.raises(UserError, match=r"cannot be|out of range"):
        call(finished / "out" / "patches" / "vgg16")
