from __future__ import annotations

import json

import numpy as np
import pytest
import typer
from data_builders import class_folders, mask_folders, save
from PIL import Image
from typer.testing import CliRunner

from pixelproof.cli.doctor import doctor
from pixelproof.data import open_data
from pixelproof.errors import Refusal, UserError


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(doctor)

    def call(*arguments):
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def test_sound_data(run, tmp_path):
    result = run(class_folders(tmp_path))
    assert result.exit_code == 0
    assert "classification" in result.stdout
    assert result.stdout.strip().endswith("0 errors, 0 warnings, 0 notes. This data is ready to train on.")


def test_the_name_of_a_class_is_shown_as_it_is(run, tmp_path):
    root = class_folders(tmp_path)
    (root / "train" / "cat").rename(root / "train" / "[red]\x1b[2J")
    assert "[red]\\x1b[2J" in run(root).stdout


def test_errors_set_the_exit_code_and_warnings_only_if_strict(run, tmp_path):
    root = class_folders(tmp_path)
    (root / "train" / "bird").mkdir()
    assert run(root).exit_code == 0
    assert "Look at the warnings" in run(root).stdout
    assert run(root, "--strict").exit_code == 1
    (root / "train" / "cat" / "0.png").write_bytes(b"")
    result = run(root)
    assert result.exit_code == 1
    assert "train/cat/0.png is an empty file" in " ".join(result.stdout.split())
    assert "Do not train on this data yet." in result.stdout


def test_json_is_one_object_and_nothing_else(run, tmp_path):
    root = mask_folders(tmp_path, labels=None)
    result = run(root, "--json", "--write-labels")
    value = json.loads(result.stdout)
    assert {f["check"] for f in value["findings"]} == {"labels-missing"}
    assert result.exit_code == 1
    assert "Wrote" in result.stderr


def test_written_labels_open_the_data(run, tmp_path):
    root = mask_folders(tmp_path, labels=None)
    result = run(root, "--write-labels")
    assert "give every class its right name" in result.stdout
    assert len(open_data(root).scheme.classes) == 3
    assert run(root).exit_code == 0
    before = (root / "labels.yaml").read_text()
    with pytest.raises(UserError, match=r"labels\.yaml exists already"):
        run(root, "--write-labels")
    assert (root / "labels.yaml").read_text() == before


def test_labels_that_only_say_the_task_are_completed(run, tmp_path):
    root = mask_folders(tmp_path, labels="task: segmentation\n")
    for path in list(root.rglob("images/*.png")):
        save(np.array(Image.open(path)), path.parent.parent / "previews" / path.name)
    assert run(root, "--write-labels").exit_code == 1
    assert len(open_data(root).scheme.classes) == 3
    (root / "labels.yaml").unlink()
    with pytest.raises(UserError, match="can be read as"):
        run(root)


def test_nothing_to_write(run, tmp_path):
    root = mask_folders(tmp_path, labels=None)
    rng = np.random.default_rng(0)
    for path in root.rglob("masks/*.png"):
        save(rng.integers(0, 256, (32, 32, 3)).astype(np.uint8), path)
    with pytest.raises(Refusal, match="nothing to propose"):
        run(root, "--write-labels")
    assert not (root / "labels.yaml").exists()


def test_brackets_in_names_are_no_markup(run, tmp_path):
    root = class_folders(tmp_path)
    (root / "train" / "cat" / "[red]x[bold].png").write_bytes(b"")
    assert "[red]x[bold].png" in run(root).stdout
