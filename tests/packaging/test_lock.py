"""The lock file installs what pyproject.toml asks for, by hash, and says nothing of where from."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?: ; (?P<marker>[^\\]+?))? \\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def lock(repository):
    return (repository / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


def _versions(lock):
    versions = {}
    for entry in ENTRY.finditer(lock):
        versions.setdefault(canonicalize_name(entry["name"]), []).append(entry["version"])
    return versions


def _asked(project):
    tables = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
        project["build-system"]["requires"],
    ]
    requirements = (Requirement(line) for table in tables for line in table)
    return [each for each in requirements if each.name != project["project"]["name"]]


def _unsatisfied(project, lock):
    versions = _versions(lock)
    return [
        str(asked)
        for asked in _asked(project)
        if not versions.get(canonicalize_name(asked.name))
        or not all(map(asked.specifier.contains, versions[canonicalize_name(asked.name)]))
    ]


def _unexplained(lock):
    """What is left of the lock when its entries and comments are taken away."""
    return [line for line in ENTRY.sub("", lock).splitlines() if line and line[0] != "#"]


def test_the_lock_satisfies_the_project(project, lock):
    assert _unsatisfied(project, lock) == []


def test_the_lock_holds_hashed_versions_and_nothing_else(lock):
    assert _unexplained(lock) == []
    assert "://" not in lock


@pytest.mark.teeth
def test_a_forgotten_lock_is_seen(project, lock):
    grown = {**project, "dependency-groups": {"build": ["hatchling>=1.27", "meson>=1"]}}
    assert _unsatisfied(grown, lock) == ["meson>=1"]
    raised = {**project, "dependency-groups": {"build": ["hatchling>=999"]}}
    assert _unsatisfied(raised, lock) == ["hatchling>=999"]


@pytest.mark.teeth
@pytest.mark.parametrize(
    "line", ["click==8.1.0", "--index-" + "url https://packages.example/simple", "-f /wheels"]
)
def test_a_line_without_a_hash_is_seen(lock, line):
    assert _unexplained(f"{line}\n{lock}") == [line]
