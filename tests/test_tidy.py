"""The rules of the house hold in every file, and each rule sees a planted violation."""

import re
from pathlib import Path

import pytest

from tests import tidy_rules
from tests.source_tree import is_pure, project_files, text_of

EVERYWHERE = (
    tidy_rules.module_name,
    tidy_rules.file_size,
    tidy_rules.function_size,
    tidy_rules.open_ends,
    tidy_rules.machine_paths,
    tidy_rules.registry_hosts,
)


@pytest.fixture(scope="module")
def texts(repository):
    texts = {name: text_of(repository / name) for name in project_files(repository)}
    return {name: text for name, text in texts.items() if text is not None}


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(texts, rule):
    faults = [fault for name, text in texts.items() for fault in rule(name, text)]
    assert faults == []


def test_what_the_coverage_leaves_out_is_there(repository):
    told = (repository / "Makefile").read_text().replace("\\\n", " ")
    (paths,) = re.findall(r"^WITHOUT_CORES := (.+)$", told, re.MULTILINE)
    assert [path for path in paths.split() if not list(repository.glob(path))] == []


def test_the_protocol_and_the_cores_call_nothing_impure(texts):
    pure = {name: text for name, text in texts.items() if name.suffix == ".py" and is_pure(name)}
    assert len(pure) > 30, "the pure files were not found"
    faults = [fault for name, text in pure.items() for fault in tidy_rules.pure_calls(name, text)]
    assert faults == []


def _long_function(lines, docstring_lines=0):
    docstring = (
        ['    """' + "\n    said" * (docstring_lines - 2) + '\n    """\n']
        if docstring_lines
        else []
    )
    body = ["    pass\n"] * (lines - 1 - docstring_lines)
    return "".join(["def count():\n", *docstring, *body])


CAUGHT = [
    (tidy_rules.module_name, "gateway/utils.py", ""),
    (tidy_rules.module_name, "gateway/mqtt_handlers.py", ""),
    (tidy_rules.module_name, "device/box_manager.py", ""),
    (tidy_rules.file_size, "device/box.py", "pass\n" * (tidy_rules.FILE_LINES_MAX + 1)),
    (tidy_rules.file_size, "tests/box.py", "pass\n" * (tidy_rules.FILE_LINES_MAX + 1)),
    (tidy_rules.function_size, "device/box.py", _long_function(61)),
    (tidy_rules.function_size, "device/box.py", "async " + _long_function(64, docstring_lines=3)),
    (tidy_rules.pure_calls, "core/box.py", "open('journal')"),
    (tidy_rules.pure_calls, "core/box.py", "print(1)"),
    (tidy_rules.pure_calls, "core/box.py", "seen = {hash(key)}"),
    (tidy_rules.pure_calls, "core/box.py", "order = sorted(boxes, key=lambda box: id(box))"),
    (tidy_rules.pure_calls, "core/box.py", "now = datetime.now(tz=UTC)"),
    (tidy_rules.pure_calls, "core/box.py", "now = datetime.datetime.utcnow()"),
    (tidy_rules.pure_calls, "core/box.py", "name = uuid.uuid4()"),
    (tidy_rules.pure_calls, "core/box.py", "salt = nacl.utils.random(16)"),
    (tidy_rules.pure_calls, "core/box.py", "from nacl.utils import random as chance"),
    (tidy_rules.pure_calls, "core/box.py", "key = SigningKey.generate()"),
    (tidy_rules.open_ends, "README.md", "# TO" + "DO: finish"),
    (tidy_rules.open_ends, "device/box.py", "return 1  # FIX" + "ME"),
    (tidy_rules.machine_paths, "docs/a.md", "see /wo" + "rk/notes"),
    (tidy_rules.machine_paths, "Makefile", "PYTHON=/ro" + "ot/.pyenv/python"),
    (tidy_rules.registry_hosts, "requirements.lock", "--index-" + "url https://example.org/simple"),
    (tidy_rules.registry_hosts, "docs/a.md", "from https://py" + "pi.org/simple"),
]
LEFT_ALONE = [
    (tidy_rules.module_name, "device/poll.py", ""),
    (tidy_rules.module_name, "device/utilisation.md", ""),
    (tidy_rules.file_size, "device/box.py", "pass\n" * tidy_rules.FILE_LINES_MAX),
    (tidy_rules.file_size, "tests/vectors/day.py", "DAY\n" * (tidy_rules.FILE_LINES_MAX + 1)),
    (tidy_rules.function_size, "device/box.py", _long_function(63, docstring_lines=3)),
    (tidy_rules.pure_calls, "core/box.py", "poll.open(now)\nbox.id\njournal.print(1)"),
    (tidy_rules.pure_calls, "core/box.py", "at = datetime(2026, 9, 20, tzinfo=UTC)"),
    (tidy_rules.machine_paths, "README.md", "gateway/work/log and ../work/x and /worker/x"),
]


@pytest.mark.teeth
@pytest.mark.parametrize(("rule", "name", "text"), CAUGHT)
def test_the_rule_catches(rule, name, text):
    assert len(list(rule(Path(name), text))) == 1


@pytest.mark.parametrize(("rule", "name", "text"), LEFT_ALONE)
def test_the_rule_leaves_alone(rule, name, text):
    assert list(rule(Path(name), text)) == []
