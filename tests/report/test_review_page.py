"""The page that asks a person which class images are of, from the doubts of a model to data that is put right."""

import re
import shutil

import numpy as np
import pytest
from PIL import Image

from pixelproof import api
from pixelproof.data import open_data
from pixelproof.report.review_page import NewLabels, Question, SmallPicture, review_page
from pixelproof.runs.corrections_file import load_corrections
from pixelproof.runs.left_out_file import load_list
from pixelproof.runs.ranked_file import load_ranked
from pixelproof.verbs.review import begun
from small_runs import untrained_run
from waiting import wait_for

CLASSES = ("<b>sea</b>", "sky, blue", " rock", "rust")
BEGUN = "image;patient;class;split\nnew/old.png;p1;rust;validation\n"
NO_PICTURE: SmallPicture = {"src": "data:,", "small": True}
HOSTILE = "<script>alert(1)</script>"


def write_patches(root, names=CLASSES, each=6):
    """Classes of noise about a colour of each, and one image that is there under two labels."""
    rng = np.random.default_rng(0)
    for split in ("train", "validation"):
        for place, name in enumerate(names):
            folder = root / split / name.replace("/", "∕")
            folder.mkdir(parents=True)
            for n in range(each):
                pixels = (rng.integers(0, 90, (12, 16, 3)) + 40 * place).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{n}.png")
    shutil.copy(root / "train" / names[-2] / "0.png", root / "train" / "rust" / 'same, "0".png')
    return root


@pytest.fixture
def explained(tmp_path):
    """A data set, images without labels, a run, and what ``explain`` makes of them."""
    root, photos = write_patches(tmp_path / "data"), tmp_path / "photos"
    for n in range(3):
        (photos / "new").mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "train" / "rust" / f"{n}.png", photos / "new" / f"{HOSTILE.replace('/', '')}{n}.png")
    shutil.copy(root / "train" / "rust" / "4.png", photos / "new" / "old.png")
    (photos / "labels.csv").write_text(BEGUN)
    run = untrained_run(tmp_path / "run", "vgg16", open_data(root).scheme)
    api.explain(run.path, root, tmp_path / "why", unlabelled=photos, device="cpu")
    return root, photos, run, tmp_path / "why"


def saved(page, name, folder):
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.fixture
def page(explained, browser):
    """The page that ``explain`` made; nothing may be said in its console."""
    page, trouble = browser.new_page(), []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto((explained[-1] / "review.html").as_uri())
    yield page
    assert trouble == []
    page.close()


def shows_what_is_doubted(page, suspects):
    asked = f"{len(suspects)} doubted labels, and 3 images without a label"
    assert page.locator("h1").inner_text().endswith(asked)
    assert page.locator("#other").inner_text().startswith("The same pixels are labelled ")
    assert page.locator("#near figure").count() == 6
    first = page.locator("#classes button").all_inner_texts()
    assert first[0].startswith(f"{suspects[0].given.strip()}: the label is right")
    assert first[1].startswith(f"{suspects[0].suggested.strip()}: proposed")


def hides_what_is_said(page, names):
    """Blindly, nobody says anything, and classes are in their own order."""
    page.keyboard.press("b")
    shown = [f"{name.strip()}\n{k}" for k, name in enumerate(names, 1)]
    assert page.locator("#classes button").all_inner_texts() == shown
    assert page.locator("#question").inner_text() == "Which class is it?"
    text = page.locator("main").inner_text()
    assert not any(word in text for word in ("proposed", "is right", "png", "%", "The same pixels"))
    page.click("#blind")


def answer(page):
    """Answer the first five by keys: right, as proposed, leave out, cannot tell, and the third by the tab key."""
    for key in "y1lx":
        page.keyboard.press(key)
    page.locator("#classes button").nth(2).focus()
    page.keyboard.press("Enter")  # the next question has the focus at the same place
    assert page.evaluate("[...document.querySelectorAll('#classes button')].indexOf(document.activeElement)") == 2


def says(page, n, suspects):
    return page.locator("#status").inner_text() == f"{n} of {len(suspects) + 3} images have an answer."


