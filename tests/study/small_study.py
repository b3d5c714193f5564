"""A study of both tasks whose models are trained within a second each, and studies of a part to write down."""

import yaml

from pixelproof.study.file import read_study

STUDY = """
name: small
parts:
  patches:
    data: patches
    settings: {width: 0.03, epochs: 2, batch_size: 4, device: cpu}
    models:
      vgg16: vgg16-bn
    embed: [vgg16]
  fields:
    data: fields
    settings: {width: 0.03, epochs: 1, batch_size: 4, crop: 32, device: cpu}
    models:
      fcn32s:
      fcn8s: {lr: 1.0e-3}
    show: ["0001"]
"""
SETTINGS = {"width": 0.03, "epochs": 1, "batch_size": 4, "crop": 32, "device": "cpu"}


def study_of(tmp_path, part):
    values = {"name": "s", "parts": {"why": {"data": "fields", "settings": SETTINGS, **part}}}
    return study_text(tmp_path, yaml.safe_dump(values, sort_keys=False))


def study_text(tmp_path, text):
    (tmp_path / "s.yaml").write_text(text)
    return read_study(tmp_path / "s.yaml")
