import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pixelproof.errors import UserError
from pixelproof.labels import PRESETS, LabelClass, LabelScheme
from pixelproof.runs import (
    Boundaries,
    ClassificationScores,
    Features,
    Run,
    SegmentationScores,
    Shown,
    Source,
    Thumbnails,
    load_features,
    load_scores,
    load_shown,
    load_thumbnails,
    save_features,
    save_scores,
    save_shown,
    save_thumbnails,
)
from pixelproof.runs.arrays import load_arrays, save_arrays
from pixelproof.runs.features import MapQuality
from pixelproof.runs.folder import require_free
from pixelproof.runs.replacing import replacing, set_aside

DEEPGLOBE = PRESETS["deepglobe"]
PETS = LabelScheme(task="classification", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate(["cat", "dog"])))


def segmentation_scores(n=3):
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 1000, (n, 8, 8))
    return SegmentationScores(tuple(f"{i:04}" for i in range(n)), counts, DEEPGLOBE, Source("a", "validation", "f"))


def with_boundaries(n=3):
    """Scores whose boundary counts are numbered, so that none can be taken for another."""
    shapes = {"bands": (5, 7, 4), "rims": (3, 7, 4), "contours": (3, 7, 4), "objects": (4, 7, 4), "phases": (3, 2, 32)}
    arrays = {
        name: np.arange(n * np.prod(shape)).reshape(n, *shape) + 10_000 * place
        for place, (name, shape) in enumerate(shapes.items())
    }
    return replace(segmentation_scores(n), boundaries=Boundaries(**arrays))


def classification_scores():
    nan = np.array([0.5, np.nan])
    ints = np.array([0, 1])
    return ClassificationScores(("x", "y"), ints, ints[::-1], ints, nan, nan, PETS, Source("b"))


CALIBRATED = replace(segmentation_scores(), calibration=np.arange(3 * 2 * 15 * 3).reshape(3, 2, 15, 3))

GROUPED = [
    replace(segmentation_scores(), groups=np.array(["a", "b", "a"])),
    replace(classification_scores(), groups=np.array(["p1", "p1"])),
]


@pytest.mark.parametrize("scores", [segmentation_scores(), classification_scores(), CALIBRATED, *GROUPED])
def test_scores_come_back_as_they_were(tmp_path, scores):
    save_scores(tmp_path / "s.npz", scores)
    back = load_scores(tmp_path / "s.npz")
    for name, value in vars(scores).items():
        np.testing.assert_array_equal(getattr(back, name), value)
    assert back.scheme.hash == scores.scheme.hash


@pytest.mark.parametrize("groups", [["a", "b"], [1, 2, 3]])
def test_groups_that_are_not_those_of_the_images_are_refused(tmp_path, groups):
    save_scores(tmp_path / "s.npz", replace(segmentation_scores(), groups=np.array(groups)))
    with pytest.raises(UserError, match="does not hold what a scores file holds"):
        load_scores(tmp_path / "s.npz")


def test_boundary_counts_come_back_as_they_were(tmp_path):
    scores = with_boundaries()
    save_scores(tmp_path / "s.npz", scores)
    back = load_scores(tmp_path / "s.npz")
    np.testing.assert_array_equal(back.confusion, scores.confusion)
    for name, value in vars(scores.boundaries).items():
        np.testing.assert_array_equal(getattr(back.boundaries, name), value)
        assert getattr(back.boundaries, name).dtype == np.int64


def test_score_files_of_version_1_are_still_read(tmp_path):
    scores = segmentation_scores()
    facts = {"scheme": DEEPGLOBE.model_dump(mode="json"), "source": vars(scores.source)}
    save_arrays(tmp_path / "s.npz", "scores", 1, facts, {"ids": np.array(scores.ids), "confusion": scores.confusion})
    back = load_scores(tmp_path / "s.npz")
    np.testing.assert_array_equal(back.confusion, scores.confusion)
    assert back.boundaries is None


def test_features_and_shown_images_come_back_as_they_were(tmp_path):
    rng = np.random.default_rng(0)
    features = Features(
        ids=("x", "y"),
        truth=np.array([0, 1]),
        predicted=np.array([1, 1]),
        confidence=np.array([0.5, 0.9], np.float32),
        features=rng.normal(size=(2, 5)).astype(np.float32),
        mean=np.zeros(5, np.float32),
        components=np.eye(5, dtype=np.float32)[:2],
        map=rng.normal(size=(2, 2)).astype(np.float32),
        quality=MapQuality(1, 2, 0.9, 0.8, 0.5, 1.0),
        scheme=PETS,
        settings={"seed": 3},
    )
    save_features(tmp_path / "f.npz", features)
    back = load_features(tmp_path / "f.npz")
    for name, value in vars(features).items():
        np.testing.assert_array_equal(getattr(back, name), value)
    image = rng.integers(0, 256, (4, 5, 3)).astype(np.uint8)
    shown = Shown("0010", image, image[..., 0], image[..., 1])
    save_shown(tmp_path / "i.npz", shown)
    for name, value in vars(load_shown(tmp_path / "i.npz")).items():
        np.testing.assert_array_equal(getattr(shown, name), value)
    thumbnails = Thumbnails(("x", "y"), rng.integers(0, 256, (2, 8, 8, 3)).astype(np.uint8))
    save_thumbnails(tmp_path / "t.npz", thumbnails)
    assert load_thumbnails(tmp_path / "t.npz").ids == thumbnails.ids
    np.testing.assert_array_equal(load_thumbnails(tmp_path / "t.npz").pixels, thumbnails.pixels)


