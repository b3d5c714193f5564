"""``python -m pixelproof``: the console script, where that is not on the path."""

from pixelproof.cli.main import run

if __name__ == "__main__":
    run()
