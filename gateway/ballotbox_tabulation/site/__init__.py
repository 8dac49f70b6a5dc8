"""The published result as a folder of static files: pages in three languages, data and proofs."""
