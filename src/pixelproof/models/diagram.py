"""Placeholder until the real one lands."""


def diagram(model: object, name: str, size: int) -> str:
    return "<svg xmlns='http://www.w3.org/2000/svg'/>"
