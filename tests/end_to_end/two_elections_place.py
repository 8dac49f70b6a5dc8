"""One gateway's folder that serves a rehearsal and the official election."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import urllib3

from ballotbox_gateway.adapters.key_files import write_key
from ballotbox_protocol.election.register import origin_id
from ballotbox_simulator.live.broker import free_port
from tests.end_to_end.field_gateway import FieldGateway
from tests.gateway.scripted import ORIGIN, OTHER
from tests.gateway.two_elections import OFFICIAL, OFFICIAL_BELOW, official, rehearsal
from tests.patience import PATIENCE_S

SIDES = ("dress", "official")
AUTHORITY = {"dress": rehearsal(), "official": official()}
OWN = {"dress": ORIGIN, "official": OFFICIAL}
BELOW = {"dress": OTHER, "official": OFFICIAL_BELOW}


class TwoElections(FieldGateway):
    """A gateway's folder that serves both elections."""

    def __init__(self, folder, line):
        super().__init__(folder, rehearsal(), ORIGIN)
        self.line = line
        self.port = free_port()
        official().write(folder / "official")
        key = official().gateway_keys[OFFICIAL]
        write_key(folder / "official" / "gateway.key", key, "correct horse")
        (folder / "official" / "passphrase").write_text("correct horse\n")

    def serve(self, broker_port, session=None):
        """Write the settings and make both ledgers; `session` begins the broker sessions' names."""
        self.session = session
        self._configure(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker_port}', self._sessions())
        for side in SIDES:
            done = self.command("init", "--election", side)
            assert done.exit_code == 0, done.stderr

    def secure(self, port, certificates, sessions):
        """Speak TLS with a broker, in each election with a certificate of its own."""
        mqtt = f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n'
        tls = f'[mqtt.tls]\nca_file = "{certificates}/ca.pem"'
        own = {
            side: {
                "mqtt.client_id": name,
                "mqtt.tls.certificate_file": certificates / f"{name}.pem",
                "mqtt.tls.key_file": certificates / f"{name}.key",
            }
            for side, name in sessions.items()
        }
        self._configure(mqtt + tls, own)

    def _sessions(self):
        if self.session is None:
            return {side: {} for side in SIDES}
        return {side: {"mqtt.client_id": f"{self.session}-{side}"} for side in SIDES}

    def _configure(self, mqtt, own):
        secret = {"passphrase_file": "official/passphrase"}
        tables = [
            f'[[serial]]\nport = "{self.line}"\nbaud = 921600',
            mqtt,
            f"[http]\nport = {self.port}",
            self._table("dress", "", own["dress"]),
            self._table("official", "official/", own["official"] | secret),
        ]
        self.config.write_text("\n".join(tables) + "\n")

    def _table(self, side, folder, more):
        fields = {
            "name": side,
            "root": AUTHORITY[side].root,
            "election_file": f"{folder}election.cose",
            "register_file": f"{folder}register.cose",
            "origin": OWN[side],
            "key_file": f"{folder}gateway.key",
            "ledger_file": f"state/{side}.sqlite",
            "second_copy": f"copy/{side}",
        } | more
        lines = [f'{name} = "{value}"' for name, value in fields.items()]
        return "\n".join(["[[election]]", *lines])

    def status(self, side):
        return json.loads(self.command("status", "--election", side, "--json").stdout)

    def sizes(self):
        return {side: self.status(side)["log"]["size"] for side in SIDES}

    def stored(self, side):
        """What the ledger of a stopped gateway holds: reports, refusals and samples."""
        with sqlite3.connect(self.folder / "state" / f"{side}.sqlite") as ledger:
            reports = [row[0] for row in ledger.execute("SELECT data FROM reports")]
            refused = dict(ledger.execute("SELECT data, reason FROM refusals"))
            samples = dict(ledger.execute("SELECT sample, reason FROM unauthentic"))
        ledger.close()
        return reports, refused, samples

    def verified(self, side, log, root=None):
        """What `ballotbox-verify log` says of a directory, with the documents of one election."""
        folder = self.folder if side == "dress" else self.folder / "official"
        program = Path(sys.executable).with_name("ballotbox-verify")
        documents = ["--election", folder / "election.cose", "--register", folder / "register.cose"]
        return subprocess.run(
            [program, "log", log, "--root", str(AUTHORITY[root or side].root), *documents],
            capture_output=True,
            text=True,
            check=False,
        )

    def post(self, side, batch, address=None):
        """Deliver a stretch to the log of one election; return status and answer."""
        log = origin_id(address or BELOW[side]).hex()
        response = urllib3.request(
            "POST",
            f"http://127.0.0.1:{self.port}/v1/logs/{log}/entries",
            body=json.dumps(batch.to_json()),
            headers={"Content-Type": "application/json"},
            retries=False,
            timeout=PATIENCE_S,
        )
        return response.status, response.json()

    def checkpoint(self, query=""):
        url = f"http://127.0.0.1:{self.port}/v1/checkpoint{query}"
        response = urllib3.request("GET", url, retries=False, timeout=PATIENCE_S)
        return response.status, response.data
