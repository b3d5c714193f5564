"""A network as a graph of the layers it calls."""

from __future__ import annotations

from torch import fx, nn

from pixelproof.models.padding import pad_and_downsample, pad_to_at_least, upsample_and_crop

# These depend on the size of the image, which a trace does not know; so they stay whole.
WHOLE = (upsample_and_crop, pad_and_downsample, pad_to_at_least)


def trace(model: nn.Module) -> fx.GraphModule | None:
    """Return a network that calls the layers of ``model``, which it shares; None where that depends on the input."""
    try:
        graph = fx.Tracer(autowrap_functions=WHOLE).trace(model)
    except Exception:  # what cannot be traced fails in as many ways as there are to write a network
        return None
    for node in graph.nodes:
        # Else the code of the module would register these functions anew in a list of torch's that only grows, and that
        # every further trace goes through.
        node.meta.pop("is_wrapped", None)
    return fx.GraphModule(model, graph)


def called(network: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    """Return the module that a node calls, if it calls one."""
    return network.get_submodule(str(node.target)) if node.op == "call_module" else None
