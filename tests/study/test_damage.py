"""Every file of a finished study, damaged in every way: a sentence that names it, or the study makes it again."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from pixelproof.config import run_settings
from pixelproof.errors import UserError
from pixelproof.runs import Run, load_features, load_scores, load_shown, read_labels
from pixelproof.runs.arrays import save_arrays
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.facts import Architecture, Environment, read_facts
from pixelproof.runs.metrics_log import MetricsLog
from pixelproof.runs.study_file import load_study
from pixelproof.study.conduct import conduct_file
from pixelproof.study.file import read_study
from pixelproof.study.steps import Steps
from small_data import write_color_classes, write_two_fields

STUDY = """
name: small
parts:
  patches:
    data: patches
    settings: {width: 0.03, epochs: 1, batch_size: 8, device: cpu}
    models: {vgg16: vgg16-bn}
    embed: [vgg16]
  fields:
    data: fields
    settings: {width: 0.03, epochs: 1, batch_size: 8, crop: 32, device: cpu}
    models: {fcn32s: , fcn8s: }
    show: ["0001"]
"""
RUN = "patches/vgg16"
SCORES, FEATURES, SHOWN = (
    f"{RUN}/scores/validation.npz",
    f"{RUN}/features/validation.npz",
    "fields/fcn8s/shown/0001.npz",
)
VERBS = {
    "report": (["report", "out"], ["study.json", f"{RUN}/config.yaml", f"{RUN}/environment.json", f"{RUN}/metrics.csv",
                                   f"{RUN}/architecture.json", SCORES, FEATURES, SHOWN]),
    "evaluate": (["evaluate", f"out/{RUN}", "patches"], [f"{RUN}/config.yaml", f"{RUN}/labels.yaml"]),
    "predict": (["predict", f"out/{RUN}", "patches/validation/red", "--out", "new"],
                [f"{RUN}/config.yaml", f"{RUN}/labels.yaml", f"{RUN}/checkpoints/best.safetensors"]),
    "show": (["show", f"out/{RUN}"], [f"{RUN}/config.yaml", f"{RUN}/labels.yaml"]),
    "resume": (["train", "patches", "--resume", "--out", f"out/{RUN}"],
               [f"{RUN}/{name}" for name in ("config.yaml", "labels.yaml", "environment.json", "metrics.csv",
                                             "checkpoints/last.safetensors")]),
    "study": (["study", "small.yaml", "--out", "out"],
              ["steps.json", f"{RUN}/environment.json", f"{RUN}/config.yaml"]),
    "study file": (["study", "small.yaml", "--out", "out"], ["../small.yaml"]),
    "score": (["score", f"out/{SCORES}"], [SCORES]),
}  # fmt: skip
BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DAMAGES = {
    "empty": b"",
    "list": b"[]",
    "object": b"{}",
    "null": b"null",
    "text": b'"x"',
    "number": b"1" * 5000,
    "nested list": b"[" * 100_000,
    "nested object": b'{"a":' * 100_000,
    "binary": b"\xff\xfe\x00\xd8",
    "bomb": BOMB.encode(),
    "loop": b"a: &a [*a]",
}
WRONG = ([1], {"x": {}}, "\ud800", -1, 10**400)
"""Values of a type or a size that no key has; the text is half a character."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that ran to its end, with its data beside it; read only."""
    folder = tmp_path_factory.mktemp("finished")
    write_color_classes(folder / "patches")
    write_two_fields(folder / "fields")
    (folder / "small.yaml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        conduct_file(Path("small.yaml"), out=Path("out"))
    return folder


def versions(path: Path, content: bytes) -> dict[str, bytes]:
    """Return what may become of a file's content."""
    found = DAMAGES | {"truncated": content[: len(content) * 2 // 3]}
    if path.suffix in (".json", ".yaml"):
        values = json.loads(content) if path.suffix == ".json" else yaml.safe_load(content)
        for number, wrong in enumerate(WRONG):
            found[f"wrong {number}"] = json.dumps(dict.fromkeys(values, wrong)).encode()
    if path.suffix == ".csv":
        head = content.splitlines()[0]
        for cells in (3, 8):
            found[f"{cells} cells"] = head + b"\n" + b",".join([b"1"] * cells)
        found["no epoch"] = head + b"\n,,,,,\n"
    return found


READERS = {
    "study.json": load_study,
    "../small.yaml": read_study,
    f"{RUN}/config.yaml": lambda path: run_settings(Run(path.parent)),
    f"{RUN}/labels.yaml": read_labels,
    f"{RUN}/environment.json": partial(read_facts, Environment),
    f"{RUN}/architecture.json": partial(read_facts, Architecture),
    f"{RUN}/metrics.csv": lambda path: MetricsLog(path).read(),
    SCORES: load_scores,
    FEATURES: load_features,
    SHOWN: load_shown,
    "fields/comparison.json": load_comparison,
    "steps.json": lambda path: Steps(path.parent),
}


@pytest.mark.parametrize("name", READERS)
def test_every_reader_names_its_file(finished, tmp_path, name):
    path = tmp_path / Path(name).name
    for damage, damaged in versions(path, (finished / "out" / name).read_bytes()).items():
        path.write_bytes(damaged)
        harmless = damage == "object"  # all facts are optional
        with suppress(UserError) if harmless else pytest.raises(UserError, match=re.escape(path.name)):
            READERS[name](path)


@pytest.mark.parametrize("name", [name for name in READERS if not name.endswith("npz")])
def test_one_wrong_value_is_one_sentence_or_harmless(finished, tmp_path, name):
    content = (finished / "out" / name).read_text()
    path = tmp_path / Path(name).name
    if path.suffix == ".csv":
        rows = [line.split(",") for line in content.splitlines()]
        texts = [",".join(rows[0]) + "\n" + ",".join([*rows[1][:i], wrong, *rows[1][i + 1 :]])
                 for i in range(len(rows[1])) for wrong in ("x", "", "nan", "1" * 200_000, '"', "1,2")]  # fmt: skip
    else:
        texts = [json.dumps(values) for values in edited(yaml.safe_load(content))]
    refused = []
    for text in texts:
        path.write_text(text)
        try:
            READERS[name](path)
        except UserError as error:
            refused.append(str(error))
    assert all(path.name in sentence and "\n" not in sentence for sentence in refused), refused
    assert len(refused) > len(texts) / 2  # the others are optional facts, and texts that may be any


def edited(value):
    """Yield plain data with each value inside replaced by each wrong one, or left out."""
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        rest = {k: v for k, v in value.items() if k != key}
        yield rest
        yield from (rest | {key: wrong} for wrong in (*WRONG, None, "x", [], {}))
        yield from (rest | {key: changed} for changed in edited(inner))


@pytest.mark.parametrize(("verb", "name"), [(verb, name) for verb, (_, names) in VERBS.items() for name in names])
def test_a_damaged_file_is_named(finished, tmp_path, monkeypatch, pixelproof, verb, name):
    shutil.copytree(finished, tmp_path / "s")
    monkeypatch.chdir(tmp_path / "s")
    path = tmp_path / "s" / "out" / name
    content = path.read_bytes()
    for damage in ("list", "object", "nested list", "truncated"):
        if (name, damage) == ("steps.json", "object"):  # says that nothing was done, and so all would be
            continue
        damaged = versions(path, content)[damage]
        path.write_bytes(damaged)
        code, _, err = pixelproof(*VERBS[verb][0])
        last = err.splitlines()[-1] if err else ""
        assert "unexpected error" not in err, f"{damage}: {err}"
        assert "Traceback" not in err
        if code or damage != "object":  # all facts are optional
            assert (code, last.startswith("pixelproof: "), Path(name).name in last) == (2, True, True), damage + err
        path.write_bytes(content)
        shutil.rmtree("new", ignore_errors=True)


@pytest.mark.parametrize(
    ("name", "kind", "facts", "arrays"),
    [
        (SCORES, "scores", {}, {}),
        (SCORES, "scores", {"scheme": [], "source": 3}, {"ids": np.array(["a"])}),
        (
            FEATURES,
            "features",
            {"scheme": "x", "settings": []},
            {"ids": np.array(["a"]), "map": np.full((1, 2), np.nan)},
        ),
        (SHOWN, "shown image", {"id": 3}, {"image": np.zeros((2, 2)), "truth": np.zeros(2)}),
        (SHOWN, "shown image", {"id": "0001"}, {name: np.zeros((0, 0), np.uint8) for name in ("truth", "prediction")}),
    ],
)
def test_a_forged_file_with_a_right_hash_is_named(finished, tmp_path, pixelproof, name, kind, facts, arrays):
    shutil.copytree(finished / "out", tmp_path / "out")
    save_arrays(tmp_path / "out" / name, kind, 1, facts, arrays)
    code, _, err = pixelproof("report", tmp_path / "out")
    assert (code, Path(name).name in err, "unexpected" in err) == (2, True, False), err


def test_the_study_makes_again_what_is_damaged_or_lost(finished, tmp_path, monkeypatch, pixelproof):
    shutil.copytree(finished, tmp_path / "s")
    monkeypatch.chdir(tmp_path / "s")
    readers = {SCORES: load_scores, FEATURES: load_features, SHOWN: load_shown, "fields/comparison.json": json.loads,
               f"{RUN}/architecture.json": json.loads, f"{RUN}/diagram.svg": str, "study.json": json.loads}  # fmt: skip
    before = {name: Path("out", name).read_bytes() for name in readers}
    for name in readers:
        Path("out", name).write_bytes(before[name][:100] if name.endswith("npz") else b"[]")
    code, _, err = pixelproof("study", "small.yaml", "--out", "out")
    assert code == 0, err
    for name in (SCORES, FEATURES, SHOWN, "fields/comparison.json"):
        assert sum(str(Path("out", name)) in line and "made again" in line for line in err.splitlines()) == 1, err
    for name in set(readers) - {"study.json"}:
        assert Path("out", name).read_bytes() == before[name], name
    assert not Path("out/previous").exists()
    Path("out", RUN, "architecture.json").unlink()
    Path("out", RUN, "diagram.svg").unlink()
    assert pixelproof("train", "patches", "--resume", "--out", f"out/{RUN}")[0] == 0
    for name in ("architecture.json", "diagram.svg"):
        assert Path("out", RUN, name).read_bytes() == before[f"{RUN}/{name}"]
