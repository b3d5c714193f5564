"""Several folders as one data set: read, named, refused where they do not agree, and looked at by the doctor."""

import shutil

import pytest
from data_builders import LABELS, class_folders, colored, index_mask, mask_folders, picture, save

from pixelproof import api
from pixelproof.config import DataConfig
from pixelproof.data import arrange, fingerprint, open_data, read_image
from pixelproof.data.doctor import examine
from pixelproof.errors import UserError
from pixelproof.runs import load_scores

SLIM = ["epochs=1", "device=cpu", "batch_size=8"]


def of_class(folder, name, count, start):
    for n in range(count):
        save(picture(start + n), folder / name / f"{n}.png")


def united(root, *folders, more=""):
    root.mkdir(exist_ok=True)
    (root / "folders.yaml").write_text("folders:\n" + "".join(f"  - {folder}\n" for folder in folders) + more)
    return root


def two_years(tmp_path):
    """Last year's with a validation split, this year's with none and another class, both of cats called alike."""
    class_folders(tmp_path / "2024", 12, 6)
    of_class(tmp_path / "2025", "cat", 6, 5000)
    of_class(tmp_path / "2025", "fox", 6, 6000)
    return united(tmp_path / "all", "../2024", "../2025")


def ids(samples):
    return {sample.id for sample in samples}


def test_splits_are_united_and_ids_begin_with_the_name_of_the_folder(tmp_path, capsys):
    data = open_data(two_years(tmp_path))
    said = capsys.readouterr().err
    assert data.scheme.names == ("cat", "dog", "fox")
    assert data.layout == "folders.yaml: 2024, 2025"
    assert {split: len(samples) for split, samples in data.splits.items()} == {"train": 24, "validation": 6}
    assert {"2024/cat/0.png", "2025/cat/0.png"} < ids(data.split("train"))
    assert {data.scheme.names[s.label] for s in data.split("train") if s.id.startswith("2025/f")} == {"fox"}
    assert "has no images of 2025: they are learned from alone" in said
    assert "has all classes of all its folders, and 2024 has no fox; 2025 has no dog" in said
    assert arrange(data, DataConfig())["validation"] == data.split("validation")


def test_a_folder_may_be_the_test_and_the_groups(tmp_path):
    class_folders(tmp_path / "a", 12, 0)
    class_folders(tmp_path / "b", 8, 4)
    root = united(tmp_path / "all", f"{{folder: {tmp_path / 'a'}}}", "{folder: ../b, name: site b, split: testing}")
    data = open_data(root)
    assert {split: len(samples) for split, samples in data.splits.items()} == {"train": 12, "test": 12}
    assert {"site b/train/cat/0.png", "site b/validation/cat/0.png"} < ids(data.split("test"))
    parts = arrange(data, DataConfig())
    assert {sample.id[:2] for sample in parts["validation"]} == {"a/"}
    united(root, "../a", "../b/train")
    folds = [arrange(open_data(root), DataConfig(groups="^([^/]+)/", cv_fold=f"{n}/2")) for n in (1, 2)]
    assert [{sample.group for sample in parts["validation"]} for parts in folds] == [{"a"}, {"train"}]


def test_one_folder_of_others_has_a_list_and_groups_of_ones_own(tmp_path):
    """Where that may not be written to; its ids stay, so that scores are of the same images."""
    theirs = class_folders(tmp_path / "theirs", 12, 4)
    root = united(tmp_path / "mine", "../theirs")
    assert ids(open_data(root).split("train")) == ids(open_data(theirs).split("train"))
    for split in ("train", "validation"):
        assert fingerprint(open_data(root).split(split)) == fingerprint(open_data(theirs).split(split))
    (root / "leave_out.csv").write_text("train/cat/0.png,blurred\n")
    assert ids(open_data(theirs).split("train")) - ids(open_data(root).split("train")) == {"cat/0.png"}
    (tmp_path / "list.csv").write_text("train/cat/2.png\n")
    theirs.chmod(0o555)
    before = sorted(theirs.rglob("*"))
    assert api.leave_out(root, tmp_path / "list.csv")["images"] == ["train/cat/0.png", "train/cat/2.png"]
    assert sorted(theirs.rglob("*")) == before


def test_what_is_left_out_of_a_folder_and_of_all(tmp_path):
    root = two_years(tmp_path)
    whole = open_data(root)
    (tmp_path / "2024" / "leave_out.csv").write_text("train/cat/0.png,old\n")
    (root / "leave_out.csv").write_text("2025/fox/1.png,new\n2024/validation/dog/1,new\n../2024/train/dog/3.png,new\n")
    data = open_data(root)
    gone = {"2024/cat/0.png", "2025/fox/1.png", "2024/dog/3.png"}
    assert ids(whole.split("train")) - ids(data.split("train")) == gone
    assert ids(whole.split("validation")) - ids(data.split("validation")) == {"2024/dog/1.png"}
    assert {each.sample.label for each in data.left_out} == {0, 1, 2}
    assert not [f for f in examine(root).findings if f.check in ("unused-images", "ignored-files")]


