"""Trained runs behind an address: a page to look at their answers, and an HTTP API."""

from pixelproof.deploy.serve.server import serve

__all__ = ["serve"]
