"""Is a law file read whole or refused by name, and can a hostile one do harm?"""

import os
import re
import resource
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.formula import parse_formula
from ballotbox_protocol.election.law.law import (
    Confirmation,
    Group,
    Law,
    Line,
    Parameter,
    Relation,
    Weight,
)
from ballotbox_protocol.election.law.source import LAW_CHARACTERS_MAX, load_law
from tests.protocol.laws import LAWS, SMALL


def test_there_is_a_law_for_each_place_whose_source_could_be_read():
    assert set(LAWS) == {
        *("ru-state-duma", "ru-president", "bg-parliament", "br-office", "in-form-17c"),
        *("uk-count", "cvr-contest", "kg-precinct"),
    }


@pytest.mark.parametrize("name", LAWS)
def test_an_installed_law_is_named_like_its_file_and_says_where_each_relation_is_from(name):
    law = load_law(LAWS[name])
    assert law.name == name
    for relation in law.relations:
        assert relation.source
        assert relation.blocks is (relation.weight is Weight.HARD)
        if relation.state is Confirmation.DERIVED:
            assert not relation.blocks
            assert relation.source.startswith(("concluded", "article 30 says"))


@pytest.mark.parametrize("name", LAWS)
def test_every_line_of_an_installed_law_can_be_named_in_a_formula(name):
    law = load_law(LAWS[name])
    for line in law.lines:
        parse_formula(f"[{line.number}] = 1", law.vocabulary)


def test_the_commented_template_is_a_law_with_everything(repository):
    law = load_law((repository / "docs/examples/law.toml").read_text(encoding="utf-8"))
    assert [relation.name for relation in law.relations] == ["R1", "R2", "R3", "R4", "R5"]
    assert {relation.state for relation in law.relations} == set(Confirmation)
    assert law.original
    assert law.about
    assert law.not_found
    assert law.groups
    assert law.parameters
    assert law.lines[1].original


