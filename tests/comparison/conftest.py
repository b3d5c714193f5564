"""Score files of two models each."""

import pytest
from comparison_builders import classifier, saved, segmenter


@pytest.fixture
def segmenters(tmp_path):
    return saved(tmp_path, fcn32s=segmenter(0.6, 1), fcn8s=segmenter(0.8, 2))


@pytest.fixture
def classifiers(tmp_path):
    return saved(tmp_path, small=classifier(0.5, 1), large=classifier(0.9, 2))
