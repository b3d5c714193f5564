"""Files of CVAT, and other XML."""

import numpy as np
import pytest
from annotation_files import mask
from data_builders import picture, save

from pixelproof.data import open_data
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.verbs.masks import draw_masks


def cvat(path, images, labels=("cat", "dog"), meta=""):
    """Write what CVAT exports: images (attributes and elements), and the labels of a task."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = "".join(f"<label><name>{n}</name><color>#fa3253</color><type>any</type></label>" for n in labels)
    size = 'width="30" height="20"'
    found = "".join(f'<image id="{k}" {name} {size}>{"".join(each)}</image>' for k, (name, each) in enumerate(images))
    path.write_text(
        f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>7</id><mode>annotation</mode>{meta}<labels>{listed}</labels></task><dumped>2026</dumped></meta>
  {found}
</annotations>
""",
        "utf-8",
    )
    return path


def drawn(tag, values, label="cat", z=0, inner=""):
    return f'<{tag} label="{label}" source="manual" occluded="0" {values} z_order="{z}">{inner}</{tag}>'


POLYGON = 'points="2.00,2.00;12.00,2.00;12.00,10.00;2.00,10.00"'
BOX = 'xtl="2.00" ytl="2.00" xbr="12.00" ybr="10.00"'
SPOT = 'rle="1, 2, 3" left="20" top="5" width="3" height="2"'
"""Of two rows of three, the last two of the first."""


def test_files_of_cvat_are_drawn_as_cvat_shows_them(photos):
    ellipse = 'cx="15.00" cy="10.00" rx="9.00" ry="3.00" rotation="90.00"'
    dots = '<points label="1" source="manual" outside="0" occluded="0" points="3.00,3.00"></points>'
    skeleton = f'<skeleton label="cat" source="manual" z_order="0">{dots}</skeleton>'
    flat = [drawn("polyline", POLYGON), drawn("box", f'{BOX} rotation="9.00"'), skeleton]
    images = [
        ('name="a.jpg"', [drawn("polygon", POLYGON, "dog", 1), drawn("mask", SPOT), drawn("polygon", POLYGON), *flat]),
        ('name="b.jpg"', [drawn("ellipse", ellipse, inner='<attribute name="age">2</attribute>')]),
        ('name="c.jpg"', ['<tag label="dog" source="manual"></tag>']),
        ('name="gone.jpg"', []),
    ]
    found = draw_masks(cvat(photos / "annotations.xml", images, ("never drawn", "cat", "dog")), rest="other")
    assert (found["images"], found["missing"], found["undrawn"], found["unoutlined"]) == (2, 1, 3, 1)
    assert open_data(photos).scheme.ids == (0, 2)  # numbered as in CVAT's other files
    assert (mask(photos, "b.png") == 2).sum() == pytest.approx(np.pi * 27, abs=4)
    assert (mask(photos, "b.png") == 2)[:, 15].sum() == 18
    assert not mask(photos, "c.png").any()


def test_what_is_nearer_to_the_camera_is_drawn_over_the_rest(photos):
    shapes = [drawn("polygon", POLYGON, "dog", 1), drawn("mask", SPOT), drawn("polygon", POLYGON)]
    found = draw_masks(cvat(photos / "annotations.xml", [('name="a.jpg"', shapes)]))
    expected = np.full((20, 30), VOID)
    expected[2:10, 2:12] = 2
    expected[5, 21:23] = 1
    assert (mask(photos, "a.png") == expected).all()
    assert found["covered"] == 80


