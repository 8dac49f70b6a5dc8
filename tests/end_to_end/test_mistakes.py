"""Does each likely mistake of a new user read as docs/mistakes.md shows, and its remedy work?"""

import os
import pty
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from ballotbox_simulator.authority import Plan, make_authority
from ballotbox_simulator.live.broker import Broker, find_broker, free_port
from tests.certificates import CertificateAuthority
from tests.end_to_end.mistakes import Notebook, clock_behind
from tests.gateway.scripted import CENTRE
from tests.small_disk import mounted

pytestmark = pytest.mark.accept

DISK = {r"\d+ MiB are": "180 MiB are", r"disk of \S+/state": "disk of /var/lib/ballotbox"}


@pytest.fixture
def noted(gateway, repository):
    """Gives a notebook with a title; in the end its section must stand in the page."""
    books = []

    def begin(title, **names):
        books.append(Notebook(gateway, title, names.get("names", {})))
        return books[0]

    yield begin
    page = (repository / "docs" / "mistakes.md").read_text("utf-8")
    assert books[0].section in page, books[0].section


@pytest.fixture
def broker(tmp_path_factory):
    """A broker of its own, which does not run yet, and its port as the page names it."""
    port = free_port()
    made = Broker(find_broker(), tmp_path_factory.mktemp("broker"), port)
    yield made
    made.stop()


def mqtt(broker, *lines):
    return "\n".join(("[mqtt]", 'host = "127.0.0.1"', f"port = {broker.port}", *lines))


def at_1883(broker):
    return {rf"\b{broker.port}\b": "1883"}


@contextmanager
def port_of(group):
    """A serial port as the system has it: it may be used by root and by a group."""
    master, slave = pty.openpty()
    try:
        name = os.ttyname(slave)
        os.chown(name, 1, group)
        Path(name).chmod(0o660)
        yield name
    finally:
        os.close(master)
        os.close(slave)


def test_a_typing_error_in_a_setting(gateway, broker, noted):
    book = noted("A typing error in a setting", names=at_1883(broker))
    gateway.configure(mqtt(broker, 'protocl = "5"'))
    book.reads("check", fails=True)
    book.say(
        "The whole file is read before anything is done, and nothing is guessed. Correct the line:"
    )
    gateway.configure(mqtt(broker, 'protocol = "5"'))
    book.writes("[mqtt]", 'host = "127.0.0.1"', f"port = {broker.port}", 'protocol = "5"')
    book.reads("init", fails=False)
    broker.start()
    book.reads("check", fails=False)


def test_init_was_forgotten(gateway, broker, noted):
    book = noted("`init` was forgotten", names=at_1883(broker))
    gateway.configure(mqtt(broker))
    broker.start()
    book.reads("run", fails=True)
    book.say("`run` never makes a ledger: one that is missing on the day is found, not replaced.")
    book.reads("init", fails=False)
    book.reads("check", fails=False)


def test_the_name_of_a_port_is_wrong(gateway, noted):
    with port_of(0) as port:
        book = noted("The wrong name of a serial port", names={port: "/dev/ttyUSB0"})
        gateway.configure('[[serial]]\nport = "/dev/ttyUSB9"')
        gateway.init()
        book.reads("check", fails=True)
        book.say(
            "Without its cable a port has no name. With the cable in, take the name that is there:"
        )
        gateway.configure(f'[[serial]]\nport = "{port}"')
        book.writes("[[serial]]", f'port = "{port}"')
        book.reads("check", fails=False)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="root has every right")
def test_the_port_is_not_open_to_this_user(gateway, noted):
    dialout = 20
    with port_of(dialout) as port:
        book = noted("No right to the serial port", names={port: "/dev/ttyUSB0"})
        plain = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
        gateway.configure(f'[[serial]]\nport = "{port}"')
        gateway.init()
        book.inside = (*plain, "--clear-groups")
        book.reads("check", fails=True)
        book.say(
            "Debian gives serial ports to a group, which counts from the next login on. The "
            "service of the package has it already."
        )

        def added():
            book.inside = (*plain, f"--groups={dialout}")

        book.stands_for("sudo usermod -aG dialout $USER", added)
        book.reads("check", fails=False)


def test_the_broker_does_not_run(gateway, broker, noted):
    book = noted("The broker does not run", names=at_1883(broker))
    gateway.configure(mqtt(broker))
    gateway.init()
    book.reads("check", fails=True)
    book.say("A gateway that runs already needs nothing else: it tries again by itself.")
    book.stands_for("sudo systemctl start mosquitto", broker.start)
    book.reads("check", fails=False)


