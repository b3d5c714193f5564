"""One file a figure: arrays in, an image file's bytes or an image's pixels out."""
