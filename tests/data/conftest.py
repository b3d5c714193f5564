"""What tests of annotations share."""

import pytest
from data_builders import picture, save


@pytest.fixture
def photos(tmp_path):
    root = tmp_path / "photos"
    for seed, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        save(picture(seed, (20, 30)), root / name)
    return root
