"""``predictions.csv``: a classifier's answers, which ``predict`` writes and ``score`` tells from tables of others."""

PREDICTIONS = "predictions.csv"
COLUMNS = ("filename", "label", "name", "probability", "top5")
"""The file, the id and the name of its class, the probability of that, and the likeliest classes with theirs."""
