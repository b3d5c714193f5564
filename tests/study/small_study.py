"""A study of both tasks whose models are trained within a second each."""

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
