"""The campaign of the fifteen acceptance tests at their full counts, among real processes."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memory import Campaign, run_jobs
from units import Row, Stopwatch

from tests.acceptance import shown
from tests.acceptance_tally import AcceptanceTally, counted
from tests.scale import FULL, SCALE

_ROOT = Path(__file__).parents[1]
_LONGEST_S = 1_800


def run_acceptance(commit: str) -> Iterator[Row]:
    """Run every acceptance test and its controls at full scale, file by file."""
    watch = Stopwatch("acceptance.passed", "bench/soak.py")
    files = sorted({test.split("::")[0] for tests in shown().values() for test in tests})
    jobs = [(file,) for file in files]
    tally = run_jobs(Campaign("acceptance", jobs, _run, AcceptanceTally), commit).tally
    limit = f"{len(shown())} acceptance tests in {len(files)} files, controls included"
    yield watch.row(tally.passed, "tests", limit)
    yield watch.row(tally.skipped, "tests", "what a machine cannot do", "acceptance.skipped")
    names = ", ".join(tally.failed) or "none"
    yield watch.row(len(tally.failed), "tests", names, "acceptance.failed")


def _run(job: tuple[Any, ...]) -> AcceptanceTally:
    (file,) = job
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        command = [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            # The later form of the report has no place for what a test measured.
            *("-o", "junit_family=xunit1", f"--junitxml={told}"),
            # At full scale a single test may well last longer than one of `make test` ever may.
            *("-o", f"faulthandler_timeout={_LONGEST_S}"),
            *("-m", "acceptance", f"tests/{file}"),
        ]
        environment = os.environ | {SCALE: FULL}
        ended = subprocess.run(
            command,
            cwd=_ROOT,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        report = told.read_text("utf-8") if told.exists() else ""
        return counted(file, report, ended.stdout.decode("utf-8", "replace"))
