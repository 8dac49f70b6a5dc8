"""A precinct's gateway with its local page, and two officers at the same machine."""

import re
import shlex
import socket
from contextlib import chdir

import urllib3
from click.testing import CliRunner

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_gateway.cli import main
from tests.house_law import TEXT

#: A door is needed, though nothing comes by it here.
SERIAL = '[[serial]]\nport = "socket://127.0.0.1:9"'
#: What the page shows where the officers' own files stand.
KEYS = ("FIRST.key", "SECOND.key")


class Window:
    """The page as a program sees it, and the command by which officers sign."""

    def __init__(self, gateway, election, laws='["house.toml"]') -> None:
        self.gateway = gateway
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        (gateway.folder / "house.toml").write_text(TEXT)
        gateway.configure(f"laws = {laws}", SERIAL, f"[page]\nport = {self.port}")
        gateway.init()
        for number, name in enumerate(KEYS):
            write_key(gateway.folder / name, election.officer_keys[number], None)
        self._pool = urllib3.PoolManager(retries=False, timeout=30)

    def page(self, path, status=200):
        answer = self._pool.request("GET", self.url + path)
        assert answer.status == status, answer.data
        return answer.data.decode()

    def state(self, sheet, name):
        return self._pool.request("GET", f"{self.url}{sheet}/state?id={name}").json()

    def post(self, path, value):
        answer = self._pool.request(
            "POST", self.url + path, json=value, headers={"Origin": self.url}
        )
        return answer.json()

    def draft(self, sheet, values, before=None, **more):
        order = {"values": values, "corrects": before} | more
        return self.post(f"{sheet}/draft", order)

    def sign(self, command, typed="y\n", code=0):
        """Run the command that the page shows, in the gateway's folder."""
        words = shlex.split(command)
        assert words.pop(0) == "ballotbox-gateway"
        with chdir(self.gateway.folder):
            done = CliRunner().invoke(main, words, input=typed)
        assert done.exit_code == code, done.output
        return done

    def stored(self, sheet, values, before=None, **more):
        """Hand a count in and have it signed; return its id."""
        answer = self.draft(sheet, values, before, **more)
        said = self.sign(answer["command"]).stdout
        assert re.search(r"^stored +leaf \d+, ", said, re.MULTILINE), said
        return answer["id"]

    def close(self) -> None:
        self._pool.clear()
