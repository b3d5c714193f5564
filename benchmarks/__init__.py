"""Ours beside the peers on the same work, a script a claim: ``python -m benchmarks.NAME``, or ``make bench`` for all."""
