"""Does docs/laws.md say what laws, commands and real protocols say?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tabulation import law_document

WRITE = f"write it: {law_document.COMMAND}"


@pytest.fixture(scope="module")
def page():
    return law_document.PATH.read_text(encoding="utf-8")


def test_the_page_is_what_the_laws_and_the_commands_say(page):
    assert page == law_document.document(None), WRITE


@pytest.mark.parametrize("entry", law_document.DATA, ids=lambda entry: entry[2])
def test_the_tables_over_real_protocols_are_what_the_data_says(page, shared, entry):
    if not (shared / "data" / f"{entry[0]}.csv.gz").exists():
        pytest.skip(f"{entry[0]}.csv.gz is not among the shared data")
    assert law_document.tables_of(page)[entry[2]] == law_document.data_table(shared, *entry), WRITE


def test_the_page_has_a_table_for_each_set_of_real_protocols(page):
    assert list(law_document.tables_of(page)) == [entry[2] for entry in law_document.DATA]


def test_the_commands_of_the_page_do_what_it_shows(page, repository, tmp_path):
    (script,) = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "protocols.csv").write_text(law_document.example_table())
    for name in ("law.toml", "columns.toml"):
        (tmp_path / name).write_bytes((repository / "docs/examples" / name).read_bytes())
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    command = ["bash", "-euo", "pipefail", "-c", script]
    environment = os.environ | {"PATH": path}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert law_document.example_output() in done.stdout
    assert sorted(each.name for each in (tmp_path / "checked").iterdir()) == [
        "broken.csv",
        "check.json",
        "index.html",
    ]


def test_the_files_that_the_page_names_exist(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page)
    assert len(targets) > 5
    for target in targets:
        assert (law_document.PATH.parent / target).exists(), target
