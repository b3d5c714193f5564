"""What ``verify`` finds: of score files and of what follows from them, of kept rules, of a page and its tables."""
