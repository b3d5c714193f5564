"""Models that learn from fewer images as well: drawn inside each other, as long as all, once, and verified."""

import itertools
import json
import shutil
from types import SimpleNamespace

import pytest
import yaml

from pixelproof import api
from pixelproof.config import run_settings
from pixelproof.errors import UserError
from pixelproof.runs import Run
from pixelproof.runs.sizes_file import load_sizes
from pixelproof.runs.study_file import load_study
from pixelproof.study.conduct import conduct
from pixelproof.study.file import read_study
from pixelproof.study.plan import in_order, plan
from pixelproof.study.replicates import replicates
from pixelproof.study.sizes import learned_from
from pixelproof.verbs.verify import verify_folder
from small_data import write_color_classes

SETTINGS = {"width": 0.03, "epochs": 1, "batch_size": 4, "device": "cpu", "warmup": 0.5, "patience": 2}
SIZES = [0.5, 7, 1]


def study_of(folder, **part):
    values = {
        "data": "patches",
        "settings": SETTINGS,
        "seeds": [0, 4],
        "train_sizes": SIZES,
        "models": {"a": "vgg16-bn"},
    }
    (folder / "s.yaml").write_text(yaml.safe_dump({"name": "s", "parts": {"patches": values | part}}))
    return read_study(folder / "s.yaml")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sizes")
    write_color_classes(folder / "patches")
    return folder


@pytest.fixture(scope="module")
def finished(data):
    """What a study with sizes leaves in ``out``; read only."""
    conduct(study_of(data), data, data / "out")
    return data / "out"


def jobs_of(folder, **part):
    return {job.run.name: job for job in plan(study_of(folder, **part), folder, folder / "out")["patches"]}


def test_fewer_are_some_of_the_more_and_others_with_each_seed(data):
    jobs = jobs_of(data)
    assert list(jobs) == [f"a{size}{seed}" for size in ("", ".train-0.5", ".train-7") for seed in ("", ".seed-4")]
    learned = {name: {sample.id for sample in job.parts["train"]} for name, job in jobs.items()}
    for seed in ("", ".seed-4"):
        few, half, whole = (learned[f"a{size}{seed}"] for size in (".train-7", ".train-0.5", ""))
        assert few < half < whole
        assert (len(few), len(half), len(whole)) == (7, 14, 27)
    assert learned["a.train-7"] != learned["a.train-7.seed-4"]
    assert len({job.fingerprints["validation"] for job in jobs.values()}) == 1
    order = [job.run.name for job in in_order({"patches": list(jobs.values())})]
    assert order[:2] == ["a", "a.seed-4"]
    assert set(order[2:4]) == {"a.train-0.5", "a.train-7"}


def test_all_take_as_many_steps_unless_asked_otherwise(data):
    jobs = jobs_of(data)
    steps = {name: job.config.training.epochs * (len(job.parts["train"]) // 4) for name, job in jobs.items()}
    assert set(steps.values()) == {6}
    assert jobs["a.train-7"].config.training.warmup == pytest.approx(3.0)  # as many steps as half an epoch of six
    assert jobs["a.train-7"].config.training.patience == 12
    equal = jobs_of(data, equal="epochs")
    assert {job.config.training.epochs for job in equal.values()} == {1}


def test_folds_have_sizes_and_ensembles_have_none(data):
    (data / "all").mkdir(exist_ok=True)
    write_color_classes(data / "all" / "patches")
    shutil.rmtree(data / "all" / "patches" / "validation")
    jobs = jobs_of(data / "all", folds=2, models={"a": "vgg16-bn", "both": {"members": ["a"]}})
    assert "a.train-0.5.seed-4.fold-2" in jobs
    assert [name for name in jobs if name.startswith("both")] == ["both.fold-1", "both.fold-2"]
    assert {member.replicate.size for member in jobs["both.fold-1"].members} == {None}


def test_the_answer_is_in_the_records_and_on_the_page(finished):
    record = load_sizes(finished / "patches/sizes.json")
    (curve,) = record.curves
    assert [point.images for point in curve.points] == [7, 14, 27]
    assert curve.unknown == "few_sizes"
    (model,) = load_study(finished / "study.json").parts[0].models
    assert model.runs == ("patches/a", "patches/a.seed-4")
    assert (model.learned, [size.size for size in model.sizes]) == (27, [7.0, 0.5])
    assert curve.points[-1].files == tuple(f"{run}/scores/validation.npz" for run in model.runs)
    page = (finished / "report.html").read_text()
    assert "Would more labels help?</h3>" in page
    assert "曲線至少需要四種訓練影像數" in page
    assert (finished / "tables/patches-sizes.tex").is_file()
    rows = (finished / "tables/patches-sizes.csv").read_text().splitlines()
    assert len(rows) == 4
    assert (finished / "figures/patches-a-sizes.svg").is_file()
    assert run_settings(Run(finished / "patches/a.train-7")).data.train_limit == 7


def test_nothing_is_trained_twice_and_the_answer_is_verified(finished, data, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*.safetensors")}
    conduct(study_of(data), data, finished)
    assert before == {path: path.stat().st_mtime_ns for path in finished.rglob("*.safetensors")}
    packed = api.pack(finished, tmp_path / "packed").folder
    (packed / "report.html").unlink()
    assert not verify_folder(packed).of("differs")
    file = packed / "patches/sizes.json"
    values = json.loads(file.read_text())
    values["curves"][0]["last"]["gain"]["value"] += 0.1
    file.write_text(json.dumps(values))
    (wrong,) = verify_folder(packed).of("differs")
    assert wrong.file == "patches/sizes.json"
    assert len(wrong.differences) == 1


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"train_sizes": [0.5, 0.5]}, "a size is given twice"),
        ({"train_sizes": [1.5]}, "give a number of images from 2 on, or a part of them between 0 and 1"),
        ({"train_sizes": [True]}, "train_sizes"),
        ({"train_sizes": ["0.5"]}, 'train_sizes.0\': "0.5" is a text; give a number of images from 2 on'),
        ({"models": {"a": {"model": "vgg16-bn", "train_sizes": ["1"]}}}, '"1" is a text; give a number of images'),
        ({"settings": {"train_limit": "9"}, "train_sizes": []}, '"9" is a text; give a number of images from 2 on'),
        ({"train_sizes": 0.5}, "train_sizes"),
        ({"train_sizes": [0.5], "settings": {"train_limit": 9}}, "'train_limit' has no effect beside 'train_sizes'"),
        ({"equal": "time"}, "equal"),
        ({"settings": {"train_sizes": [0.5]}}, "'train_sizes' is no setting"),
        ({"train_sizes": [27]}, "'train_sizes' has 27, and there are 27 images; give sizes below that"),
        ({"train_sizes": [14, 0.52]}, "come to the same 14 images"),
    ],
)
def test_sizes_that_are_none_are_refused_before_any_is_trained(data, part, said):
    with pytest.raises(UserError) as error:
        jobs_of(data, **part)
    assert said in str(error.value)