@pytest.mark.parametrize(
    ("folders", "more", "problem"),
    [
        (["../2024", "../2026"], "", r"names '\.\./2026', and there is no folder"),
        (["../2024", "../2024"], "", "names the folder .*2024 twice; name it once"),
        (["../2024", "../link"], "", "names the folder .*2024 twice; name it once"),
        (['{folder: ../2024, name: "a\\nb"}'], "", "cannot begin the names of images"),
        (["../2024", "../2024/train"], "", "of which one holds the other"),
        (["../2024", "../other/2024"], "", "names two folders called '2024'"),
        (["../2024", "../fields"], "", "names 2024, which is for classification and fields, which is for segmentation"),
        (["{folder: ../2024, splt: test}"], "", "unknown key 'folders.0.splt'; did you mean 'split'"),
        (["{folder: ../2024, split: held}"], "", "'held' is no split; write train, validation or test"),
        (["{folder: ../2024, name: a/b}"], "", "name"),
        (["."], "", "which has a folders.yaml itself"),
        ([], "", "'folders': input should be a valid list"),
        (["../2024"], "grups: 1\n", "unknown key 'grups'"),
    ],
)
def test_folders_that_are_no_data_set_are_refused(tmp_path, folders, more, problem):
    class_folders(tmp_path / "2024", 4, 0)
    class_folders(tmp_path / "other" / "2024", 4, 0)
    mask_folders(tmp_path / "fields", 2, 1)
    (tmp_path / "link").symlink_to("2024")
    root = united(tmp_path / "all", *folders, more=more)
    for reads in (open_data, examine):
        with pytest.raises(UserError, match=problem):
            reads(root)


def test_links_are_called_as_themselves(tmp_path):
    for year in ("2024", "2025"):
        class_folders(tmp_path / f"disk{year}" / "data", 4, 0)
        (tmp_path / year).symlink_to(tmp_path / f"disk{year}" / "data")
    root = united(tmp_path / "all", "../2024", "../2025")
    assert {sample.id.partition("/")[0] for sample in open_data(root).split("train")} == {"2024", "2025"}


def test_images_beside_the_folders_are_not_passed_over_in_silence(tmp_path, capsys):
    """As where folders.yaml is put into the first of two folders and names the second alone."""
    class_folders(tmp_path / "2025", 8, 0)
    root = class_folders(tmp_path / "2024", 6, 0)
    united(root, "../2025")
    assert len(open_data(root).split("train")) == 8
    assert "note: 6 images in" in (said := capsys.readouterr().err)
    assert "left out, as folders.yaml names no folder that holds them" in said
    (found,) = [finding for finding in examine(root).findings if finding.check == "unused-images"]
    assert (found.count, found.severity) == (6, "warning")
    assert "name their folder in folders.yaml" in found.fix
    united(tmp_path, "2024/train", "2025")
    (root / "folders.yaml").unlink()
    assert not [finding for finding in examine(tmp_path).findings if finding.check == "unused-images"]
    (tmp_path / "folders.yaml").unlink()
    (tmp_path / "folders.yaml").symlink_to("gone.yaml")
    with pytest.raises(UserError, match=r"folders\.yaml does not exist"):
        open_data(tmp_path)


def test_a_folder_may_have_a_single_class_that_another_has(tmp_path):
    """As a delivery of the class that was rare."""
    class_folders(tmp_path / "first", 12, 4)
    of_class(tmp_path / "later" / "train", "dog", 5, 5000)
    root = united(tmp_path / "all", "../later", "../first")
    data = open_data(root)
    assert data.scheme.names == ("cat", "dog")
    assert {s.label for s in data.split("train") if s.id.startswith("later/")} == {1}
    assert not examine(root).of("error")
    (tmp_path / "later" / "train" / "dog").rename(tmp_path / "later" / "train" / "photos")
    with pytest.raises(UserError, match=r"two classes at least, and all images of .*later are in .* 'photos'"):
        open_data(root)


def test_labels_of_masks_are_proposed_for_all_folders(tmp_path, pixelproof):
    for name in ("a", "b"):
        mask_folders(tmp_path / name, 3, 2, None)
    root = united(tmp_path / "all", "../a", "../b")
    with pytest.raises(UserError, match=r"all has no labels\.yaml .*; run 'pixelproof doctor .*all --write-labels'"):
        open_data(root)
    before = sorted(tmp_path.rglob("*"))
    code, _, _ = pixelproof("doctor", root, "--write-labels")
    assert (code, set(tmp_path.rglob("*")) - set(before)) == (1, {root / "labels.yaml"})
    assert len(open_data(root).scheme.classes) == 3
    (root / "labels.yaml").rename(tmp_path / "a" / "labels.yaml")
    with pytest.raises(UserError, match=r"b has no labels\.yaml .*; copy .*a/labels\.yaml into .*all, where it serves"):
        open_data(root)


