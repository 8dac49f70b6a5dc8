"""The bytes: strict CBOR, signatures, frames, reports, receipts and the log."""
