"""What must run for a study, and in which order."""