def test_masks_are_scored_against_folders_with_labels_of_their_own(tmp_path):
    labels = "task: segmentation\nclasses: [{name: x, id: 0}, {name: y, id: 1}, {name: z, id: 2}]\n"
    for place, name in enumerate(("a", "b")):
        mask_folders(tmp_path / name, 3, 0, labels)
        for n in range(3):
            save(index_mask(n + 50 * place), tmp_path / name / f"train/masks/{n:02d}.png")
            save(index_mask(n + 50 * place), tmp_path / "guess" / name / f"train/images/{n:02d}.png")
    root = united(tmp_path / "all", "../a", "../b")
    (root / "leave_out.csv").write_text("b/train/images/01.png\n")
    scores = api.score(tmp_path / "guess", root)
    assert set(scores.ids) == {"a/00", "a/01", "a/02", "b/00", "b/02"}
    assert scores.scheme.names == ("x", "y", "z")
    assert scores.confusion.sum() == 5 * 32 * 32


def test_labels_must_agree_where_they_are_of_pixels(tmp_path):
    mask_folders(tmp_path / "a", 4, 2)
    mask_folders(tmp_path / "b", 4, 2, LABELS.replace("forest", "wood"))
    root = united(tmp_path / "all", "../a", "../b")
    with pytest.raises(
        UserError, match=r"^a and b, which .* have different labels: only a has forest, and only b has wood; give"
    ):
        open_data(root)
    (tmp_path / "b" / "labels.yaml").unlink()
    (root / "labels.yaml").write_text(LABELS)
    data = open_data(root)
    assert data.scheme == open_data(tmp_path / "a").scheme
    assert ids(data.split("validation")) == {"a/00", "a/01", "b/00", "b/01"}
    (root / "labels.yaml").write_text(LABELS.replace("id: 2", "id: 7"))
    with pytest.raises(UserError, match=r"labels\.yaml and a, .* have different labels: '.*' has another id or colour"):
        open_data(root)


def test_classes_called_by_id_in_one_folder_and_by_name_in_the_other(tmp_path):
    labels = "task: classification\nclasses: [{name: cat, id: 3}, {name: fox, id: 7}]\n"
    of_class(tmp_path / "a", "3", 4, 0)
    of_class(tmp_path / "a", "7", 4, 100)
    (tmp_path / "a" / "labels.yaml").write_text(labels)
    of_class(tmp_path / "b", "cat", 4, 200)
    of_class(tmp_path / "b", "fox", 4, 300)
    data = open_data(root := united(tmp_path / "all", "../a", "../b"))
    assert [c.id for c in data.scheme.classes] == [3, 7]
    assert {(s.id.rpartition("/")[0], s.label) for s in data.split("train")} == {
        ("a/3", 0), ("b/cat", 0), ("a/7", 1), ("b/fox", 1)
    }  # fmt: skip
    assert not examine(root).of("error")
    (tmp_path / "b" / "fox").rename(tmp_path / "b" / "dog")
    assert open_data(root).scheme.names == ("cat", "dog", "fox")


def test_the_doctor_says_what_a_folder_alone_has(tmp_path):
    root = two_years(tmp_path)
    shutil.copy(tmp_path / "2024/validation/cat/0.png", tmp_path / "2025/cat/copy.png")
    diagnosis = examine(root)
    found = {finding.check: finding for finding in diagnosis.findings}
    told = found["class-by-folder"]
    assert (told.severity, told.count) == ("warning", 12)
    assert "all 6 images with dog are of 2024, all 6 images with fox are of 2025, and train has" in told.message
    assert "2025/fox/0.png" in told.files
    assert found["folder-not-scored"].message.startswith("validation has no images of 2025: ")
    assert found["duplicate-across-splits"].files == ("2025/cat/copy.png", "2024/validation/cat/0.png")
    assert [entry.name for entry in diagnosis.leave_out if entry.sure] == ["2025/cat/copy.png"]
    of_class(tmp_path / "2024" / "train", "fox", 1, 7000)
    of_class(tmp_path / "2025", "dog", 1, 7100)
    assert "class-by-folder" not in {finding.check for finding in examine(root).findings}
    for name in ("fox", "dog"):  # of a folder that may lack a class by chance
        of_class(tmp_path / "small", name, 1, 9000 + ord(name[0]))
    united(root, "../2024", "../small")
    assert "class-by-folder" not in {finding.check for finding in examine(root).findings}


