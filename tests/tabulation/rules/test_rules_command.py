"""Does `ballotbox-tabulate run --rules` publish what the rules decide, as docs/rules.md says?"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ballotbox_protocol.election.law.source import LAW_CHARACTERS_MAX
from ballotbox_protocol.election.source import load_election
from ballotbox_tabulation.core.rules.decisions import decide
from ballotbox_tabulation.core.rules.fit import require_fit
from ballotbox_tabulation.core.rules.source import read_rules
from tests.tabulation.log_builder import LogBuilder, authority_of, simple_ballots
from tests.tabulation.rules.election_result import list_rules, result, rules
from tests.tabulation.rules.test_apportionment import PUBLISHED

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "rules.toml"
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture(scope="module")
def authority():
    return authority_of(boxes=3)


@pytest.fixture
def desk(authority, tmp_path):
    """A folder with a log of two boxes of three, the election's documents and the example."""
    log = LogBuilder(authority)
    for box in range(2):
        log.day(log.pen(box), simple_ballots(30 + box))
    for name, data in log.files().items():
        path = tmp_path / "LOG" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    authority.write(tmp_path)
    (tmp_path / "root.txt").write_text(str(authority.root))
    (tmp_path / "rules.toml").write_bytes(EXAMPLE.read_bytes())
    return tmp_path


def run(desk):
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block("sh")],
        cwd=desk,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_of_the_page_publishes_decisions(desk, authority):
    done = run(desk)
    assert done.returncode == 0, done.stderr
    published = json.loads((desk / "results" / "result.json").read_bytes())["result"]
    stated = read_rules(EXAMPLE.read_bytes())
    assert published == decide(published, stated)
    assert published["rules"]["digest"] == stated.digest
    assert published["status"] == "preliminary"
    lists, mandate = published["decisions"]
    tied = lists["tie"]["seats"] if lists["tie"] else 0
    assert sum(option["seats"] for option in lists["options"]) + tied == 54
    assert len(mandate["options"]) == 4
    page = (desk / "results" / "index.html").read_text(encoding="utf-8")
    assert "Preliminary." in page
    assert stated.digest in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("national list", "no list"), "contest[0].contest: there is no contest"),
        (('"5"', '"five"'), "contest[0].national_percent: must be digits"),
        (("2-60", "x"), "region[1].precincts[0]: must be a precinct number"),
        (("[[contest]]", "[contest"), "is not TOML"),
    ],
)
def test_rules_that_cannot_be_used_publish_nothing_and_say_why(desk, change, words):
    text = EXAMPLE.read_text(encoding="utf-8").replace(*change)
    (desk / "rules.toml").write_text(text, encoding="utf-8")
    done = run(desk)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: --rules rules.toml: ")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (desk / "results").exists()


@pytest.mark.parametrize("size", [0, 4 * LAW_CHARACTERS_MAX + 1])
def test_a_file_that_is_missing_or_too_long_is_named(desk, size):
    (desk / "rules.toml").unlink()
    if size:
        (desk / "rules.toml").write_bytes(b"#" * size)
    done = run(desk)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: --rules rules.toml: ")


def test_the_example_of_rules_fits_the_example_of_an_election():
    source = (ROOT / "docs" / "examples" / "election.toml").read_text(encoding="utf-8")
    require_fit(read_rules(EXAMPLE.read_bytes()), load_election(source))


def test_the_referendum_of_the_example_can_be_switched_on():
    text = EXAMPLE.read_text(encoding="utf-8")
    hidden = re.search(r"^# (\[\[contest\]\]\n(?:# .*\n)+)", text, re.MULTILINE)[1]
    stated = read_rules((text + hidden.replace("# ", "")).encode())
    assert stated.contests[-1].accept == "Yes"


def test_the_decision_of_the_page_is_what_is_decided():
    rule = list_rules(national_percent="5", against_all="D", seats=9)
    votes = result((500, 300, 49, 100), invalid=51)
    assert json.loads(block("json")) == decide(votes, rules(rule))["decisions"][0]


@pytest.mark.parametrize("election", PUBLISHED)
def test_the_page_tells_the_published_seats(election):
    method, table = PUBLISHED[election]
    place, _, _ = election.partition(" 2023") if "2023" in election else election.partition(",")
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {place}"))
    assert f"| `{method.value}` | {', '.join(map(str, table.values()))} |" in row
