"""Do gateways with names and passwords get what is theirs at a broker, and nothing else?"""

import os
import shutil
import signal
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ballotbox_gateway.adapters.upward_topics import PACKET_MAX, topic_back, topic_upward
from ballotbox_simulator.live.broker import free_port
from tests.certificates import CertificateAuthority
from tests.end_to_end.secured_broker import SecuredBroker, SecuredClient, mosquitto_program
from tests.end_to_end.test_secured_broker import ACCEPTED, NOT_AUTHORIZED
from tests.end_to_end.test_stick import Places
from tests.end_to_end.test_two_gateways import await_delivery
from tests.gateway.scripted import CENTRE, ORIGIN, OTHER, authority

DIGEST = authority().trusted.digest
PASSWORDS = {CENTRE: "above", ORIGIN: "below", OTHER: "beside", "boxes-gateway": "among"}


class Upper:
    """A precinct and a centre whose only road is a broker that asks for passwords over TLS."""

    def __init__(self, places: Places, folder) -> None:
        self.below, self.centre, self.folder = places.below, places.centre, folder
        self.places, self.port = places, free_port()
        self.issuer = CertificateAuthority(folder / "certificates")
        self.issuer.issue("127.0.0.1", "broker")
        self.ca = self.issuer.ca
        self.passwords = folder / "passwords"
        self.passwords.touch(mode=0o600)
        for name, password in PASSWORDS.items():
            command = ["mosquitto_passwd", "-b", str(self.passwords), name, password]
            subprocess.run(command, check=True, capture_output=True)
        below = f'[upstream]\nurl = "mqtts://127.0.0.1:{self.port}"\norigin = "{CENTRE}"\n'
        below += f'timeout_s = 5\nca_file = "{self.ca}"\n{self.name_of(self.below, ORIGIN)}'
        self.below.configure('[[serial]]\nport = "/dev/no-such-port"\n', below)
        broker = f'host = "127.0.0.1"\nport = {self.port}\n'
        named = broker + self.name_of(self.centre, CENTRE)
        self.centre.configure(f'[below]\n{named}[below.tls]\nca_file = "{self.ca}"\n')

    def name_of(self, gateway, name, password=None) -> str:
        path = gateway.folder / "broker.password"
        path.touch(mode=0o600)
        path.write_text((password or PASSWORDS[name]) + "\n")
        return f'username = "{name}"\npassword_file = "broker.password"\n'

    def write_files(self, gateway, *words, by_password=True, user="root") -> str:
        (self.folder / "state").mkdir(exist_ok=True)
        done = gateway.command(
            *("broker-config", *words, "-o", str(self.folder / "broker")),
            *("--certificates", str(self.ca.parent), "--state", str(self.folder / "state")),
            *(("--passwords", str(self.passwords)) if by_password else ()),
        )
        assert done.exit_code == 0, done.output
        if os.geteuid() == 0 and user == "root":
            # Root's temporary folders are closed to the user that mosquitto would become.
            with (self.folder / "broker" / "mosquitto.conf").open("a") as config:
                config.write("user root\n")
        return done.stdout

    @contextmanager
    def broker(self):
        with SecuredBroker(mosquitto_program(), self.folder / "broker", self.port) as running:
            yield running

    def says(self, name, topic, *, by_password=True) -> int:
        """What the broker says to whoever writes on this topic under that name."""
        files = None if by_password else self.issuer.issue(name, "someone")
        client = SecuredClient(self.port, self.ca, files, "")
        if by_password:
            client.mqtt.username_pw_set(name, PASSWORDS[name])
        with client:
            return client.publish(topic)


@pytest.fixture
def upper(gateway, centre, tmp_path):
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto_passwd is not installed")
    return Upper(Places(gateway, centre, tmp_path / "stick"), tmp_path)


@pytest.mark.accept
def test_a_log_goes_up_by_name_and_password_and_a_wrong_one_is_named_and_mended(upper):
    printed = upper.write_files(upper.centre, "--below")
    assert f"gateway below  user name its origin\nthis gateway   user name {CENTRE}\n" in printed
    below, centre = upper.below, upper.centre
    with upper.broker(), centre.running():
        centre.await_line("connected, listening on bbg/")
        told = centre.command("check").stdout
        assert f"MQTT broker 127.0.0.1:{upper.port}: lets us read and answer" in told
        upper.name_of(below, ORIGIN, "guessed")
        with below.running():
            wrong = (
                "the broker refuses us: not authorized. Correct upstream.username and upstream.pa"
            )
            below.await_line(f"upstream.url: {wrong}")
            assert wrong in below.command("status").stdout
            upper.name_of(below, ORIGIN)
            below.tell(signal.SIGHUP)
            await_delivery(below)
            assert below.stop() == 0
    assert upper.places.size(centre) == 7
    assert None not in upper.places.receipts()


@pytest.mark.parametrize("by_password", [True, False])
def test_a_gateway_writes_on_its_own_topic_alone(upper, by_password):
    printed = upper.write_files(upper.centre, "--below", by_password=by_password)
    assert ("common name of its certificate: its origin" in printed) is not by_password
    own, foreign = (topic_upward(DIGEST, origin) for origin in (OTHER, ORIGIN))

    def says(name, topic):
        return upper.says(name, topic, by_password=by_password)

    with upper.broker():
        assert says(OTHER, own) in ACCEPTED
        for topic in (foreign, topic_back(own), topic_back(foreign)):
            assert says(OTHER, topic) == NOT_AUTHORIZED, topic
        assert says(CENTRE, topic_back(own)) in ACCEPTED
        assert says(CENTRE, own) == NOT_AUTHORIZED