def are_the_answers(corrections, left, suspects):
    said = load_corrections(corrections)
    assert [(each.name.rpartition("/")[2], each.was) for each in said] == [
        (row.id.rpartition("/")[2], row.given.strip()) for row in (*suspects[:2], suspects[4])
    ]
    assert (said[0].label, said[0].reason) == (suspects[0].given.strip(), "found right")
    assert (said[1].label, said[1].reason) == (suspects[1].suggested.strip(), "doubted by run")
    assert [entry.reason for entry in load_list(left)] == ["looked-at"]
    assert [line.split(",")[-2] for line in left.read_text().splitlines()[2:] if line.startswith("# ")]


def label(page, photos):
    """Give two of the images without a label one, and save the table in their folder."""
    page.get_by_role("button", name="Without a label").click()
    assert page.locator("#question").inner_text() == "It has no label. Which class is it?"
    assert page.get_by_role("button", name="Leave it out").count() == 0
    for key in "22x":
        page.keyboard.press(key)
    labels = saved(page, "Save labels.csv of photos", photos)
    assert re.fullmatch(rf"{BEGUN}(new/<script>alert\(1\)<script>\d\.png;;[^;]+;train\n){{2}}", labels.read_text())


def test_the_page_escapes_everything_and_loads_nothing(explained):
    text = (explained[-1] / "review.html").read_text("utf-8")
    assert "<script>alert" not in text
    assert "<b>sea" not in text
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


@pytest.mark.browser
def test_answers_are_kept_and_put_labels_right(explained, page, tmp_path):
    root, photos, _, why = explained
    suspects = load_ranked(why / "suspects.csv")
    shows_what_is_doubted(page, suspects)
    hides_what_is_said(page, open_data(root).scheme.names)
    answer(page)
    page.keyboard.press("n")
    page.keyboard.press("ArrowLeft")
    page.reload()
    assert says(page, 5, suspects)
    assert page.locator("#point").input_value() == "6"
    corrections, left = saved(page, "Save corrections.csv", tmp_path), saved(page, "Save leave_out.csv", tmp_path)
    are_the_answers(corrections, left, suspects)
    found = api.correct(root, corrections)
    assert (found["added"], found["confirmed"]) == (3, 1)
    assert api.leave_out(root, left)["added"] == 1

    label(page, photos)
    both = tmp_path / "both"
    both.mkdir()
    (both / "folders.yaml").write_text(f"folders: [{root}, {photos}]\n")
    joined = open_data(both)
    assert sum(sample.id.startswith("photos/") for sample in joined.split("train")) == 2
    assert [sample.group for sample in joined.split("validation") if sample.id.startswith("photos/")] == ["photos/p1"]
    assert joined.scheme == open_data(root).scheme

    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#anew")
    page.set_input_files("#load", corrections)
    wait_for(lambda: says(page, 3, suspects))
    page.set_input_files("#load", left)
    wait_for(lambda: says(page, 5, suspects))
    assert saved(page, "Save corrections.csv", tmp_path / "again").read_text() == corrections.read_text()

    run = untrained_run(tmp_path / "run2", "vgg16", joined.scheme)
    api.explain(run.path, both, tmp_path / "then", unlabelled=photos, device="cpu")
    now = {(row.split == "validation", row.id) for row in load_ranked(tmp_path / "then" / "suspects.csv")}
    settled = {(row.split == "validation", f"data/{row.id}") for row in (*suspects[:2], suspects[4])}
    assert now
    assert not now & settled  # a person has looked at them
    assert [row.split for row in load_ranked(tmp_path / "then" / "next.csv")].count("unlabelled") == 1


@pytest.mark.browser
def test_who_closes_a_page_that_nothing_keeps_is_asked_until_each_table_is_saved(tmp_path, browser):
    questions = [Question(f"{n}.png", "", "cat", "dog", "", (), 0) for n in range(3)]
    (tmp_path / "page.html").write_text(review_page("run", ["cat", "dog"], questions, [NO_PICTURE], [], 3))
    page = browser.new_page()
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied') }})")
    page.goto((tmp_path / "page.html").as_uri())
    closing = "(() => { const e = new Event('beforeunload', {cancelable: true}); return !dispatchEvent(e); })()"
    assert "This browser keeps nothing" in page.locator("#status").inner_text()
    assert not page.evaluate(closing)
    page.keyboard.press("y")
    page.keyboard.press("l")
    saved(page, "Save corrections.csv", tmp_path)
    assert page.evaluate(closing)  # leave_out.csv has a line
    saved(page, "Save leave_out.csv", tmp_path)
    assert not page.evaluate(closing)
    page.close()


