"""Grad-CAM: equal to what can be worked out by hand, and on the right place of an image."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pixelproof.config import default_config
from pixelproof.data import image_size, write_png
from pixelproof.errors import UserError
from pixelproof.explanation.gradcam import Heat, grad_cam, overlay
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.models import build_model
from pixelproof.models.folding import fold
from pixelproof.models.pixel_model import Output, PixelModel
from pixelproof.models.preprocessing import Preprocessing
from pixelproof.prediction import Predictor
from pixelproof.prediction.views import ViewAverage
from pixelproof.verbs.cam import cam_run
from small_runs import COLORS, untrained_run

PLAIN = Preprocessing((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), None)
SIDE = 16


def scheme(task, names="abc"):
    return LabelScheme(task=task, classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate(names)))


class Pooling(PixelModel):
    """Two convolutions, a ReLU in place, the mean over the image, and one linear layer: Grad-CAM by hand is simple."""

    def __init__(self):
        super().__init__(3)
        self.first = nn.Conv2d(3, 5, 1)
        self.second = nn.Conv2d(5, 6, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(7)
        self.head = nn.Linear(6, 3)
        self.preprocessing = PLAIN

    def forward(self, images):
        features = self.pool(self.relu(self.second(self.first(images)))).mean(dim=(2, 3))
        return Output(self.head(features), features)


class Scoring(PixelModel):
    """An encoder that halves the image, and a score for each cell, enlarged."""

    reduction = 2

    def __init__(self):
        super().__init__(3)
        self.encoder_ = nn.Conv2d(3, 4, 2, stride=2)
        self.score = nn.Conv2d(4, 3, 1)
        self.preprocessing = PLAIN

    def forward(self, images):
        maps = self.encoder_(images)
        return Output(F.interpolate(self.score(maps), scale_factor=2, mode="nearest"), maps)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)


def seeded(model):
    torch.manual_seed(3)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


@pytest.mark.parametrize("target", [None, 0, 2])
def test_a_classifier_by_hand(image, target):
    model = seeded(Pooling())
    heat = grad_cam(Predictor(model, scheme("classification"), "cpu"), image, target)
    with torch.no_grad():
        batch = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
        logits = model(batch).logits[0]
        wanted = int(logits.argmax()) if target is None else target
        maps = model.second(model.first(batch)).relu()[0]
        # The score is linear in the mean of each map, so its gradient is the weight over the number of cells.
        expected = torch.einsum("c,chw->hw", model.head.weight[wanted], maps).relu()
    assert heat.target == wanted
    np.testing.assert_allclose(heat.values, expected / expected.max(), atol=1e-5)


def test_a_network_asked_about_all_symmetries_is_looked_into_once(image):
    model, classes = seeded(Pooling()), scheme("classification")
    once = grad_cam(Predictor(model, classes, "cpu"), image, 1)
    average = grad_cam(Predictor(ViewAverage(model), classes, "cpu"), image, 1)
    np.testing.assert_array_equal(average.values, once.values)
    assert once.values.any()


@pytest.mark.parametrize("target", [None, 1])
def test_a_segmenter_by_hand(image, target):
    model = seeded(Scoring())
    predictor = Predictor(model, scheme("segmentation"), "cpu")
    heat = grad_cam(predictor, image, target)
    with torch.no_grad():
        maps = model.encoder_(torch.from_numpy(image).permute(2, 0, 1)[None] / 255)
        classes = predictor.class_map(image)
        wanted = int(np.bincount(classes.ravel()).argmax()) if target is None else target
        # Each cell of the class counts four times, as four pixels; all maps share that factor.
        cells = torch.einsum("c,chw->hw", model.score.weight[wanted, :, 0, 0], maps[0]).relu()
        expected = F.interpolate(cells[None, None], scale_factor=2, mode="bilinear", align_corners=False)[0, 0]
    assert heat.target == wanted
    np.testing.assert_allclose(heat.values, expected / expected.max(), atol=1e-5)


@pytest.mark.parametrize(
    ("task", "name"),
    [("classification", "vgg16"), ("classification", "timm:resnet18"), ("segmentation", "fcn8s-bn"),
     ("segmentation", "smp:Unet:resnet18")],
)  # fmt: skip
def test_every_kind_of_network_and_size_of_image(task, name):
    config = default_config(task, name).model
    model = build_model(config.model_copy(update={"width": 0.1, "input_size": 64 if task[0] == "c" else None}), 3)
    predictor = Predictor(model, scheme(task), "cpu")
    image = np.random.default_rng(1).integers(0, 256, (70, 101, 3)).astype(np.uint8)
    before = [parameter.clone() for parameter in model.parameters()]
    heat = grad_cam(predictor, image)
    assert heat.values.shape == (70, 101)
    assert heat.values.min() >= 0
    assert heat.values.max() in (0, 1)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())
    np.testing.assert_array_equal(grad_cam(predictor, image).values, heat.values)


@pytest.mark.parametrize(
    "name", ["resnet18", "convnext_atto", "inception_v3", "poolformer_s12", "swin_tiny_patch4_window7_224"]
)
def test_a_network_of_timm_is_looked_into_where_its_head_looks(name):
    """Not at one branch of several, nor at the weights of an attention, nor with channels and places mistaken."""
    config = default_config("classification", f"timm:{name}").model
    torch.manual_seed(0)
    model = build_model(config.model_copy(update={"weights": "none"}), 3).eval()
    model.preprocessing = PLAIN
    image = np.random.default_rng(2).integers(0, 256, (*(model.size or (160, 160)), 3)).astype(np.uint8)
    heat = grad_cam(Predictor(model, scheme("classification"), "cpu"), image)
    maps = model.model.forward_features(torch.from_numpy(image).permute(2, 0, 1)[None] / 255).detach()
    logits = model.model.forward_head(maps.requires_grad_())
    (gradient,) = torch.autograd.grad(logits[0, heat.target], maps)
    places = (1, 2) if name.startswith("swin") else (2, 3)
    cells = (gradient.mean(dim=places, keepdim=True) * maps).sum(dim=({1, 2, 3} - {*places}).pop()).relu().detach()
    expected = F.interpolate(cells[None], image.shape[:2], mode="bilinear", align_corners=False)[0, 0]
    np.testing.assert_allclose(heat.values, expected / expected.max(), atol=1e-4)


@pytest.mark.parametrize("folding", [lambda model: model, fold, ViewAverage])
@pytest.mark.parametrize(("height", "width"), [(28, 28), (20, 60)])
def test_padding_of_a_small_image_is_no_part_of_it(height, width, folding):
    config = default_config("classification", "vgg16-bn").model
    torch.manual_seed(0)
    model = build_model(config.model_copy(update={"width": 0.1}), 3)
    model.preprocessing = PLAIN
    predictor = Predictor(folding(model), scheme("classification"), "cpu")
    padded = np.zeros((32, max(width, 32), 3), np.uint8)
    padded[:height, :width] = np.random.default_rng(3).integers(0, 256, (height, width, 3))
    expected = grad_cam(predictor, padded, 0).values[:height, :width]
    heat = grad_cam(predictor, padded[:height, :width], 0)
    assert heat.values.max() == 1
    np.testing.assert_allclose(heat.values, expected / expected.max(), atol=1e-5)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "levit_128s", "cait_xxs24_224"])
def test_a_network_without_maps_says_so(image, name):
    config = default_config("classification", f"timm:{name}").model.model_copy(update={"weights": "none"})
    predictor = Predictor(build_model(config, 3), scheme("classification"), "cpu")
    with pytest.raises(UserError, match="has no maps that lie on the image; use a convolutional network"):
        grad_cam(predictor, image)


def test_an_overlay_is_grey_where_nothing_speaks_and_orange_where_all_does(image):
    heat = np.zeros((SIDE, SIDE), np.float32)
    heat[4:] = 1
    picture = overlay(image, heat).astype(int)
    assert (picture[:4].max(axis=2) == picture[:4].min(axis=2)).all()
    assert (picture[4:, :, 0] > picture[4:, :, 2] + 100).all()


def test_cam_from_the_shell(pixelproof, two_fields, tmp_path):
    slim = [word for s in ("width=0.03", "epochs=1", "device=cpu", "batch_size=4") for word in ("--set", s)]
    code, _, err = pixelproof("train", two_fields, "--model", "fcn8s", "--out", tmp_path / "run", *slim)
    assert code == 0, err
    write_png(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (40, 90, 3)).astype(np.uint8))
    command = ["cam", tmp_path / "run", tmp_path / "a.png", "--out", tmp_path / "cam", "--class", "water"]
    code, out, err = pixelproof(*command)
    assert code == 0, err
    assert out.strip() == str(tmp_path / "cam" / "a-water.png")
    assert image_size(tmp_path / "cam" / "a-water.png") == (80, 180)  # twice its own, as it is small
    assert pixelproof(*command)[0] == 2
    assert pixelproof(*command, "--overwrite")[0] == 0
    code, _, err = pixelproof(*command[:-1], "watr")
    assert (code, "there is no class 'watr'; did you mean 'water'?" in err) == (2, True)


def test_nothing_is_computed_where_a_picture_cannot_be_written(tmp_path, image, monkeypatch):
    run, out = untrained_run(tmp_path / "run", "vgg16", COLORS).path, tmp_path / "cam"
    for name in ("a.png", "b.png"):
        write_png(tmp_path / "in" / name, image)

    def cam(**words):
        return [path.name for path in cam_run(run, [tmp_path / "in"], out, device="cpu", **words)]

    write_png(out / "b-red.png", image)  # of an earlier time
    with monkeypatch.context() as patched:
        patched.setattr("pixelproof.verbs.cam.grad_cam", None)
        for target in ("red", None):  # nobody knows yet that the second image will not be predicted red
            with pytest.raises(UserError, match=r"b-red\.png already exists; choose another --out or give --overwrite"):
                cam(target=target)
        (tmp_path / "in" / "c.png").write_bytes((tmp_path / "in" / "a.png").read_bytes()[:60])
        with pytest.raises(UserError, match=r"c\.png is truncated"):
            cam(target="blue")
        (tmp_path / "in" / "c.png").rename(tmp_path / "in" / "a.jpg")
        with pytest.raises(UserError, match=r"a\.jpg and .*a\.png would both be predicted as 'a'"):
            cam(target="blue")
    (tmp_path / "in" / "a.jpg").unlink()
    assert [path.name for path in out.iterdir()] == ["b-red.png"]
    assert cam(target="blue") == ["a-blue.png", "b-blue.png"]


def test_the_disk_is_not_asked_for_every_image_and_class(tmp_path, image, monkeypatch):
    run, asked = untrained_run(tmp_path / "run", "vgg16", COLORS).path, []
    for name in "abc":
        write_png(tmp_path / "in" / f"{name}.png", image)
    monkeypatch.setattr("pixelproof.verbs.cam.refuse_existing", lambda paths, overwrite: asked.append(len(list(paths))))
    cam_run(run, [tmp_path / "in"], tmp_path / "cam", device="cpu")
    assert asked == [0, 3]


def test_all_pictures_are_written_or_none(tmp_path, image, monkeypatch, capsys):
    run, out = untrained_run(tmp_path / "run", "vgg16", scheme("classification", ("a-b", "b"))).path, tmp_path / "cam"
    for name in ("x", "x-a"):
        write_png(tmp_path / "in" / "deep" / f"{name}.png", image)
    write_png(out / "deep" / "mine.png", image)

    def cam(*targets):
        heats = [Heat(np.zeros((SIDE, SIDE), np.float32), target) for target in targets]
        monkeypatch.setattr("pixelproof.verbs.cam.grad_cam", lambda *_: heats.pop(0))
        return cam_run(run, tmp_path / "in", out, device="cpu")

    with pytest.raises(UserError, match=r"two images would both be drawn as .*x-a-b\.png; draw them one by one"):
        cam(1, 0)  # x-a comes before x
    assert [path.name for path in out.rglob("*.png")] == ["mine.png"]
    capsys.readouterr()
    assert cam(1, 1) == [out / "deep" / "x-a-b.png", out / "deep" / "x-b.png"]
    said = "note: deep/x-a-b.png, deep/x-b.png are plain, for nothing in them speaks for the class\n"
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in out.rglob("*")) == ["deep", "mine.png", "x-a-b.png", "x-b.png"]
