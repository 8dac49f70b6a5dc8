"""Tapes: what a box prints. A tape is lines and QR codes; three modules render it."""
