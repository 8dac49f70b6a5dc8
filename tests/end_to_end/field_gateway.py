"""A gateway as its users have it: settings and files in a folder, and the real command."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.cli import main
from ballotbox_simulator.authority import Authority
from tests.patience import PATIENCE_S, wait_until

COMMAND = str(Path(sys.executable).with_name("ballotbox-gateway"))


class FieldGateway:
    """One gateway's folder and, while it runs, its process."""

    #: What starts it.
    program: tuple[str, ...] = (COMMAND,)

    def __init__(self, folder: Path, authority: Authority, origin: str) -> None:
        self.folder = folder
        self.authority = authority
        self.origin = origin
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        authority.write(folder)
        if not (folder / "gateway.key").exists():
            write_key(folder / "gateway.key", authority.gateway_keys[origin], None)

    @property
    def config(self) -> Path:
        return self.folder / "gateway.toml"

    @property
    def ledger(self) -> Path:
        return self.folder / "state" / "ledger.sqlite"

    def configure(self, *tables: str, **fields: object) -> None:
        """Write the settings: the fields that all gateways need, `fields` over them, `tables`."""
        settings = {
            "root": str(self.authority.root),
            "election_file": "election.cose",
            "register_file": "register.cose",
            "origin": self.origin,
            "key_file": "gateway.key",
            "ledger_file": "state/ledger.sqlite",
        } | fields
        lines = [f'{name} = "{value}"' for name, value in settings.items() if value is not None]
        self.config.write_text("\n".join([*lines, *tables]) + "\n")

    def command(self, *words: str) -> Result:
        """Run one sub-command to its end, in this process: starting another takes a second."""
        with contextlib.chdir(self.folder):
            return CliRunner().invoke(main, words)

    def process(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one sub-command to its end, in a process of its own."""
        return subprocess.run(
            [COMMAND, *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S * 2,
            check=False,
        )

    def init(self) -> None:
        done = self.command("init")
        assert done.exit_code == 0, done.stderr

    def start(self, *words: str, before: str = "", inside: tuple[str, ...] = ()) -> None:
        """Start `run` with these words and return when it says that it is ready.

        before: Python code that the process runs first. inside: a command that runs the process.
        """
        known = len(self.lines)
        code = f"{before}\nfrom ballotbox_gateway.cli import main\nmain()\n"
        program = [sys.executable, "-c", code] if before else self.program
        self._process = subprocess.Popen(
            [*inside, *program, "run", *words],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,))
        self._listener.start()
        self.await_line("ready:", since=known)

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                with self._changed:
                    self.lines.append(line.rstrip())
                    self._changed.notify_all()
        with self._changed:
            self.lines.append("(ended)")
            self._changed.notify_all()

    def await_line(self, text: str, since: int = 0, patience_s: float = PATIENCE_S) -> str:
        """Return the first log line with `text` among those from number `since` on."""

        def found() -> list[str]:
            return [line for line in self.lines[since:] if text in line]

        def settled() -> bool:
            return bool(found()) or "(ended)" in self.lines[since:]

        wait_until(self._changed, settled, f"log line {text!r} in {self.lines}", patience_s)
        assert found(), "\n".join(self.lines[since:])
        return found()[0]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End the process as a power cut does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End the process in order and return its exit code."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until the process ends by itself and return its exit code."""
        process, self._process = self._process, None
        assert process is not None
        code = process.wait(PATIENCE_S)
        self._listener.join(PATIENCE_S)
        return code

    def tell(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        code = process.wait(PATIENCE_S)
        self._listener.join(PATIENCE_S)
        return code

    @contextmanager
    def running(self) -> Iterator["FieldGateway"]:
        self.start()
        try:
            yield self
        finally:
            self._end(signal.SIGKILL)
