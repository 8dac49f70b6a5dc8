"""Certificates that thousands of boxes of a process show: read once, not by each of them."""

import ssl
from dataclasses import dataclass
from functools import lru_cache

from ballotbox_device.host.broker_tls import BrokerTls

#: Files that differ between boxes share nothing; those that all show are few.
_KEPT = 8


@dataclass(frozen=True, slots=True)
class SharedTls(BrokerTls):
    """The files of a box; those with the same files have one context while nobody replaces them."""

    def context(self) -> ssl.SSLContext:
        """Return a context from the files as they are now; raises Problem."""
        return _context(BrokerTls(self.ca, self.certificate, self.key), self.mark())


@lru_cache(maxsize=_KEPT)
def _context(files: BrokerTls, _mark: object) -> ssl.SSLContext:
    return files.context()