def test_the_doctor_sees_classes_of_masks_in_one_folder(tmp_path):
    for name, classes in (("a", 3), ("b", 2)):
        mask_folders(tmp_path / name, 6, 0)
        for n in range(6):
            save(colored(index_mask(n + 50 * classes, classes=classes)), tmp_path / name / f"train/masks/{n:02d}.png")
    (told,) = [f for f in examine(united(tmp_path / "all", "../a", "../b")).findings if f.check == "class-by-folder"]
    assert told.message.startswith("all 6 images with forest are of a, and train has images of a, b")
    (tmp_path / "b" / "train" / "masks" / "00.png").unlink()
    (unpaired,) = [f for f in examine(tmp_path / "all").findings if f.check == "unpaired"]
    assert unpaired.files == ("b/train/images/00.png",)


def test_groups_are_those_of_each_folder_or_of_all(tmp_path):
    for place, name in enumerate(("a", "b")):
        of_class(tmp_path / name, "cat", 3, 100 * place)
        of_class(tmp_path / name, "dog", 3, 100 * place + 50)
        lines = [f"{kind}/{n}.png,p{n}" for kind in ("cat", "dog") for n in range(3)]
        (tmp_path / name / "groups.csv").write_text("\n".join(["filename,group", *lines]))
    root = united(tmp_path / "all", "../a", "../b")
    assert {sample.group for sample in open_data(root).split("train")} == {f"{f}/p{n}" for f in "ab" for n in range(3)}
    assert [f.count for f in examine(root).findings if f.check == "groups-of-one-name"] == [3]
    lines = [f"{each}/{kind}/{n},q{n % 2}" for each in "ab" for kind in ("cat", "dog") for n in range(3)]
    (root / "groups.csv").write_text("\n".join(["filename,group", *lines]))
    assert {sample.group for sample in open_data(root).split("train")} == {"q0", "q1"}
    (root / "groups.csv").unlink()
    united(root, "../a", "../b", more="same_groups: true\n")
    assert {sample.group for sample in open_data(root).split("train")} == {"p0", "p1", "p2"}
    assert not [f for f in examine(root).findings if f.check == "groups-of-one-name"]


def test_every_verb_reads_them(color_classes, tmp_path, pixelproof):
    for file in (color_classes / "validation").rglob("*.png"):
        save(read_image(file), tmp_path / "site" / file.parent.name / f"s{file.name}")
    root = united(tmp_path / "all", "../patches", "{folder: ../site, split: test}")
    run = api.train(root, "vgg16", tmp_path / "run", settings=["width=0.03", *SLIM])
    assert run.facts().data.layout == "folders.yaml: patches, site"
    assert all(name.startswith("patches/") for name in api.evaluate(run.path, root).ids)
    scores = api.evaluate(run.path, root, "test")
    assert all(name.startswith("site/") for name in load_scores(run.scores("test")).ids)
    api.predict(run.path, tmp_path / "site", tmp_path / "guess")
    assert len(api.score(tmp_path / "guess" / "predictions.csv", root).ids) == len(scores.ids)
    guessed = api.predict(run.path, root, tmp_path / "all_guess")
    assert len(guessed) == sum(len(samples) for samples in open_data(root).splits.values())
    assert len(api.score(tmp_path / "all_guess" / "predictions.csv", root).ids) == len(guessed)
    api.explain(run.path, root, tmp_path / "why")
    assert "\n# patches/validation/" in (tmp_path / "why" / "leave_out.csv").read_text()
    assert api.drift(run.path, root, root, labelled="test").new.images == len(scores.ids)
    (root / "leave_out.csv").write_text(f"{scores.ids[0]}\n")
    assert api.drift(run.path, tmp_path / "patches", root).new.images == len(guessed) - 1
    (root / "leave_out.csv").unlink()
    (tmp_path / "s.yaml").write_text(
        "name: s\nparts: {p: {data: all, test: true, settings: {width: 0.03, epochs: 1}, models: {a: vgg16}}}\n"
    )
    page = api.study(tmp_path / "s.yaml", tmp_path, tmp_path / "study")
    assert "folders.yaml: patches, site" in page.read_text()
    code, _, err = pixelproof("doctor", root, "--out", tmp_path / "look")
    assert (code in (0, 1), err.count("unexpected")) == (True, 0)


def test_years_are_names_without_quotes(tmp_path):
    for year in ("2024", "2025"):
        class_folders(tmp_path / year, 4, 0)
    root = united(tmp_path, "2024", "{folder: 2025, name: 25}")
    assert {sample.id.partition("/")[0] for sample in open_data(root).split("train")} == {"2024", "25"}
    (root / "folders.yaml").write_text("[2024, 2025]")
    with pytest.raises(UserError, match="names no folders; start it with 'folders:'"):
        open_data(root)
