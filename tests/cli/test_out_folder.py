"""The folder that commands write to: what is refused of it."""

import pytest

from pixelproof.errors import UserError
from pixelproof.report.out_folder import require_place


def test_a_folder_in_any_of_the_folders_of_the_data_is_refused(tmp_path):
    for name in ("all", "north", "south"):
        (tmp_path / name).mkdir()
    (tmp_path / "all" / "folders.yaml").write_text("folders:\n  - ../north\n  - ../south\n")
    for place in ("all", "all/look", "south/deep/look"):
        with pytest.raises(UserError, match="whose images are looked at"):
            require_place(tmp_path / place, [], True, [tmp_path / "else", tmp_path / "all"])
    require_place(tmp_path / "southern", [], False, [tmp_path / "all"])


def test_what_is_there_is_replaced_only_when_asked_for_and_a_study_never(tmp_path):
    page = tmp_path / "report.html"
    require_place(tmp_path, [page], False)
    page.write_text("mine")
    with pytest.raises(UserError, match=r"report\.html already exists"):
        require_place(tmp_path, [page], False)
    require_place(tmp_path, [page], True)
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(UserError, match="holds a study or a run"):
        require_place(tmp_path, [page], True)