def test_the_broker_of_the_boxes_takes_names_and_passwords_as_well(upper):
    named = (
        f'host = "127.0.0.1"\nport = {upper.port}\n{upper.name_of(upper.below, "boxes-gateway")}'
    )
    upper.below.configure(f'[mqtt]\n{named}[mqtt.tls]\nca_file = "{upper.ca}"\n')
    printed = upper.write_files(upper.below)
    assert "user name its id, 32 hexadecimal digits\nthis gateway   user name boxes-ga" in printed
    assert f"install -m 640 -o root -g mosquitto /dev/null {upper.passwords}\n" in printed
    assert printed.endswith(f"               mosquitto_passwd {upper.passwords} NAME\n")
    with upper.broker():
        told = upper.below.command("check").stdout
        assert f"ok    MQTT broker 127.0.0.1:{upper.port}: lets us read and answer" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file for mosquitto")
def test_the_commands_as_printed_make_a_file_that_mosquitto_reads_as_its_own_user(
    upper, open_folder
):
    upper.folder = open_folder
    upper.passwords = open_folder / "passwords"
    CertificateAuthority(open_folder).issue("127.0.0.1", "broker")
    upper.ca = open_folder / "ca.pem"
    (open_folder / "broker.key").chmod(0o644)
    printed = upper.write_files(upper.centre, "--below", user="mosquitto")
    install, add = [line.split() for line in printed.splitlines() if str(upper.passwords) in line]
    subprocess.run(install, check=True)
    subprocess.run([add[0], "-b", *add[1:-1], OTHER, PASSWORDS[OTHER]], check=True)
    found = upper.passwords.stat()
    assert stat.S_IMODE(found.st_mode) == 0o640
    with upper.broker():
        own = topic_upward(DIGEST, OTHER)
        assert upper.says(OTHER, own) in ACCEPTED


@pytest.fixture
def open_folder():
    """A folder that the user mosquitto may enter, unlike those that a test of root's has."""
    with TemporaryDirectory(dir="/tmp") as name:
        for path in (Path(name), Path(name) / "state"):
            path.mkdir(exist_ok=True)
            path.chmod(0o755)
        shutil.chown(Path(name) / "state", "mosquitto")
        yield Path(name)


@pytest.mark.parametrize("table", ["mqtt", "below"])
def test_a_user_name_that_another_client_has_is_refused(upper, table, tmp_path):
    name = OTHER if table == "below" else authority().boxes[0].hex()
    lines = f'[{table}]\nhost = "b"\nusername = "{name}"\npassword_file = "p"\n'
    upper.centre.configure(f'{lines}[{table}.tls]\nca_file = "{upper.ca}"\n')
    words = ("broker-config", "--passwords", "p", "-o", str(tmp_path / "new"))
    told = upper.centre.command(*words, *(["--below"] if table == "below" else [])).stderr
    assert f"{table}: {name}: is the name of another client at the broker" in told
    assert "Give this gateway a name of its own there" in told
    assert not (tmp_path / "new").exists()


def test_what_waits_at_the_broker_of_the_gateways_below_is_little(upper):
    upper.write_files(upper.centre, "--below")
    made = (upper.folder / "broker" / "mosquitto.conf").read_text().splitlines()
    clients = len(authority().trusted.register.gateway_keys) - 1
    assert f"max_queued_messages {2 * clients}" in made
    assert f"max_queued_bytes {2 * clients * PACKET_MAX}" in made
    assert f"password_file {upper.passwords}" in made


def test_the_path_of_the_passwords_is_written_whole(upper):
    upper.passwords = "passwords"
    printed = upper.write_files(upper.centre, "--below")
    made = (upper.folder / "broker" / "mosquitto.conf").read_text()
    (line,) = [each for each in made.splitlines() if each.startswith("password_file ")]
    assert Path(line.split()[1]).is_absolute()
    assert f"/dev/null {line.split()[1]}\n" in printed


def test_what_does_not_fit_is_named_with_its_setting(upper, tmp_path):
    upper.below.configure('[mqtt]\nhost = "b"\npassword_file = "p"\n')
    told = upper.below.command("check").stderr
    assert "mqtt: password_file needs a username beside it" in told
    upstream = f'[upstream]\nurl = "https://c"\norigin = "{CENTRE}"\nusername = "u"\n'
    upper.below.configure('[mqtt]\nhost = "b"\n', upstream)
    told = upper.below.command("check").stderr
    assert "upstream: username is for a broker: a url of mqtts:// or mqtt://" in told
    upper.below.configure('[mqtt]\nhost = "b"\n')
    words = ("broker-config", "--passwords", "p", "-o", str(tmp_path / "new"))
    told = upper.below.command(*words).stderr
    assert "mqtt.username: is missing, and the broker is to ask for passwords. Set mqtt.us" in told
    told = upper.below.command(*words, "--below").stderr
    assert "below: there is no broker in the settings. Add the table [below]" in told
    assert not (tmp_path / "new").exists()
