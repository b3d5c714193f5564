"""Measurements of speed and of statistical promises; each is a module that prints one JSON line last."""
