"""The arrows between packages hold, and each contract sees a planted violation."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.source_tree import PACKAGES, python_files

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
FOLDERS = sorted({str(path.parent) for path in PACKAGES.values()})

PEERS = "Device, gateway and tabulation are peers; the protocol sees nobody"
PURE = "The protocol and the cores are pure: no clock, socket, file, thread or randomness"
GATEWAY = "Inside the gateway"
BORROWED = "import ballotbox_tabulation.page"


def _lint(tree):
    """Run the contracts on a tree, whatever is installed; one line per contract and fault."""
    options = ["--config", str(tree / "pyproject.toml"), "--no-cache", "--no-logo"]
    environment = {
        "PYTHONPATH": ":".join(str(tree / folder) for folder in FOLDERS),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "200",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [LINT_IMPORTS, *options],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _copy(repository, tree):
    shutil.copy(repository / "pyproject.toml", tree)
    without_caches = shutil.ignore_patterns("__pycache__")
    for folder in PACKAGES.values():
        shutil.copytree(repository / folder, tree / folder, ignore=without_caches)
    return tree


def test_every_contract_is_kept(repository):
    done = _lint(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    contracts = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert f"{len(contracts['contracts'])} kept, 0 broken" in done.stdout


# What a careless change might write: the contract it breaks, the new module, the import in it.
PLANTED = {
    "a core reads the clock": (PURE, "ballotbox_device.core.clock", "time"),
    "a core opens a database": (PURE, "ballotbox_gateway.core.database", "sqlite3"),
    "a core looks at the disk": (PURE, "ballotbox_tabulation.core.disk", "os"),
    "the protocol draws a random number": (PURE, "ballotbox_protocol.wire.chance", "secrets"),
    "the device knows the gateway": (PEERS, "ballotbox_device.host.peer", "ballotbox_gateway.core"),
    "the gateway knows the tabulation": (
        PEERS,
        "ballotbox_gateway.adapters.peer",
        "ballotbox_tabulation.core",
    ),
    "the tabulation knows the gateway": (
        PEERS,
        "ballotbox_tabulation.core.peer",
        "ballotbox_gateway.ledger",
    ),
    "the gateway knows the simulator": (PEERS, "ballotbox_gateway.above", "ballotbox_simulator"),
    "the protocol knows the device": (PEERS, "ballotbox_protocol.above", "ballotbox_device.core"),
    "meaning knows bytes": (
        "Inside the protocol: bytes know meaning, meaning knows no bytes",
        "ballotbox_protocol.election.above",
        "ballotbox_protocol.wire.cbor",
    ),
    "the core of the box knows its host": (
        "Inside the device",
        "ballotbox_device.core.above",
        "ballotbox_device.host",
    ),
    "an adapter writes past the core into the ledger": (
        GATEWAY,
        "ballotbox_gateway.adapters.shortcut",
        "ballotbox_gateway.ledger",
    ),
    "the ledger knows the service": (
        GATEWAY,
        "ballotbox_gateway.ledger.above",
        "ballotbox_gateway.service",
    ),
    "a core borrows a clock from a neighbour": (
        PURE,
        "ballotbox_gateway.core.borrower",
        "ballotbox_gateway.lender",
    ),
    "a test library at run time": (
        "Test libraries stay in the tests",
        "ballotbox_simulator.examples",
        "hypothesis",
    ),
}
LENDER = ("gateway/ballotbox_gateway/lender.py", "import time\n")


def _plant(tree, module, imported):
    """Write a module that hides its import in a function, where a reader looks last."""
    package, _, rest = module.partition(".")
    path = tree / PACKAGES[package] / f"{rest.replace('.', '/')}.py"
    assert not path.exists(), f"{path} is there already"
    path.write_text(f"def borrow():\n    import {imported}\n    return {imported}\n")


@pytest.fixture(scope="module")
def said_of_all_planted(repository, tmp_path_factory):
    """What the contracts say of one copy in which everything is planted at once."""
    tree = _copy(repository, tmp_path_factory.mktemp("planted"))
    for _, module, imported in PLANTED.values():
        _plant(tree, module, imported)
    (tree / LENDER[0]).write_text(LENDER[1])
    verifier = _module(tree / PACKAGES["ballotbox_tabulation"] / "verify_cli")
    verifier.write_text(f"{verifier.read_text()}\n{BORROWED}\n")
    done = _lint(tree)
    assert done.returncode == 1, done.stdout + done.stderr
    return re.sub(r"\s+", " ", done.stdout)


@pytest.mark.teeth
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_violation_is_caught(said_of_all_planted, planted):
    contract, module, imported = PLANTED[planted]
    assert f"{contract} BROKEN" in said_of_all_planted
    assert f"{module} -> {imported} (l." in said_of_all_planted


@pytest.mark.teeth
def test_a_verifier_that_borrows_from_the_tabulation_is_caught(said_of_all_planted):
    contract = "The verifier needs the protocol and the pure tabulation core alone"
    assert f"{contract} BROKEN" in said_of_all_planted
    assert "ballotbox_tabulation.verify_cli -> ballotbox_tabulation.page" in said_of_all_planted


def _module(path):
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _declared(repository, *extras_asked):
    """The distributions that an installation with these extras brings, the base included."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = list(project["dependencies"]) + [
        each for name in extras_asked for each in extras[name]
    ]
    names = set()
    while wanted:
        requirement = wanted.pop()
        own = re.fullmatch(r"ballotbox-kit\[(.*)\]", requirement)
        if own:
            wanted += [each for name in own[1].split(",") for each in extras[name.strip()]]
        else:
            names.add(_normal(re.match(r"[\w.-]+", requirement)[0]))
    return names


def _normal(distribution):
    return re.sub(r"[-_.]+", "-", distribution).lower()


# What is documented as one library and shipped as two.
_PART_OF = {"pydantic-core": "pydantic"}


def _imported(repository, package):
    """The distributions that a package's files import, at the top or inside a function."""
    roots = set()
    for name in python_files(repository):
        if name.is_relative_to(PACKAGES[package]):
            roots.update(_roots(ast.parse((repository / name).read_text(encoding="utf-8"))))
    foreign = roots - set(sys.stdlib_module_names) - set(PACKAGES)
    installed = packages_distributions()
    names = {_normal(installed.get(root, [root])[0]) for root in foreign}
    return {_PART_OF.get(name, name) for name in names}


def _roots(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


EXTRAS_OF = {
    "ballotbox_protocol": (),
    "ballotbox_device": ("device",),
    "ballotbox_gateway": ("gateway", "hsm", "postgresql"),
    "ballotbox_tabulation": ("tabulation",),
    "ballotbox_simulator": ("simulator", "cluster"),
}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_its_extra_brings(repository, package):
    assert _imported(repository, package) - _declared(repository, *EXTRAS_OF[package]) == set()


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "ballotbox_simulator"])
def test_an_extra_brings_nothing_that_its_package_does_not_import(repository, package):
    base = _declared(repository)
    used = _imported(repository, package)
    asked = _declared(repository, *EXTRAS_OF[package])
    assert (asked if asked == base else asked - base) - used == set()


@pytest.mark.teeth
def test_an_undeclared_library_is_seen(repository, tmp_path):
    copy = _copy(repository, tmp_path)
    _plant(copy, "ballotbox_gateway.core.progress", "rich")
    assert _imported(copy, "ballotbox_gateway") - _declared(
        copy, *EXTRAS_OF["ballotbox_gateway"]
    ) == {"rich"}
