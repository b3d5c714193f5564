"""``export``: a network as a file that needs nothing of ours, with the proof that it is the same network."""

from pixelproof.deploy.export.export import export_run

__all__ = ["export_run"]
