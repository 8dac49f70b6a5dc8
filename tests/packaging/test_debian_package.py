"""Does the Debian package serve boxes on an empty Debian, and does the ledger outlive it?"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ballotbox_device.core.poll import Action
from ballotbox_simulator.crew import FINISHING, OPENING
from tests.end_to_end.secured_broker import secured
from tests.end_to_end.serial_day import at as instant
from tests.end_to_end.serial_day import plugged, switched_on, vote
from tests.end_to_end.test_certificates_renewed import receipted
from tests.gateway.scripted import ORIGIN, ScriptedBox, authority
from tests.packaging.installed_gateway import (
    ARCHIVE,
    PACKAGING,
    REPOSITORY,
    DebianTree,
    InstalledGateway,
    load,
    missing_tools,
    renumbered,
    run,
)
from tests.patience import soon

pytestmark = pytest.mark.accept
MANUAL = REPOSITORY / "gateway/OPERATING.md"
UNIT = PACKAGING / "ballotbox-gateway.service"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package as `make deb` builds it."""
    if missing := missing_tools():
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("deb")
    said = run(sys.executable, PACKAGING / "make_deb.py", "--out", folder)
    (found,) = folder.glob("*.deb")
    assert str(found) in said
    stated("Debian package, .*?", said)
    return found


def boxed(gateway, place, election):
    """One box votes on a serial line and another over TLS; return how many reports they made."""
    crew, scripted = switched_on(election, 1), ScriptedBox(election, 1)
    day = scripted.day()

    async def serve():
        async with plugged(crew, Path("/dev/ballotbox-test")) as road:
            # The link is followed: what the service opens is the terminal itself.
            gateway.tree.run("chown", "ballotbox", "/dev/ballotbox-test")
            told = await asyncio.to_thread(gateway.ask, "check")
            assert told.splitlines()[-1] == "ready", told
            await asyncio.to_thread(gateway.start)
            crew.act(instant(10), *OPENING)
            vote(crew, 5)
            crew.act(instant(1_000), Action.CLOSE, *FINISHING)
            road.pump()
            await soon(lambda: road.unanswered == 0, "all receipts on the serial line")

    asyncio.run(serve())
    receipted(place, place.authority, election, scripted, *day)
    return crew.device.outgoing.count + len(day)


def status(gateway):
    return json.loads(gateway.ask("status", "--json"))


def test_boxes_are_served_and_the_ledger_outlives_upgrade_and_removal(package, tmp_path):
    election = authority()
    tree = DebianTree(tmp_path / "tree")
    said = tree.install(package)
    assert "Next: ballotbox-gateway init asks what it has to know." in said
    gateway = InstalledGateway(tree, election, ORIGIN)
    with secured(gateway, tmp_path) as place:
        tree.give(place.authority.ca.parent)
        serial = '[[serial]]\nport = "/dev/ballotbox-test"\nbaud = 921600\n'
        gateway.configure(serial, place.mqtt_table())
        assert "created  /var/lib/ballotbox/ledger.sqlite" in gateway.ask("init")
        try:
            reports = boxed(gateway, place, election)
            shown = status(gateway)
            assert shown["counts"]["leaves"] == {"IN_ORDER": reports}, shown
            assert shown["boxes"]["with_final"] == 2
            inode = gateway.ledger.stat().st_ino
            tree.install(renumbered(package, "99.0", tmp_path))
            assert gateway.stop() == 0
            gateway.start()
            assert status(gateway)["log"] == shown["log"]
            assert gateway.ledger.stat().st_ino == inode
            assert gateway.stop() == 0
        finally:
            gateway.kill()
    for word in ("--remove", "--purge"):
        said = tree.run("dpkg", word, "ballotbox-gateway")
        assert "Kept: /var/lib/ballotbox." in said
        assert gateway.ledger.stat().st_ino == inode
    assert not (tree.folder / "usr/lib/ballotbox").exists()
    assert not (tree.folder / "etc/default/ballotbox-gateway").exists()


