"""What every test may ask for: the Hypothesis profiles and the shared vectors and data."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parents[1]

_SLOW_MACHINE = [HealthCheck.too_slow]

# `ci` is the default: the same examples on every run, so that a red test is red for everybody.
settings.register_profile(
    "ci", derandomize=True, deadline=None, print_blob=True, suppress_health_check=_SLOW_MACHINE
)
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
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


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
