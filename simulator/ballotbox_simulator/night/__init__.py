"""One election night that was, held again: its published numbers through boxes, logs and pages."""
