"""Each command answers `--help` at once, because nothing heavy is imported for it."""

import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]
HEAVY = (
    "apsw asyncio escpos jinja2 matplotlib numpy paho PIL pydantic rich serial starlette urllib3 "
    "uvicorn"
)
HELP_SECONDS_MAX = 0.3

# Runs an entry point as its script would, then names the heavy modules that came with it.
WITNESS = """
import importlib, sys
module, _, function = sys.argv[1].partition(":")
sys.argv[:] = [sys.argv[2], "--help"]
try:
    getattr(importlib.import_module(module), function)()
except SystemExit as end:
    code = end.code or 0
else:
    code = 0
print("heavy:", *sorted(set({heavy!r}.split()) & set(sys.modules)))
sys.exit(code)
"""


def _run(arguments):
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def _witness(script):
    code = WITNESS.format(heavy=HEAVY)
    return _run([sys.executable, "-c", code, SCRIPTS[script], script])


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_given_without_anything_heavy(script):
    done = _witness(script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: {script} ")
    assert done.stdout.splitlines()[-1] == "heavy:"


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_asked_for_in_short_as_well(script):
    command = Path(sys.executable).with_name(script)
    assert _run([command, "-h"]).stdout == _run([command, "--help"]).stdout != ""


def test_a_service_loads_the_library_of_no_road_that_it_may_not_have():
    code = (
        "import sys, ballotbox_gateway.service.serving; "
        "print(*sorted({'paho', 'psycopg', 'starlette', 'urllib3', 'uvicorn'} & set(sys.modules)))"
    )
    done = _run([sys.executable, "-c", code])
    assert (done.returncode, done.stdout) == (0, "\n"), done.stdout + done.stderr


@pytest.mark.teeth
def test_a_heavy_import_is_seen(monkeypatch, tmp_path):
    (tmp_path / "planted.py").write_text(
        "def main():\n    import asyncio\n    print('Usage: planted ')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setitem(SCRIPTS, "planted", "planted:main")
    assert _witness("planted").stdout.splitlines()[-1] == "heavy: asyncio"


@pytest.mark.accept
@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_given_at_once(script):
    """Processor time of the best of five runs: what the machine does besides does not count."""
    command = Path(sys.executable).with_name(script)
    assert min(_seconds_of(command) for _ in range(5)) < HELP_SECONDS_MAX


def _seconds_of(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert _run([command, "--help"]).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
