import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pixelproof.errors import UserError, explain_os_error
from pixelproof.runs.atomic import atomic, atomic_folder
from pixelproof.runs.files import read_json, read_text, write_json, write_text
from pixelproof.runs.locks import lock


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), atomic(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "a" / "b") as temporary:
        write_text(temporary / "half.txt", "half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with atomic_folder(tmp_path / "a" / "b") as temporary:
        write_text(temporary / "sub" / "whole.txt", "whole")
    write_text(tmp_path / "a" / "b" / "mine.txt", "mine")
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "a" / "b") as temporary:
        write_text(temporary / "mine.txt", "theirs")
        raise RuntimeError
    assert sorted(p.name for p in (tmp_path / "a" / "b").rglob("*")) == ["mine.txt", "sub", "whole.txt"]
    assert (tmp_path / "a" / "b" / "mine.txt").read_text() == "mine"


def test_what_a_folder_replaces_goes_only_if_all_else_finds_its_place(tmp_path):
    out = tmp_path / "out"
    (out / "next").mkdir(parents=True)
    for name in ("1.txt", "2.txt", "mine.txt"):
        (out / "next" / name).write_text("old")
    (out / "page").mkdir()

    def write(page):
        with atomic_folder(out, ["next/1.txt", "next/2.txt", "gone/3.txt"]) as folder:
            (folder / "next").mkdir()
            (folder / "next" / "1.txt").write_text("new")
            (folder / page).write_text("new")

    def texts():
        return {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*") if path.is_file()}

    with pytest.raises(UserError, match="in the way of a file or folder of another kind"):
        write("page")
    assert texts() == {"next/1.txt": "old", "next/2.txt": "old", "next/mine.txt": "old"}
    write("list")
    assert texts() == {"next/1.txt": "new", "next/mine.txt": "old", "list": "new"}


def test_what_a_killed_process_left_of_a_folder_is_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    mine, others = tmp_path / f".{ended.pid}.part", [tmp_path / f".{os.getppid()}.part", tmp_path / ".map.tif.part"]
    for folder in (mine, *others):
        write_text(folder / "half.txt", "half")
    with atomic_folder(tmp_path) as temporary:
        write_text(temporary / "whole.txt", "whole")
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "whole.txt"])


def test_what_a_killed_process_of_the_same_number_left_is_removed(tmp_path):
    write_text(tmp_path / f".{os.getpid()}.part" / "half.txt", "half")
    with atomic_folder(tmp_path) as temporary:
        write_text(temporary / "whole.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["whole.txt"]


def test_what_a_process_writes_that_is_not_seen_here_stays(tmp_path):
    """In another container or on another machine, it has a number that nobody has here."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    theirs = tmp_path / f".{ended.pid}.part"
    theirs.mkdir()
    handle = os.open(theirs, os.O_RDONLY)
    try:
        assert lock(handle)
        with atomic_folder(tmp_path) as temporary:
            write_text(temporary / "mine.txt", "whole")
            with atomic_folder(tmp_path) as other:  # nor does this process take its own for what was left
                write_text(other / "yours.txt", "whole")
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([theirs.name, "mine.txt", "yours.txt"])
    finally:
        os.close(handle)


def test_every_file_has_the_usual_mode(tmp_path):
    previous = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "a")
        with atomic(tmp_path / "b.safetensors") as temporary:
            save_file({"a": torch.zeros(1)}, temporary)
    finally:
        os.umask(previous)
    assert [path.stat().st_mode & 0o777 for path in sorted(tmp_path.iterdir())] == [0o640, 0o640]


def test_a_full_disk_is_one_sentence(tmp_path):
    with (
        pytest.raises(UserError, match=r"the disk is full while writing .*a\.txt; free some space"),
        atomic(tmp_path / "a.txt") as temporary,
    ):
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_really_full_device_is_one_sentence():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match="No space") as caught, full.open("w") as device:
        device.write("x")
        device.flush()
    assert str(explain_os_error(caught.value, full)).startswith("the disk is full while writing /dev/full")


def test_a_file_in_place_of_a_folder_is_one_sentence(tmp_path):
    write_text(tmp_path / "a", "file")
    with pytest.raises(UserError, match="in the way"):
        write_text(tmp_path / "a" / "b.txt", "x")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc, which takes no folders")
def test_a_place_that_takes_no_folders_is_said_to_be_one():
    with pytest.raises(UserError, match=r"no folder can be made for /proc/none/a\.txt; choose another place"):
        write_text(Path("/proc/none/a.txt"), "x")


def test_json_round_trip_and_damage(tmp_path):
    write_json(tmp_path / "a.json", {"name": "réseau", "n": 1})
    assert read_json(tmp_path / "a.json") == {"name": "réseau", "n": 1}
    write_text(tmp_path / "b.json", '{"a": ')
    with pytest.raises(UserError, match=r"b\.json is not valid JSON"):
        read_json(tmp_path / "b.json")
    (tmp_path / "c").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not a UTF-8 text file"):
        read_text(tmp_path / "c")
    with pytest.raises(UserError, match="does not exist"):
        read_text(tmp_path / "none")
