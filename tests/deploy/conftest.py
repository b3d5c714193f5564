"""What tests of mapping, cutting and serving share: slim networks, and a scene with labels."""

import pytest
from map_scenes import make_run

from small_runs import COLORS, untrained_run


@pytest.fixture(scope="session")
def slim_run(tmp_path_factory):
    """A run of an untrained slim FCN8s with DeepGlobe's classes."""
    return make_run(tmp_path_factory.mktemp("runs") / "slim")


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Three runs of untrained networks: two segmenters of the same classes, and a classifier."""
    folder = tmp_path_factory.mktemp("served")
    made = [make_run(folder / name, name) for name in ("fcn8s", "fcn32s")]
    return [*made, untrained_run(folder / "colors", "vgg16", COLORS)]


@pytest.fixture(scope="session")
def models(runs):
    """The same, loaded to be served."""
    from pixelproof.deploy.serve.models import load_models

    return load_models(runs, "cpu", "torch", None)


@pytest.fixture(scope="session")
def server(models):
    """A server of them, and its client."""
    from serving import running

    with running(models) as client:
        yield client


@pytest.fixture
def scene(tmp_path):
    """A scene of noise, 90 pixels high and 130 wide."""
    from map_scenes import noise, write_scene

    return write_scene(tmp_path / "scene.tif", noise(90, 130))


@pytest.fixture
def labels(tmp_path):
    """A forest and a lake on it."""
    from cut_grounds import FOREST, LAKE, ground, write_polygons

    return write_polygons(tmp_path / "labels.gpkg", [ground(FOREST), ground(LAKE)], ["forest", "lake"])
