"""One slim network for all tests of mapping."""

import pytest
from map_scenes import make_run


@pytest.fixture(scope="session")
def slim_run(tmp_path_factory):
    """A run of an untrained slim FCN8s with DeepGlobe's classes."""
    return make_run(tmp_path_factory.mktemp("runs") / "slim")
