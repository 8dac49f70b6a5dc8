"""The certificates that this gateway shows, and until when: told in time, and again at the end.

One that has ended cuts no connection that stands; it keeps every new one from being made.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from ballotbox_gateway.adapters.http_tls import examined, life_of
from ballotbox_gateway.config import Config
from ballotbox_gateway.service.times import long_span, minute

_log: Final = logging.getLogger(__name__)

_HOUR_S: Final = 3_600
_DAY_S: Final = 24 * _HOUR_S
#: So many seconds before its end a certificate is told of, each time once; first of all from the
#: last rehearsal on, so that none ends before the last correction.
MARKS_S: Final = (14 * _DAY_S, _DAY_S, _HOUR_S, 0)
#: A clock may be set while the gateway runs.
_LOOK_S: Final = 60.0

REMEDY: Final = (
    "Have a new one made, put it and its key in the same files, then "
    "`systemctl reload ballotbox-gateway` (SIGHUP)"
)
CLOCK_REMEDY: Final = (
    "Compare the clock with a watch; if it is right, have the certificate made anew"
)
#: Stands above all marks for one that is not good yet.
_EARLY: Final = len(MARKS_S) + 1
_REFUSES: Final = {
    "http": "gateways below cannot connect any more",
    "mqtt.tls": "the broker takes no new connection of ours",
    "below.tls": "the broker takes no new connection of ours",
    "upstream": "nothing takes a new connection of ours upward",
}


class OwnCertificate(NamedTuple):
    """A certificate of the settings. as_client: it is shown where we call.

    origin: what it must name for the upper gateway; None where no name is asked of it.
    """

    table: str
    file: Path
    key: Path | None
    as_client: bool
    origin: str | None = None


def own_certificates(config: Config) -> Iterator[OwnCertificate]:
    """Yield the certificates that the settings name, each with its table."""
    http, upstream = config.http, config.upstream
    if http is not None and http.certificate_file is not None:
        yield OwnCertificate("http", http.certificate_file, http.key_file, as_client=False)
    for table, broker in (("mqtt.tls", config.mqtt), ("below.tls", config.below)):
        tls = broker.tls if broker is not None else None
        if tls is not None and tls.certificate_file is not None:
            yield OwnCertificate(table, tls.certificate_file, tls.key_file, as_client=True)
    if upstream is not None and upstream.certificate_file is not None:
        own = upstream.certificate_file, upstream.key_file
        yield OwnCertificate("upstream", *own, as_client=True, origin=config.origin)


class _Life(NamedTuple):
    """From when to when the certificate in a file is good, in Unix seconds."""

    file: Path
    begins: int
    ends: int

    def mark(self, now: float) -> int:
        """Return how many marks before its end are passed, more than all before it begins."""
        if now < self.begins:
            return _EARLY
        return sum(self.ends - now <= mark for mark in MARKS_S)

    def trouble(self, table: str, now: int) -> tuple[str, str]:
        """Return what is wrong and the remedy, two empty texts while nothing is."""
        if now < self.begins:
            return early(self.file, self.begins), CLOCK_REMEDY
        trouble = trouble_of(table, self.file, self.ends, now)
        return trouble, REMEDY if trouble else ""


def early(file: Path, begins: int) -> str:
    """Return that a certificate is not good yet."""
    return f"{file} is good only from {minute(begins)} on"


def trouble_of(table: str, file: Path, ends: int, now: int) -> str:
    """Return that a certificate ends soon or has ended, an empty text while that is far away."""
    left = ends - now
    if left > MARKS_S[0]:
        return ""
    if left > 0:
        return f"{file} ends at {minute(ends)}, in {long_span(left)}"
    return f"{file} ended at {minute(ends)}, {long_span(-left)} ago: {_REFUSES[table]}"


class CertificateWatch:
    """Knows when each certificate in use ends, and says so in the log."""

    def __init__(self, config: Config, now: Callable[[], float] = time.time) -> None:
        """Read the certificates of the settings; `now` returns Unix seconds."""
        self._config = config
        self._now = now
        self._known: dict[str, _Life] = {}
        #: The mark at which each was when it was last looked at.
        self._told: dict[str, int] = {}
        for own in own_certificates(config):
            self.read(own.table)

    def read(self, table: str) -> None:
        """Take note of what the files of a table hold now, which its road has taken into use."""
        for own in own_certificates(self._config):
            if own.table != table:
                continue
            try:
                says = examined(own.file, own.key, as_client=own.as_client)
                life = _Life(own.file, *life_of(says, own.file))
            except OSError:
                # Whoever shows it has said what is wrong.
                continue
            if self._known.get(table) != life:
                self._known[table] = life
                self._told[table] = 0

    def status(self) -> list[dict[str, Any]]:
        """Return each with its end; `trouble` and `remedy` are empty while that is far away."""
        now, told = int(self._now()), []
        for table, life in self._known.items():
            trouble, remedy = life.trouble(table, now)
            told.append({"table": table, "ends": life.ends, "trouble": trouble, "remedy": remedy})
        return told

    async def run(self) -> None:
        """Tell of each that comes near its end, until cancelled."""
        while True:
            wait = self.tell()
            await asyncio.sleep(wait)

    def tell(self) -> float:
        """Log what has passed a mark and was not told; return the seconds until the next look."""
        now, wait = self._now(), _LOOK_S
        for table, life in self._known.items():
            mark, before = life.mark(now), self._told[table]
            # Down as well: a clock that was wrong once must not eat the marks that come.
            self._told[table] = mark
            if mark > (0 if before == _EARLY and mark != _EARLY else before):
                trouble, remedy = life.trouble(table, int(now))
                level = logging.WARNING if 0 < mark < len(MARKS_S) else logging.ERROR
                _log.log(level, "certificate of %s: %s. %s", table, trouble, remedy)
            left = life.ends - now
            wait = min([wait, *(left - mark for mark in MARKS_S if mark < left)])
        return wait
