"""The page that shows a study's evidence: a pure function of its artefacts, needing neither torch nor a model."""