SLIPS = {
    "no syntax": ('name = "small"', "name = small", "line 2", "is not TOML"),
    "unknown key": ('name = "small"', 'nam = "small"', "nam", "did you mean 'name'?"),
    "missing title": ('title = "Small"\n', "", "title", "is missing"),
    "empty title": ('title = "Small"', 'title = ""', "title", "1 to 2000 characters"),
    "line number": ('number = "11a"', 'number = "11 a"', "line[1].number", "letters, digits"),
    "line twice": (
        "[[options]]",
        '[[line]]\nnumber = "1"\ntitle = "t"\n[[options]]',
        "line.n",
        "'1' st",
    ),
    "line text": ('title = "Found"', "title = 5", "line[1].title", "must be text in quotes"),
    "reserved": ('name = "votes"', 'name = "sum"', "options[0].name", "must not be sum or each"),
    "group name": ('name = "votes"', 'name = "votes 1"', "options[0].name", "ASCII letters"),
    "same name": (
        "[[options]]",
        '[[options]]\nname = "M"\ntitle = "t"\n[[options]]',
        "options.name",
        "tw",
    ),
    "default": ("default = 1", "default = 0", "parameter[0].default", "from 1 to 1000000"),
    "relation twice": ('name = "R2"', 'name = "R1"', "relation.name", "'R1' stands twice"),
    "relation name": ('name = "R2"', 'name = "≥0"', "relation.name", "letters, digits"),
    "formula": ("[11a] <= [1]", "[11a] <= [2]", "relation[0].holds", "line 1, column 10"),
    "weight": ('weight = "mild"', 'weight = "soft"', "relation[2].weight", "hard, mild"),
    "nature": ('"physical"', '"moral"', "relation[0].nature", "arithmetic, physical"),
    "state": ('state = "derived"', 'state = "known"', "relation[2].state", "not_found"),
    "derived and hard": ('weight = "mild"', 'weight = "hard"', "relation[2].weight", "only a conf"),
    "not found, stated": ('state = "derived"', 'state = "not_found"', "relation[2].holds", "left"),
    "no formula": ('holds = "[11a] <= [1]"\n', "", "relation[0].holds", "is missing"),
    "control letters": ('title = "Small"', 'title = "a\\u001b[2J"', "title", "printed"),
    "long line": ('title = "Small"', f'title = "{"a" * 500}"', "line 3", "wrap it"),
    "long file": ('name = "small"', "#\n" * 40_000, "file", "longer than 65536"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_law_names_its_place_and_the_way_out(slip):
    before, after, field, problem = SLIPS[slip]
    assert before in SMALL
    with pytest.raises(InvalidField, match=re.escape(problem)) as raised:
        load_law(SMALL.replace(before, after, 1))
    assert raised.value.field.startswith(field)


def test_a_line_and_a_file_may_be_as_long_as_is_said():
    longest = SMALL + "\n#" + "x" * 499
    filler = "#\n" * ((LAW_CHARACTERS_MAX - len(longest)) // 2 - 1)
    assert load_law(longest + "\n" + filler).name == "small"
    with pytest.raises(InvalidField, match="is longer than 500 characters"):
        load_law(longest + "x")


@pytest.mark.parametrize(
    ("what", "field", "most"),
    [
        ('[[line]]\nnumber = "{}"\ntitle = "x"\n', "line", 200),
        ('[[options]]\nname = "g{}"\ntitle = "x"\n', "options", 16),
        ('[[parameter]]\nname = "p{}"\ntitle = "x"\n', "parameter", 16),
    ],
)
def test_a_law_has_bounded_parts(what, field, most):
    parts = "".join(what.format(1000 + number) for number in range(most + 1))
    with pytest.raises(InvalidField, match=str(most)) as raised:
        load_law(SMALL + parts)
    assert raised.value.field == field


PARTS = {
    "line.number": lambda: Line("1 a", "t"),
    "line.title": lambda: Line("1", ""),
    "line.original": lambda: Line("1", "t", "\x1b"),
    "options.name": lambda: Group("1", "t"),
    "options.title": lambda: Group("votes", ""),
    "parameter.name": lambda: Parameter("each", "t"),
    "parameter.title": lambda: Parameter("M", "x" * 2_001),
    "parameter.default": lambda: Parameter("M", "t", 1_000_001),
    "relation.title": lambda: Relation("R", "", Confirmation.NOT_FOUND, "s"),
    "relation.source": lambda: Relation("R", "t", Confirmation.NOT_FOUND, ""),
    "relation.holds": lambda: Relation("R", "t", Confirmation.CONFIRMED, "s"),
    "relation.weight": lambda: Relation("R", "t", Confirmation.NOT_FOUND, "s", weight=Weight.HARD),
    "title": lambda: replace(load_law(SMALL), title=""),
    "country": lambda: replace(load_law(SMALL), country=""),
    "source": lambda: replace(load_law(SMALL), source=""),
    "about": lambda: replace(load_law(SMALL), not_found=("\x07",)),
}


@pytest.mark.parametrize("field", PARTS)
def test_no_part_of_a_law_exists_half_valid(field):
    with pytest.raises(InvalidField) as raised:
        PARTS[field]()
    assert raised.value.field == field


def test_a_law_without_lines_or_relations_is_none():
    formula = parse_formula("[1] = 2", load_law(SMALL).vocabulary)
    relation = Relation("R", "T", Confirmation.DERIVED, "s", formula)
    with pytest.raises(InvalidField, match="line: there must be 1 to 200, not 0"):
        Law("n", "t", "c", "s", (), (relation,))
    with pytest.raises(InvalidField, match="relation: there must be 1 to 64, not 0"):
        Law("n", "t", "c", "s", (Line("1", "t"),), ())


def with_formula(text: str) -> str:
    """Return SMALL with a formula over several lines, each as long as a line may be."""
    lines = [text[at : at + 400] for at in range(0, len(text), 400)]
    return SMALL.replace('"[11a] <= [1]"', '"""\n' + "\n".join(lines) + '"""')


def with_relations(formula: str) -> str:
    """Return a law of two hundred lines in which every relation has this formula."""
    head = SMALL.split("[[line]]", maxsplit=1)[0]
    lines = "".join(f'[[line]]\nnumber = "{n}"\ntitle = "t"\n' for n in range(200))
    groups = '[[options]]\nname = "votes"\ntitle = "t"\n'
    relation = SMALL.split("[[relation]]")[1].replace("[11a] <= [1]", formula)
    relations = (f"[[relation]]{relation.replace('R1', f'R{n}')}" for n in range(64))
    return head + lines + groups + "".join(relations)


def hostile_laws() -> dict[str, str]:
    """Return law files made to take time, memory or control."""
    dotted = "\n".join(f"{'.'.join(['a'] * 240)}.b{n} = 1" for n in range(130))
    return {
        "code": SMALL.replace("[11a] <= [1]", "__import__('os').system('touch owned') <= [1]"),
        "deep parentheses": with_formula("(" * 290 + "[1]" + ")" * 290 + " = 1"),
        "signs": with_formula("[1] = " + "-" * 590),
        "powers": with_formula("[1] <= " + "999999999*" * 55 + "9"),
        "doubling": with_formula("[1] <= " + "*".join(["(1+M)"] * 90)),
        "squaring": with_formula("[1] <= " + "*".join(["([1]+M+1)"] * 39)),
        "sums of sums": with_formula("(([1]+M)*(M+1)+[11a])*(M-1)" + "+[1]*M" * 80 + "=1"),
        "deep arrays": "a = " + "\n".join(["[" * 400] * 150),
        "deep tables": "a = " + "{a = " * 90,
        "long keys": dotted[:LAW_CHARACTERS_MAX],
        "one long key": f"{'.'.join(['a'] * 30_000)} = 1",
        "long headers": "\n".join(f"[{'.'.join(['a'] * 240)}.b{n}]" for n in range(130)),
        "long number": f"a = {'9' * 490}",
        "long date": f"a = 1999-01-01T00:00:00.{'9' * 470}Z",
        "open string": 'a = """' + ('"" ' * 120 + "\n") * 150,
        "escapes": ('a = "' + "\\u0061" * 80 + '"\n') * 130,
        "many long relations": with_relations(" + ".join(f"[{n}]" for n in range(60)) + " = 1"),
        "many options": with_relations("[1] = sum(votes)"),
        "every option by itself": with_relations("each(votes) <= [1] + [2] + [3]"),
        "every option broken": with_relations("each(votes) + 1 <= [1]"),
        "options against options": with_relations("each(votes) <= sum(votes)"),
        "too long": "#" * (LAW_CHARACTERS_MAX + 1),
        "one line": "#" * LAW_CHARACTERS_MAX,
        "surrogates": SMALL.replace("Small", "\ud800"),
        "nothing": "",
    }


#: Reads a law from its standard input and binds and judges it, as a command would.
VICTIM = """
import sys
from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.law.binding import bind
from ballotbox_protocol.election.law.judgement import Judge
from ballotbox_protocol.election.law.source import load_law
text = sys.stdin.buffer.read().decode("utf-8", "surrogatepass")
try:
    law = load_law(text)
    options = {group.name: [str(n) for n in range(100)] for group in law.groups}
    bound = bind(law, [line.number for line in law.lines], options, {})
    failures = Judge(bound).failures([7] * len(bound.columns))
except InvalidField as error:
    print("refused:", str(error)[:200].encode("ascii", "replace").decode())
else:
    print("judged:", len(failures))
"""
#: One second is what a law may take; a slow machine that measures others meanwhile has three.
_CPU_SECONDS, _BYTES = 3, 256 * 1024 * 1024


def _limited():
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))


def _judge_in_a_cell(text, tmp_path, program=VICTIM):
    return subprocess.run(
        [sys.executable, "-c", program],
        input=text.encode("utf-8", "surrogatepass"),
        capture_output=True,
        cwd=tmp_path,
        # What measures coverage would take most of the time.
        env={key: value for key, value in os.environ.items() if not key.startswith("COV")},
        preexec_fn=_limited,
        check=False,
    )


@pytest.mark.parametrize("name", hostile_laws())
def test_a_hostile_law_runs_nothing_and_ends_soon(name, tmp_path):
    """The kernel ends the process at three seconds of processor time or 256 MiB."""
    done = _judge_in_a_cell(hostile_laws()[name], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith((b"refused:", b"judged:")), done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.teeth
def test_the_cell_ends_a_reader_without_bounds(tmp_path):
    """The control: the same file, read by the TOML library alone, takes more than its seconds."""
    keys = "\n".join(f"{'.'.join(['a'] * 10_000)}.b{n} = 1" for n in range(3))
    unbounded = "import sys, tomllib; tomllib.loads(sys.stdin.read()); print('judged: 0')"
    assert _judge_in_a_cell(keys, tmp_path, unbounded).returncode != 0
    assert _judge_in_a_cell(keys, tmp_path).stdout.startswith(b"refused: line 1: is longer")


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 30), st.text(max_size=8))
def test_any_damage_to_a_law_is_read_or_refused_by_name(at, cut, put):
    law = _law_or_refusal(SMALL[:at] + put + SMALL[at + cut :])
    assert law.field if isinstance(law, InvalidField) else law.relations


def _law_or_refusal(text):
    try:
        return load_law(text)
    except InvalidField as error:
        return error
