"""The office's own broker and gateways, of which nothing is started, stopped or broken."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ballotbox_gateway.problem import Problem
from ballotbox_simulator.authority import Authority
from ballotbox_simulator.rehearse import job
from ballotbox_simulator.rehearse.core.timeline import PartKey
from ballotbox_simulator.rehearse.plan_events import EventKind
from ballotbox_simulator.rehearse.plan_file import OfficeTable
from ballotbox_simulator.rehearse.target import UNKNOWN, Standing
from ballotbox_simulator.rehearse.witnesses import stored_log

_EXPORT_S: Final = 1_800.0
_SAID_MAX: Final = 400
#: What a gateway says of a log that has no leaf yet.
_EMPTY: Final = "is empty"
_NEW_LOG: Final = (
    "Let the gateway begin with an empty log, or rehearse another election (election.seed): boxes "
    "with the same keys make the same reports again, which shows nothing"
)
_WORKING: Final = "Correct the command; of an empty log it may write nothing and end with 0"


class Office:
    """The broker of a plan's office; `out` is where its log is exported to before the start."""

    def __init__(self, table: OfficeTable, authority: Authority, out: Path) -> None:
        """Raises Problem when the register has no such log, or the password cannot be read."""
        self._table = table
        self._authority = authority
        self._before = out / "log-before"
        self._require_origin()
        tls = table.tls
        files = (str(tls.ca_file), str(tls.certificate_file), str(tls.key_file)) if tls else None
        self.broker = job.Broker(
            table.host, table.port, (), table.username, self._password(), files, table.shard
        )

    def _require_origin(self) -> None:
        known = self._authority.trusted.register.gateway_keys
        if self._table.origin not in known:
            remedy = f"The register has {', '.join(known)}"
            raise Problem(f"office.origin {self._table.origin}", "is not in the register", remedy)

    def _password(self) -> str | None:
        path = self._table.password_file
        if path is None:
            return None
        try:
            return path.read_text(encoding="utf-8").splitlines()[0]
        except (OSError, UnicodeDecodeError, IndexError) as error:
            remedy = "Name a file whose first line is the password"
            raise Problem(f"office.password_file {path}", "cannot be read", remedy) from error

    async def start(self) -> None:
        """Start nothing; raises Problem when the log holds reports already, or is not seen."""
        if not self._table.export:
            return
        trouble = await self._run_export(self._before)
        if trouble and _EMPTY not in trouble:
            raise Problem("office.export", f"fails before the start: {trouble}", _WORKING)
        if not trouble and _holds_files(self._before):
            await asyncio.to_thread(self._require_no_reports)

    def _require_no_reports(self) -> None:
        log = stored_log(self._before, self._authority)
        if log.faults:
            raise Problem("office.export", f"gives no good log: {log.faults[0]}", _WORKING)
        if log.reports:
            what = f"gives a log that holds {log.reports:,} reports before the start"
            raise Problem("office.export", what, _NEW_LOG)

    def parts(self) -> Iterator[tuple[PartKey, int]]:
        """Yield nothing: none of it is known to run here."""
        return iter(())

    def gone(self) -> Iterator[str]:
        """Yield nothing: what ends there is not seen from here."""
        return iter(())

    async def standing(self) -> Standing:
        """Return nothing: a gateway tells its own people alone."""
        return UNKNOWN

    async def hurt(self, kind: EventKind) -> None:
        """Break nothing: no plan that asks for it is taken."""

    async def heal(self, kind: EventKind) -> None:
        """Nothing was broken."""

    async def export(self, log: Path) -> str:
        """Run the office's command; return why nobody sees the log, or nothing."""
        if not self._table.export:
            return "nobody saw the gateways' log: name a command in office.export that exports it"
        if trouble := await self._run_export(log):
            return f"nobody saw the gateways' log: office.export: {trouble}"
        if not _holds_files(log):
            return f"nobody saw the gateways' log: office.export wrote nothing into {log}"
        return ""

    async def _run_export(self, log: Path) -> str:
        """Run the command; return why it failed, or nothing."""
        words = [word.replace("{log}", str(log)) for word in self._table.export]
        try:
            done = await asyncio.to_thread(
                subprocess.run,
                words,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                timeout=_EXPORT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode == 0:
            return ""
        return done.stderr.strip()[-_SAID_MAX:] or f"it ended with {done.returncode}"

    async def stop(self) -> None:
        """Nothing was started."""


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
