"""How weights are found: the loop, losses, optimisation, checkpoints."""
