"""The gateway: admits signed reports, stores them, answers with receipts."""
