"""All that score files show beyond who is better: where a gain lies, what each factor does, whether claims hold."""