def started(folder, **part):
    """Models of which the second starts from the first."""
    return jobs_of(
        folder, **{"models": {"a": "vgg16-bn", "b": {"model": "vgg16-bn", "weights": "study:patches/a"}}} | part
    )


def test_a_start_of_the_same_size_knows_no_other_images(data):
    jobs = started(data)
    assert jobs["b.train-7.seed-4"].start.run.name == "a.train-7.seed-4"
    assert jobs["b.seed-4"].start.run.name == "a.seed-4"


@pytest.mark.parametrize("first", [{"train_sizes": []}, {"seeds": [0]}])
def test_a_start_that_knows_more_images_is_refused(data, first):
    models = {"a": {"model": "vgg16-bn"} | first, "b": {"model": "vgg16-bn", "weights": "study:patches/a"}}
    with pytest.raises(
        UserError, match=r"patches/b\.train-0\.5.* starts from patches/a.*, which knows image '.*without"
    ):
        started(data, models=models)


def test_sizes_of_a_model_that_is_to_be_chosen_are_refused_before_any_is_trained(data):
    models = {
        "best": {"choose": {"slow": {"model": "vgg16-bn", "lr": 0.001}, "fast": "vgg16-bn"}},
        "later": {"model": "vgg16-bn", "weights": "study:patches/best"},
    }
    with pytest.raises(UserError, match="has 27, and there are 27 images"):
        jobs_of(data, models={"best": models["best"]}, train_sizes=[27])
    jobs = jobs_of(data, models=models, train_sizes=[0.5])  # the start of the same size is not known yet
    assert [name for name in jobs if ".train-" in name] == ["later.train-0.5", "later.train-0.5.seed-4"]
    assert jobs["later.train-0.5"].start.replicate.size == 0.5


def test_every_size_has_a_folder_and_a_number_of_its_own():
    sizes = (1000001, 1000002, 0.1234567, 0.1234568)
    assert len({run.suffix for run in replicates([], None, sizes)}) == 5
    halves = [[SimpleNamespace(parts={"train": range(images)}) for images in own] for own in ((1, 2), (2, 3))]
    assert [learned_from(own) for own in halves] == [2, 3]


def test_the_command_line_cannot_undo_a_size(data):
    with pytest.raises(UserError, match=r"has train_sizes of its own, so --set train_limit=\.\.\. has no place"):
        plan(study_of(data), data, data / "out", ["train_limit=5"])


def test_several_sizes_rise(data):
    jobs = jobs_of(data, train_sizes=[0.2, 0.4, 0.8], seeds=[])
    counts = [len(job.parts["train"]) for job in jobs.values()]
    assert counts == [27, 5, 11, 22]
    assert all(a < b for a, b in itertools.pairwise(counts[1:]))