@pytest.mark.browser
def test_a_saved_table_is_of_its_own_images_alone(tmp_path, browser):
    """Images of the data and of two folders without labels may be called alike."""
    tables = [NewLabels("labels.csv", name, "filename,label\n") for name in ("a", "b")]
    places = [("0.png", "cat", None), ("0.png", "", 0), ("1.png", "", 0), ("1.png", "", 1)]
    questions = [Question(file, "", given, "dog", "", (), 0, table=table) for file, given, table in places]
    (tmp_path / "page.html").write_text(review_page("run", ["cat", "dog"], questions, [NO_PICTURE], tables, 1))
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    status = page.locator("#status")
    for name, text, said in (
        ("corrections.csv", "filename,label,was,reason\n0.png,dog,cat,seen\n", "1 of 4 images have an answer."),
        ("labels.csv", "filename,label\n0.png,dog\n", "2 of 4 images have an answer."),
        ("labels.csv", "filename,label\n1.png,dog\n", "1.png: several images here are called so."),
    ):
        (tmp_path / name).write_text(text)
        page.set_input_files("#load", tmp_path / name)
        wait_for(lambda said=said: status.inner_text() == said)
    page.close()


def test_a_table_that_was_begun_is_gone_on_with_in_its_columns(tmp_path):
    assert begun(tmp_path) == (NewLabels("labels.csv", tmp_path.name, "filename,label\n"), set())
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")  # of something else
    assert begun(tmp_path)[0].text == "filename,label\n"
    (tmp_path / "labels.csv").write_text("id\tsplit\tage\tclass\n1.png\ttrain\t7\tcat")
    table, named = begun(tmp_path)
    assert (table.text[-4:], table.columns, table.mark) == ("cat\n", ("file", "split", "other", "label"), "\t")
    assert named == {"1.png"}


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1300])
def test_of_many_classes_any_is_typed(tmp_path, browser, width, capsys):
    names = [f"class {n:02d}" for n in range(20)] + ["Zebra"]
    root = write_patches(tmp_path / "data", [*names, "rock", "rust"], 2)
    run = untrained_run(tmp_path / "run", "vgg16", open_data(root).scheme)
    api.explain(run.path, root, tmp_path / "why", device="cpu")
    assert f"saves your answers; then: pixelproof correct {root} corrections.csv\n" in capsys.readouterr().err
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((tmp_path / "why" / "review.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("#classes button").count() == 12
    page.keyboard.press("/")
    page.keyboard.type("class")
    page.keyboard.press("Enter")
    assert page.locator("#status").inner_text() == "There is no class class."
    page.locator("#typed").fill("zeb")
    page.keyboard.press("Enter")
    assert page.locator("#point").input_value() == "2"
    page.keyboard.press("ArrowLeft")
    chosen = page.locator("#classes button[aria-pressed=true]").inner_text()
    assert chosen.startswith("Zebra")
    page.close()


@pytest.mark.browser
def test_classes_that_are_called_by_a_key_have_it_and_others_their_places(tmp_path, browser):
    page = browser.new_page()
    names = ("L", "n", "X", "b", "Y", "2", "dog", "O", "o")
    asked = [Question(f"{k}.png", "train", "dog", "L", "", (), 0) for k in range(6)]
    (tmp_path / "review.html").write_text(review_page("run", names, asked, [NO_PICTURE], [], len(asked)))
    page.goto((tmp_path / "review.html").as_uri())
    shown = dict(text.split("\n") for text in page.locator("section button").all_inner_texts() if "\n" in text)
    assert shown == {
        "dog: the label is right": "=",
        "L: proposed": "l",
        "n": "n",
        "X": "x",
        "b": "b",
        "Y": "y",
        "2": "2",
        "O": "7",
        "o": "8",
        "Leave it out": "-",
        "Cannot tell": "?",
    }
    for key in ("l", "X", "2", "=", "?", "*", "-"):
        page.keyboard.press(key)
    assert page.locator("#question").inner_text() == "Which class is it?"  # the star has hidden label and model
    said = load_corrections(saved(page, "Save corrections.csv", tmp_path))
    assert [each.label for each in said] == ["L", "X", "2", "dog"]
    left = saved(page, "Save leave_out.csv", tmp_path).read_text().splitlines()
    assert [line.split(",")[:2] for line in left[1:]] == [["# 4.png", "cannot-tell"], ["5.png", "looked-at"]]
