"""Log verification, the fold, its gates and the publication."""
