"""Comparisons and their reasons in plain words, in every language."""
