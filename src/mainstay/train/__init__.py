"""From a table to a bundle inside a budget: candidates, folds, search, blend, assembly."""