@settings(max_examples=25, deadline=None)
@given(array=hnp.arrays(st.sampled_from([np.int64, np.float32, np.uint8]), hnp.array_shapes(max_dims=3, max_side=5)))
def test_any_array_round_trips(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("arrays") / "a.npz"
    save_arrays(path, "thing", 1, {"a": 1}, {"array": array})
    facts, arrays = load_arrays(path, "thing", 1)
    assert facts == {"a": 1}
    np.testing.assert_array_equal(arrays["array"], array)


def test_probabilities_are_not_packed_and_count_in_the_hash(tmp_path):
    path, chances = tmp_path / "s.npz", np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    save_scores(path, replace(classification_scores(), probabilities=chances))
    kinds = {member.filename: member.compress_type for member in zipfile.ZipFile(path).infolist()}
    assert [name for name, kind in kinds.items() if kind == zipfile.ZIP_STORED] == ["probabilities.npy"]
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez_compressed(path, **arrays)  # as they were written before
    np.testing.assert_array_equal(load_scores(path).probabilities, chances)
    np.savez(path, **arrays | {"probabilities": chances[::-1]})
    with pytest.raises(UserError, match=r"s\.npz was changed after it was written"):
        load_scores(path)


def test_a_truncated_score_file_is_named(tmp_path):
    path = tmp_path / "s.npz"
    save_scores(path, segmentation_scores())
    content = path.read_bytes()
    for keep in (0, 10, len(content) // 2, len(content) - 30):
        path.write_bytes(content[:keep])
        with pytest.raises(UserError, match=r"s\.npz is not a readable scores file, or is truncated"):
            load_scores(path)


def test_an_edited_score_file_is_refused(tmp_path):
    path = tmp_path / "s.npz"
    save_scores(path, segmentation_scores())
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["confusion"][0, 0, 0] += 1
    np.savez_compressed(path, **arrays)
    with pytest.raises(UserError, match=r"s\.npz was changed after it was written"):
        load_scores(path)


@pytest.mark.parametrize("scores", [CALIBRATED, classification_scores()])
def test_calibration_counts_below_0_are_refused(tmp_path, scores):
    save_scores(tmp_path / "s.npz", replace(scores, calibration=np.full((len(scores.ids), 2, 15, 3), -1)))
    with pytest.raises(UserError, match=r"s\.npz"):
        load_scores(tmp_path / "s.npz")


def test_an_edited_fact_is_refused(tmp_path):
    path = tmp_path / "s.npz"
    save_scores(path, segmentation_scores())
    with np.load(path) as stored:
        arrays = dict(stored)
    head = json.loads(str(arrays["facts"]))
    head["facts"]["source"]["name"] = "better"
    arrays["facts"] = np.array(json.dumps(head))
    np.savez_compressed(path, **arrays)
    with pytest.raises(UserError, match="was changed"):
        load_scores(path)


def test_another_version_or_kind_is_named(tmp_path):
    save_arrays(tmp_path / "s.npz", "scores", 99, {}, {})
    with pytest.raises(UserError, match="scores file of version 99, expected 4"):
        load_scores(tmp_path / "s.npz")
    save_arrays(tmp_path / "f.npz", "features", 2, {}, {})
    with pytest.raises(UserError, match="is a features file; give a scores file"):
        load_scores(tmp_path / "f.npz")


def test_a_pickle_inside_is_never_opened(tmp_path):
    path = tmp_path / "s.npz"
    np.savez(path, facts=np.array([{"kind": "scores"}], dtype=object))
    with pytest.raises(UserError, match="not a readable scores file"):
        load_scores(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "not arrays")
    with pytest.raises(UserError, match="not a readable scores file"):
        load_scores(path)


def test_a_run_folder_is_not_overwritten_unasked(tmp_path):
    run = Run.create(tmp_path / "run", {"task": "classification"}, PETS, {"device": "cpu"})
    assert Run.open(run.path).config() == {"task": "classification"}
    assert run.labels() == PETS
    assert run.environment()["device"] == "cpu"
    labels = (run.path / "labels.yaml").read_text("utf-8")
    (run.path / "labels.yaml").write_text(labels, "utf-8", newline="\r\n")  # as git may write it
    assert run.labels() == PETS
    (run.path / "labels.yaml").write_text(labels.replace(PETS.names[0], "swapped"), "utf-8")
    with pytest.raises(UserError, match=r"labels\.yaml was changed since the run began; restore it, or train again"):
        run.labels()
    with pytest.raises(UserError, match=r"run already exists; .*--overwrite"):
        Run.create(run.path, {}, PETS, {})
    (run.path / ".metrics.123.part.csv").write_text("epo")  # as a kill leaves it
    (run.path / "labels.yaml").write_text(labels, "utf-8")
    (run.path / "config.yaml").unlink()
    Run.create(run.path, {"task": "segmentation"}, PETS, {})
    assert run.config() == {"task": "segmentation"}
    assert not (run.path / ".metrics.123.part.csv").exists()


def test_a_replaced_run_stays_until_the_new_one_has_a_checkpoint(tmp_path, capsys):
    def names():
        return sorted(path.name for path in tmp_path.iterdir())

    path = tmp_path / "run"
    earlier = Run.create(path, {"task": "classification"}, PETS, {"device": "cpu"})
    for ended in (KeyboardInterrupt, ValueError):  # stopped, and then failed
        set_aside(path)
        run = Run.create(path, {"task": "segmentation"}, PETS, {})
        with pytest.raises(ended), replacing(run):
            raise ended
        assert names() == ([".run.replaced", "run"] if ended is KeyboardInterrupt else ["run"])
        kept = f"the earlier run is kept in {tmp_path / '.run.replaced'} until this one has a checkpoint"
        assert (kept in capsys.readouterr().err) == (ended is KeyboardInterrupt)
    assert earlier.environment()["device"] == "cpu"
    set_aside(path)
    run = Run.create(path, {"task": "segmentation"}, PETS, {})
    with replacing(run):
        run.last.parent.mkdir()
        run.last.touch()
    assert names() == ["run"]
    assert run.config() == {"task": "segmentation"}


def test_an_ensemble_is_no_run_that_has_learned_nothing(tmp_path):
    path = tmp_path / "run"
    Run.create(path, {"task": "classification"}, PETS, {"device": "earlier"})
    set_aside(path)
    ensemble = Run.create(path, {"task": "classification"}, PETS, {"device": "ensemble"})
    ensemble.best.parent.mkdir()
    ensemble.best.touch()  # it has no last checkpoint
    set_aside(path)
    with pytest.raises(ValueError, match="diverged"), replacing(Run.create(path, {}, PETS, {})):
        raise ValueError("diverged")
    assert Run(path).environment()["device"] == "ensemble"


def test_the_folder_one_stands_in_is_not_replaced(tmp_path, monkeypatch):
    Run.create(tmp_path / "run", {"task": "classification"}, PETS, {})
    monkeypatch.chdir(tmp_path / "run")
    with pytest.raises(UserError, match="is the folder in which this was started; start it from another one"):
        set_aside(Path())
    with replacing(Run(Path())):
        pass
    assert (tmp_path / "run" / "config.yaml").is_file()


def test_overwrite_never_removes_a_folder_that_is_no_run(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"precious")
    with pytest.raises(UserError, match="holds something other than a whole run; remove it yourself"):
        require_free(tmp_path, PETS, overwrite=True)
    assert (tmp_path / "photo.jpg").read_bytes() == b"precious"


def test_a_run_that_was_cut_off_at_its_start_may_be_started_again(tmp_path):
    started = tmp_path / "run"
    Run.create(started, {"task": "classification"}, PETS, {})
    (started / "config.yaml").unlink()
    (started / ".config.123.part.yaml").write_text("ta")
    Run.create(started, {"task": "segmentation"}, PETS, {})
    assert {path.name for path in started.iterdir()} == {"config.yaml", "labels.yaml", "environment.json"}
    assert Run.open(started).config() == {"task": "segmentation"}


@pytest.mark.parametrize("mine", [{"labels.yaml": "task: classification\n"}, {"environment.json": "{}"},
                                  {".config.1.part.yaml": "", "notes.txt": ""}, {".film.1.part.mp4": ""}])  # fmt: skip
def test_a_folder_with_files_of_a_person_is_not_taken_for_such_a_start(tmp_path, mine):
    for name, text in mine.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match="already exists"):
        Run.create(tmp_path, {}, PETS, {})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == mine


def test_what_is_no_run_says_so(tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        Run.open(tmp_path)


def test_metrics_log_is_cut_back_to_the_checkpoint(tmp_path):
    log = Run(tmp_path).metrics
    for epoch in range(1, 5):
        log.append({"epoch": epoch, "loss": 1 / epoch, "lr": 0.1, "score": None, "seconds": 2.0})
    log.keep(2)
    rows = log.read()
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[1]["loss"] == 0.5
    assert rows[1]["score"] is None
    assert rows[1]["selection_loss"] is None
    log.path.write_text("something,else\n1,2\n")
    with pytest.raises(UserError, match="unexpected columns"):
        log.read()


def test_a_metrics_log_without_the_loss_on_selection_is_read_and_added_to(tmp_path):
    log = Run(tmp_path).metrics
    log.path.write_text("epoch,loss,lr,score,images_per_second,seconds\n1,0.5,0.1,0.75,90,2\n")
    assert log.read()[0]["selection_loss"] is None
    log.append({"epoch": 2, "loss": 0.4, "lr": 0.1, "score": 0.8, "seconds": 4.0, "selection_loss": 0.6})
    assert [(row["score"], row["seconds"], row["selection_loss"]) for row in log.read()] == [
        (0.75, 2, None),
        (0.8, 4, 0.6),
    ]
