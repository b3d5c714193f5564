"""One slim network for all tests of mapping."""

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