def test_the_authority_is_another_one(gateway, noted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    right, wrong = (CertificateAuthority(folder / name, name) for name in ("right", "wrong"))
    certificate, key = right.issue("127.0.0.1")
    shutil.copy(right.ca, gateway.folder / "ca.pem")
    shutil.copy(wrong.ca, gateway.folder / "old-ca.pem")
    broker = SecureBroker(find_broker(), folder, free_port())
    broker.files = certificate, key
    book = noted("The wrong certificate authority", names=at_1883(broker))
    tls = "[mqtt.tls]"
    with broker:
        gateway.configure(mqtt(broker, tls, 'ca_file = "old-ca.pem"'))
        gateway.init()
        book.reads("check", fails=True)
        book.say("The broker shows a certificate of another authority than this file holds:")
        gateway.configure(mqtt(broker, tls, 'ca_file = "ca.pem"'))
        book.writes(tls, 'ca_file = "ca.pem"')
        book.reads("check", fails=False)


class SecureBroker(Broker):
    """A broker that shows a certificate and asks for none."""

    def _prepare(self):
        command = super()._prepare()
        certificate, key = self.files
        with Path(command[-1]).open("a") as config:
            config.write(f"certfile {certificate}\nkeyfile {key}\n")
        return command


def test_the_clock_is_a_day_behind(gateway, broker, noted):
    times = {r"\d{4}-\d\d-\d\d \d\d:\d\d UTC": "2026-06-13 06:02 UTC"}
    book = noted("The clock is a day behind", names=at_1883(broker) | times)
    gateway.configure(mqtt(broker))
    gateway.init()
    broker.start()
    with clock_behind(book, 86_400):
        book.reads("check", fails=True)
    book.say(
        "A small computer without a battery goes on with the time at which it stopped. "
        "Certificates then seem not to have begun, and people read wrong times. Compare with a "
        "watch. `set-time` takes local time (12:02 in Bishkek is 06:02 UTC), and refuses while a "
        "time service is on:"
    )
    book.stands_for("sudo timedatectl set-ntp false", lambda: None)
    book.stands_for('sudo timedatectl set-time "2026-06-14 12:02"', lambda: None)
    book.reads("check", fails=False)


def test_the_register_is_of_another_election(gateway, broker, election, noted):
    book = noted("The register of another election", names=at_1883(broker))
    gateway.configure(mqtt(broker))
    broker.start()
    right = (gateway.folder / "register.cose").read_bytes()
    other = make_authority(Plan(seed=1, boxes=1, name="Another one"))
    other.write(gateway.folder / "other")
    shutil.copy(gateway.folder / "other" / "register.cose", gateway.folder)
    book.reads("init", fails=True)
    book.say(
        "Nothing was made. Definition and register belong together: take both from one "
        "announcement."
    )
    (gateway.folder / "download").mkdir()
    (gateway.folder / "download" / "register.cose").write_bytes(right)
    book.runs("cp download/register.cose register.cose")
    book.reads("init", fails=False)
    book.reads("check", fails=False)


def test_everybody_may_read_the_key(gateway, broker, noted):
    book = noted("A key that everybody may read", names=at_1883(broker))
    gateway.configure(mqtt(broker))
    gateway.init()
    broker.start()
    (gateway.folder / "gateway.key").chmod(0o644)
    book.reads("check", fails=True)
    book.say(
        "A file that comes by a stick has lost its rights. If others could log in here meanwhile, "
        "have a new key entered: [Keys](../gateway/OPERATING.md#keys)."
    )
    book.runs("chmod 600 gateway.key")
    book.reads("check", fails=False)


def test_the_disk_is_nearly_full(gateway, broker, noted):
    book = noted("The disk is nearly full", names=at_1883(broker) | DISK)
    gateway.configure(mqtt(broker))
    for state in mounted(gateway.folder / "state", "300m"):
        gateway.init()
        broker.start()
        (state / "holiday.mp4").write_bytes(bytes(120 * 2**20))
        book.reads("check", fails=True)
        book.say(
            "Nothing stops yet: boxes are served down to `limits.disk_reserve_mib`, and after that "
            "keep their reports and send them again. A ledger has its own disk at best."
        )
        book.runs("rm state/holiday.mp4")
        book.reads("check", fails=False)


def test_a_second_gateway_has_the_ledger(gateway, broker, noted):
    book = noted("A second gateway on the same ledger", names=at_1883(broker))
    gateway.configure(mqtt(broker))
    gateway.init()
    broker.start()
    with gateway.running():
        gateway.await_line("connected, listening on")
        book.reads("run", fails=True)
        book.say(
            "The service runs already, and somebody started a second one by hand. That one changed "
            "nothing. Ask the one that runs:"
        )
        book.reads("status", fails=False, lines=2)
        book.say("To run it by hand, stop the service first.")
        book.stands_for("sudo systemctl stop ballotbox-gateway", gateway.stop)
        gateway.start()
        assert gateway.await_line("connected, listening on")


def test_the_gateway_above_is_out_of_reach(gateway, centre, noted):
    above, nobody = free_port(), free_port()
    names = {rf"\b{above}\b": "8443", rf"\b{nobody}\b": "8080"}
    book = noted("The gateway above is out of reach", names=names)
    centre.configure(f"[http]\nport = {above}")
    centre.init()
    upstream = '[upstream]\nurl = "http://127.0.0.1:{}"\norigin = "' + CENTRE + '"'
    with port_of(0) as port, centre.running():
        serial = f'[[serial]]\nport = "{port}"'
        gateway.configure(serial, upstream.format(nobody))
        gateway.init()
        book.reads("check", fails=True)
        book.say(
            "Boxes are served and receipted all the while; only what goes upward waits. Here the "
            "port was the wrong one:"
        )
        gateway.configure(serial, upstream.format(above))
        book.writes(*upstream.format(above).splitlines())
        book.reads("check", fails=False)
