"""What a run was made with: the commit of the checkout that the code runs from."""

import importlib.util
import shutil
import subprocess

import pytest

from pixelproof.runs import machine


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_is_that_of_now_and_names_changes(tmp_path):
    """In a process that goes on, too, such as a notebook that loads changed code again."""

    def git(*words):
        return subprocess.run(["git", "-C", tmp_path, *words], check=True, capture_output=True, text=True).stdout

    file = tmp_path / "machine.py"
    shutil.copy(machine.__file__, file)
    found = importlib.util.module_from_spec(spec := importlib.util.spec_from_file_location("copied_machine", file))
    spec.loader.exec_module(found)
    git("init", "-q")
    assert found.environment()["commit"] == ""
    commit = ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qam")
    git("add", "machine.py")
    for text in ("one", "two"):
        git(*commit, text)
        now = git("rev-parse", "--short=12", "HEAD").strip()
        assert found.environment()["commit"] == now
        file.write_text(file.read_text() + f"# {text}\n")
        assert found.environment()["commit"] == f"{now}+changes"
