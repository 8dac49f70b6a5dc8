"""A PostgreSQL of our own for tests and rehearsals: a temporary cluster without TCP.

Data and socket lie in one temporary folder, which goes with the cluster. PostgreSQL does not run as
root, so root lends it an unprivileged user. `fsync` and `synchronous_commit` are on, as they must
be on a server that is used in earnest.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from ballotbox_simulator.live.families import is_over, started_by

#: Debian keeps the programs of each version where no PATH looks.
_DEBIAN: Final = Path("/usr/lib/postgresql")
_UNPRIVILEGED: Final = ("postgres", "nobody")
_START_TIMEOUT_S: Final = 30.0
_STOP_TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.02
_OPTIONS: Final = (
    "listen_addresses=",
    "fsync=on",
    "synchronous_commit=on",
    "shared_buffers=64MB",
    "max_connections=60",
)


class PostgresqlUnavailable(RuntimeError):
    """No cluster can be started; the message says why and what to install."""


def find_postgresql() -> Path:
    """Return the folder of PostgreSQL's programs, of the newest version there is.

    Raises PostgresqlUnavailable.
    """
    versions = sorted(
        (each for each in _DEBIAN.glob("*/bin") if (each / "initdb").exists()),
        key=lambda each: int(each.parent.name) if each.parent.name.isdecimal() else 0,
    )
    if versions:
        return versions[-1]
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise PostgresqlUnavailable("no PostgreSQL found: install the Debian package postgresql")


class TemporaryCluster:
    """A PostgreSQL server in a temporary folder, from `with` to the end of its block.

        with TemporaryCluster() as cluster:
            settings = cluster.table("night")   # the table [postgresql] of a gateway's settings

    host: folder of its socket. Anybody who may open that folder is let in as `user`.
    """

    dbname: Final = "postgres"
    user: Final = "ballotbox"

    def __init__(self) -> None:
        """Find the programs; raises PostgresqlUnavailable."""
        self._programs = find_postgresql()
        self._folder = Path(tempfile.mkdtemp(prefix="bbx-pg-"))
        lent = _lent_user()
        self._user = None if lent is None else lent[0]
        self._group = None if lent is None else lent[1]
        self._process: subprocess.Popen[bytes] | None = None
        if lent is not None:
            os.chown(self._folder, *lent)

    @property
    def host(self) -> str:
        """The folder of the socket, which libpq takes for a host."""
        return str(self._folder)

    @property
    def data(self) -> Path:
        """The folder of the data."""
        return self._folder / "data"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        if self._process is None:
            raise PostgresqlUnavailable("the cluster is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the server was started and not ended."""
        return self._process is not None

    @property
    def has_ended(self) -> bool:
        """Whether the server was started and has ended though nobody ended it."""
        return self._process is not None and self._process.poll() is not None

    def table(self, schema: str) -> str:
        """Return the table `[postgresql]` of a gateway's settings, for a ledger in `schema`."""
        return (
            f'[postgresql]\nhost = "{self.host}"\ndbname = "{self.dbname}"\n'
            f'user = "{self.user}"\nschema = "{schema}"\n'
        )

    def start(self) -> None:
        """Start the server, the first time in a new cluster; return when it accepts connections.

        Raises PostgresqlUnavailable with the end of its log when it does not.
        """
        if not self.data.exists():
            self._lay_out()
        options = (*_OPTIONS, f"unix_socket_directories={self._folder}")
        command = [str(self._programs / "postgres"), "-D", str(self.data)]
        command += [part for option in options for part in ("-c", option)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                start_new_session=True,
                user=self._user,
                group=self._group,
            )
        self._await_ready()

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    def _lay_out(self) -> None:
        command = [str(self._programs / "initdb"), "--pgdata", str(self.data), "--no-sync"]
        command += ["--auth=trust", f"--username={self.user}", "--locale=C", "--encoding=UTF8"]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            user=self._user,
            group=self._group,
        )
        if done.returncode != 0:
            raise PostgresqlUnavailable(f"initdb failed: {done.stderr.strip()[-800:]}")

    def _await_ready(self) -> None:
        ask = [str(self._programs / "pg_isready"), "-q", "-h", self.host, "-U", self.user]
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if subprocess.run(ask, check=False).returncode == 0:
                return
            time.sleep(_POLL_S)
        tail = self._log.read_text(errors="replace")[-800:]
        self.kill()
        raise PostgresqlUnavailable(f"PostgreSQL did not start: {tail}")

    def stop(self) -> None:
        """End the server in order; connections are cut."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the server as a crash would: nothing is written any more; a start recovers."""
        self._end(signal.SIGQUIT)

    def cut(self) -> None:
        """End all processes of the server with -9 and return when none is left; a start recovers.

        Raises PostgresqlUnavailable when one of them does not end.
        """
        process, self._process = self._process, None
        if process is None:
            return
        # A server that stands still starts no further one; it may do so until it does stand.
        process.send_signal(signal.SIGSTOP)
        if process.returncode is None:
            os.waitpid(process.pid, os.WUNTRACED)
        started = started_by(process.pid)
        process.kill()
        process.wait()
        for pid in started:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while not all(map(is_over, started)):
            if time.monotonic() > deadline:
                raise PostgresqlUnavailable("a process of PostgreSQL outlives its end with -9")
            time.sleep(_POLL_S)

    def restart(self) -> None:
        """End the server in order and start it again."""
        self.stop()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(timeout=_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """End the server and remove everything of it."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lent_user() -> tuple[int, int] | None:
    """Return user and group as which root starts the server; None for anybody else."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    raise PostgresqlUnavailable("root cannot run PostgreSQL, and there is no user postgres")
