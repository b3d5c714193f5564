"""Measurements of speed and of statistical promises; each is a module that prints one JSON line last."""

import os

# As Pixelproof's own commands set it, before torch is imported: threads that wait sleep.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
