"""What every test may ask for: the Hypothesis profiles and the shared vectors and data."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.small_disk import mounted

pytest_plugins = ["tests.acceptance", "tests.attack.marker", "tests.databases"]

REPOSITORY = Path(__file__).resolve().parents[1]

_SLOW_MACHINE = [HealthCheck.too_slow]

# `ci` is the default: the same examples on every run, so that a red test is red for everybody.
settings.register_profile(
    "ci",
    max_examples=50,
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW_MACHINE,
)
# `coverage` is `ci` with twice the examples, where a branch that none of them takes is a fault.
settings.register_profile("coverage", settings.get_profile("ci"), max_examples=100)
# `dev` looks for new examples on every run and remembers the ones that failed.
settings.register_profile(
    "dev", deadline=None, print_blob=True, suppress_health_check=_SLOW_MACHINE
)
# `soak` is `dev` with many more examples; `make soak` gives each round its own seed.
settings.register_profile(
    "soak",
    max_examples=1_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW_MACHINE,
)
# `teeth` is `coverage` for one planted fault after the other: that it is seen matters.
settings.register_profile(
    "teeth", settings.get_profile("coverage"), phases=[Phase.explicit, Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


# When the soak under way must end, in seconds of the epoch; nothing for every other run.
_SOAK_UNTIL = int(os.environ.get("SOAK_UNTIL", "0"))


def pytest_collection_modifyitems(config, items):
    """In a soak, let the round's seed decide who comes first: the last round is cut short."""
    if _SOAK_UNTIL:
        random.Random(config.getoption("--hypothesis-seed")).shuffle(items)


def pytest_runtest_setup(item):
    """In a soak, begin nothing once the time is up."""
    if _SOAK_UNTIL and time.time() > _SOAK_UNTIL:
        pytest.skip("the time of this soak is up")


def pytest_terminal_summary(terminalreporter):
    """Print what a test wants to be known even when it passes: the seed it has drawn."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared vectors and data, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("BALLOTBOX_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared vectors and data at {folder}; set BALLOTBOX_SHARED to their folder")
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 3 MiB."""
    yield from mounted(tmp_path / "disk")