def stated(row, said):
    """Hold the sizes that a command prints against those of the manual, within a tenth."""
    rows = rf"^\| {row} \| ([\d.]+) MB \| ([\d.]+) MB \|$"
    (told,) = re.findall(rows, MANUAL.read_text(), re.MULTILINE)
    found = re.search(r": ([\d.]+) MB, ([\d.]+) MB", said).groups()
    for ours, true in zip(told, found, strict=True):
        assert float(ours) == pytest.approx(float(true), rel=0.1)


def test_the_image_starts_the_gateway_as_its_user(package, tmp_path):
    if shutil.which("umoci") is None:
        pytest.skip("umoci is not installed")
    image = tmp_path / "image.tar"
    make = (sys.executable, PACKAGING / "make_image.py", "--tree", ARCHIVE, "--out", image)
    said = run(*make, package)
    stated(r"Container image, .*?", said)
    (tmp_path / "layout").mkdir()
    run("tar", "-xf", image, "-C", tmp_path / "layout")
    version = package.name.split("_")[1]
    bundle = tmp_path / "bundle"
    run("umoci", "unpack", "--image", f"{tmp_path}/layout:{version}", bundle)
    process = json.loads((bundle / "config.json").read_text())["process"]
    user = f"{process['user']['uid']}:{process['user']['gid']}"
    assert process["args"] == ["/usr/lib/ballotbox/bin/ballotbox-gateway", "run"]
    assert process["cwd"] == "/etc/ballotbox"
    inside = ("chroot", f"--userspec={user}", bundle / "rootfs", "/usr/bin/env", *process["env"])
    done = subprocess.run([*inside, *process["args"]], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: /etc/ballotbox/gateway.toml: there is no such file.")


def test_a_security_module_and_a_database_need_nothing_beside_the_package():
    make_deb = load("make_deb")
    assert "python-pkcs11==" in make_deb.locked(make_deb.EXTRAS)
    assert "psycopg-binary==" in make_deb.locked(make_deb.EXTRAS)


def analyzed(*words):
    try:
        return subprocess.run(
            ["systemd-analyze", *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("systemd-analyze is not installed")


def verified(unit, folder):
    """What systemd says of a unit whose program is there."""
    path = folder / UNIT.name
    path.write_text(unit.replace("/usr/lib/ballotbox/bin/ballotbox-gateway", "/bin/true"))
    done = analyzed("verify", "--man=no", path)
    return done.returncode, done.stdout + done.stderr


def test_systemd_understands_every_line_of_the_unit(tmp_path):
    assert verified(UNIT.read_text(), tmp_path) == (0, "")
    misspelt = UNIT.read_text().replace("WatchdogSec=", "WatchdogSecs=")
    assert "'WatchdogSecs' in section" in verified(misspelt, tmp_path)[1]


def test_the_unit_leaves_the_service_what_it_needs_and_no_more():
    done = analyzed("security", "--offline=true", "--threshold=15", UNIT)
    assert done.returncode == 0, done.stdout + done.stderr
    (exposure,) = re.findall(r"exposure level for \S+: (\S+)", done.stdout)
    assert f"gives its unit an exposure of {exposure} " in MANUAL.read_text()


def test_the_unit_lets_a_collector_read_what_the_process_takes():
    if missing := missing_tools():
        pytest.skip(missing)
    unit = dict(re.findall(r"^(Protect\w+|ProcSubset)=(\w+)$", UNIT.read_text(), re.MULTILINE))
    options = f"hidepid={unit['ProtectProc']},subset={unit.get('ProcSubset', 'all')}"
    options = options.removesuffix(",subset=all")
    inside = f'mount -t proc -o {options} proc /proc && exec "$@"'
    look = "from ballotbox_gateway.service.metrics import *; print(exposition([]).decode())"
    told = run("unshare", "-mpf", "sh", "-c", inside, "sh", sys.executable, "-c", look)
    assert "process_resident_memory_bytes" in told
