"""Admission, verdicts, receipts and delivery as pure decisions."""
