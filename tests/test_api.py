"""The Python API: the verbs of the command line by the same words, taking paths as texts too."""

import ast
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from pixelproof import api
from pixelproof.cli.main import app
from pixelproof.deploy.settings import MapSettings
from pixelproof.errors import UserError
from pixelproof.evaluation import accuracy, summarise

PRINTED = {"json", "strict", "diagram", "write_labels", "no_fold", "threshold", "find", "cost", "keep", "rule"}
"""What decides how a command answers, and ``--no-fold``, which is ``settings=["fold=false"]``."""
SLIM = ["width=0.03", "epochs=1", "device=cpu", "batch_size=8"]


def test_it_has_the_verbs_of_the_command_line():
    assert set(dir(api)) == {verb.replace("-", "_") for verb in get_command(app).commands} - {"demo"}
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        api.trian  # noqa: B018 - looking it up is the point


def test_what_type_checkers_are_told_is_what_comes():
    tree = ast.parse(Path(api.__file__).read_text("utf-8"))
    (told,) = [node for node in tree.body if isinstance(node, ast.If)]
    names = {each.asname or each.name: f"{one.module}.{each.name}" for one in told.body for each in one.names}
    assert names == api._FUNCTIONS
    assert sorted(names) == api.__all__


@pytest.mark.parametrize("verb", api.__all__)
def test_it_has_the_words_of_the_command_line(verb):
    words = {parameter.name for parameter in get_command(app).commands[verb.replace("_", "-")].params}
    words = {{"set_": "settings", "lang": "language"}.get(word, word) for word in words} - PRINTED
    own = set(inspect.signature(getattr(api, verb)).parameters) - {"ready"}
    if verb in ("predict", "serve", "export"):
        words |= {"rule"} | ({"threshold"} if verb != "export" else set())  # which change what they answer
    if verb == "score":
        own = own - {"truth"}  # which comes second on the command line
    if verb == "map":
        own = own - {"options"} | set(MapSettings.model_fields)
    assert words - {"out", "overwrite"} == own - {"out", "overwrite"}


@pytest.mark.parametrize("verb", sorted(set(api.__all__) - {"show", "serve"}))
def test_paths_may_be_texts_for_type_checkers_too(verb):
    said = {name: str(p.annotation) for name, p in inspect.signature(getattr(api, verb)).parameters.items()}
    assert not {name: kind for name, kind in said.items() if re.search(r"\bPath\b", kind)}


def test_train_evaluate_predict_by_function(color_classes, tmp_path):
    run = api.train(str(color_classes), "vgg16", str(tmp_path / "run"), settings=SLIM)
    scores = api.evaluate(str(run.path), str(color_classes))
    assert summarise(api.score(str(run.scores("validation")))) == summarise(scores)
    assert 0 <= accuracy(scores) <= 1
    files = api.predict(str(run.path), [str(color_classes / "validation" / "red")], str(tmp_path / "guess"))
    assert len(files) == 4
    assert not api.doctor(str(color_classes)).of("error")
    with pytest.raises(UserError, match="--stretch is for bands"):
        api.doctor(color_classes, stretch=(0, 3000))
    assert api.report(str(run.path)).name == "report.html"


def test_one_path_needs_no_list(color_classes, tmp_path):
    """A text is a sequence of letters, and the letter '/' a folder that holds everything."""
    run = api.train(color_classes, "vgg16", tmp_path / "run", settings=SLIM).path
    photos = color_classes / "validation" / "red"
    assert len(api.predict(run, str(photos), tmp_path / "guess")) == 4
    assert len(api.cam(run, str(photos / "0.png"), tmp_path / "cam")) == 1
    shutil.copytree(photos, tmp_path / "new")  # those of the data have labels
    api.explain(run, color_classes, tmp_path / "why", unlabelled=str(tmp_path / "new"))
    assert "unlabelled" in (tmp_path / "why" / "next.csv").read_text()
    with pytest.raises(UserError, match="nothing to compare with"):
        api.compare(str(run))
    with pytest.raises(UserError, match=re.escape(str(photos))):
        api.serve(str(photos))


def test_a_class_without_validation_images_is_noted_once(color_classes, tmp_path, capsys):
    shutil.rmtree(color_classes / "validation" / "blue")
    note = "no validation image of class blue"
    api.train(color_classes, "vgg16", tmp_path / "run", settings=SLIM)
    assert capsys.readouterr().err.count(note) == 1
    text = "name: s\nparts: {a: {data: patches, models: {one: {model: vgg16}, two: {model: vgg16-bn}}}}"
    (tmp_path / "s.yaml").write_text(text)
    api.study(tmp_path / "s.yaml", tmp_path, tmp_path / "out", SLIM)
    assert capsys.readouterr().err.count(note) == 1


def test_verbs_without_a_model_do_not_wait_for_torch():
    code = (
        "import sys; from pixelproof import api; api.score, api.doctor, api.report, api.verify, api.pack\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_verb_loads_what_takes_long_before_it_is_needed():
    """Neither a compiler before it trains, nor what draws, fits and maps before it does so."""
    code = (
        "import sys, pixelproof.prediction\n"
        "assert 'triton' not in sys.modules\n"
        "import pixelproof.verbs.train\n"
        "assert not {'scipy.optimize', 'matplotlib'} & set(sys.modules)\n"
        "import pixelproof.study.conduct\n"
        "assert not {'torch._dynamo', 'torchvision', 'scipy.stats', 'sklearn', 'openTSNE'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
