"""The reference study on its own data, every step, at a size that fits a test."""

import json

import pytest

from pixelproof.runs import Run, load_scores

pytestmark = pytest.mark.real

SMALL = ["limit=12", "segmentation.limit=5", "width=0.05", "epochs=1", "crop=128", "batch_size=4", "device=cpu"]


def test_the_whole_study_runs_on_the_real_data(pixelproof, real_data, tmp_path):
    out = tmp_path / "out"
    settings = [word for text in SMALL for word in ("--set", text)]
    code, printed, err = pixelproof("study", "studies/reference.yaml", "--data", real_data, "--out", out, *settings)
    assert code == 0, err
    assert printed.strip() == str(out / "report.html")
    page = (out / "report.html").read_text()
    for image in ("0010", "0097", "0107"):
        assert f"<h4>{image} " in page
        assert (out / "segmentation" / "fcn8s" / "shown" / f"{image}.npz").is_file()
    for words in ("Average loss:", "t-SNE", "willow_tree", "deconv_2x_tochannel_7", "rangeland", "Unknown counted"):
        assert words in page
    assert len(load_scores(out / "classification" / "vgg16" / "scores" / "validation.npz").ids) == 12
    facts = json.loads(Run(out / "segmentation" / "fcn8s").architecture.read_text())
    assert facts["trained_as"] == "fcn8s-bn"
    assert "BatchNorm" not in facts["architecture"]