def test_tasks_and_projects_of_cvat(tmp_path):
    """A project has subsets, each with a folder of its own; several tasks have a file each."""
    images = [(f'name="a.jpg" subset="{s}" task_id="3"', [drawn("polygon", POLYGON)]) for s in ("Train", "Validation")]
    for seed, subset in enumerate(("Train", "Validation")):
        save(picture(seed, (20, 30)), tmp_path / "project" / "images" / subset / "a.jpg")
    cvat(tmp_path / "project" / "annotations.xml", images)
    draw_masks(tmp_path / "project", rest="other")
    assert {split: len(found) for split, found in open_data(tmp_path / "project").splits.items()} == {
        "train": 1,
        "validation": 1,
    }
    for seed, subset in enumerate(("Train", "Test")):
        task = tmp_path / "tasks" / str(seed)
        save(picture(seed, (20, 30)), task / "images" / "frame_000000.PNG")
        shapes = [drawn("polygon", POLYGON)]
        cvat(task / "annotations.xml", [('name="frame_000000"', shapes)], meta=f"<subset>{subset}</subset>")
    draw_masks(tmp_path / "tasks", rest="other")
    assert "0/images/frame_000000.PNG,masks/0/images/frame_000000.png,train\n" in (
        (tmp_path / "tasks" / "masks.csv").read_text()
    )
    assert "masks/1/images/frame_000000.png,test\n" in (tmp_path / "tasks" / "masks.csv").read_text()


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (drawn("polygon", 'points="2,2;12;1,1"'), "a polygon on a.jpg: 'points.1': value should have at least 2 items"),
        (drawn("polygon", 'points="1e9,2;1,2;1,1"'), "'points.0.0': input should be less than or equal to 1000000"),
        (drawn("polygon", 'points="nan,2;1,2;1,1"'), "'points.0.0': input should be a finite number"),
        (drawn("polygon", ""), "a polygon on a.jpg: 'points': field required"),
        (drawn("polygon", POLYGON, "cow"), "a polygon on a.jpg is a 'cow', which the file does not list; export it"),
        (drawn("polygon", POLYGON, z="x"), "'z_order': input should be a valid integer"),
        (drawn("blob", POLYGON), "a blob on a.jpg is not read; make a polygon of it"),
        (drawn("mask", SPOT.replace("1,", "1;")), "a mask on a.jpg: 'rle.0': input should be a valid integer"),
        (drawn("mask", SPOT.replace("1,", "-1,")), "'rle.0': input should be greater than or equal to 0"),
        (drawn("mask", SPOT.replace("1,", "2,")), "of a 'cat' on a.jpg its runs are 7 pixels of 6; export it again"),
        (drawn("mask", SPOT.replace('width="3"', 'width="30000000000"')), "its mask reaches beyond the image"),
        (drawn("mask", SPOT.replace('top="5"', 'top="-1"')), "its mask reaches beyond the image"),
    ],
)
def test_damaged_files_of_cvat_are_one_sentence(photos, shape, problem):
    file = cvat(photos / "annotations.xml", [('name="a.jpg"', [shape])])
    with pytest.raises(UserError) as told:
        draw_masks(file, rest="other")
    assert problem in str(told.value)
    assert "\n" not in str(told.value)
    assert not (photos / "masks").exists()


BOMB = "".join(f'<!ENTITY e{k + 1} "{f"&e{k};" * 10}">' for k in range(9))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'<!DOCTYPE a [<!ENTITY e0 "ha">{BOMB}]><annotations>&e9;</annotations>', "declares a document type, and"),
        ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><annotations>&e;</annotations>', "a document type"),
        ('<!DOCTYPE annotations SYSTEM "http://127.0.0.1/x.dtd"><annotations/>', "declares a document type"),
        ("<annotations>&e;</annotations>", "is not valid XML (line 1)"),
        ("<annotations>\n<image>", "is not valid XML (line 2)"),
        ("", "is not valid XML (line 1)"),
        ("<a>" * 200_000 + "</a>" * 200_000, "is nested too deeply"),
        ('<annotations><track id="0" label="cat"/></annotations>', "is CVAT's format for videos; export 'CVAT for im"),
        ("<annotations/>", "hold no annotations of an image"),
        ("<annotations><image/></annotations>", "an image: 'name': field required"),
        ("<annotation/>", "holds no annotations that are read; give COCO or LabelMe files, CVAT's annotations.xml, or"),
    ],
)
def test_hostile_and_other_xml_is_refused(photos, text, problem):
    (photos / "x.xml").write_text(text)
    with pytest.raises(UserError) as told:
        draw_masks(photos / "x.xml")
    assert problem in str(told.value)


def test_an_xml_file_larger_than_memory_is_not_read(photos, monkeypatch):
    monkeypatch.setattr("pixelproof.data.annotations.reading.LARGEST", 2)
    with pytest.raises(UserError, match=r"annotations.xml has .* more than is read at once; export task by task"):
        draw_masks(cvat(photos / "annotations.xml", []))
