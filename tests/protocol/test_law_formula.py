"""Does a formula mean what it says, and does every slip in one name its line and column?"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.law.binding import bind
from ballotbox_protocol.election.law.formula import (
    Comparison,
    Operand,
    Take,
    Term,
    Vocabulary,
    parse_formula,
)
from ballotbox_protocol.election.law.judgement import Judge
from ballotbox_protocol.election.law.law import Confirmation, Group, Law, Line, Parameter, Relation
from ballotbox_protocol.election.law.tokens import FORMULA_CHARACTERS_MAX, InvalidFormula

KNOWN = Vocabulary(
    lines=frozenset({"1", "2", "11a", "11д", "APTO"}),
    groups=frozenset({"votes", "others"}),
    parameters=frozenset({"M", "N"}),
)


def test_a_formula_is_read_into_its_terms():
    read = parse_formula("[1] − 2*M*sum(votes) ≤ 7 + (3 - [11д]) * 2", KNOWN)
    assert read.comparison is Comparison.AT_MOST
    assert read.left == (
        Term(1, (), Operand(Take.LINE, "1")),
        Term(-2, ("M",), Operand(Take.SUM, "votes")),
    )
    assert read.right == (Term(13, (), None), Term(-2, (), Operand(Take.LINE, "11д")))
    assert [str(each) for each in read.operands] == ["[1]", "sum(votes)", "[11д]"]


def test_products_of_sums_are_multiplied_out():
    read = parse_formula("(M + 2) * (M + 3) * ([1] - 4) = 0", KNOWN)
    line = Operand(Take.LINE, "1")
    assert set(read.left) == {
        Term(1, ("M", "M"), line),
        Term(5, ("M",), line),
        Term(6, (), line),
        Term(-4, ("M", "M"), None),
        Term(-20, ("M",), None),
        Term(-24, (), None),
    }


@pytest.mark.parametrize(("sign", "same"), [("≤", "<="), ("≥", ">="), ("−[1] + 9 =", "-[1] + 9 =")])
def test_a_sign_may_be_written_as_it_is_printed(sign, same):
    printed, typed = (
        parse_formula(f"{each} [2]", KNOWN)
        if "[1]" in each
        else parse_formula(f"[1] {each} [2]", KNOWN)
        for each in (sign, same)
    )
    assert (printed.left, printed.comparison) == (typed.left, typed.comparison)


def test_parentheses_that_are_closed_again_nest_nothing():
    assert parse_formula("+".join(["([1])"] * 20) + " = 1", KNOWN).left[0].factor == 20


SLIPS = {
    "": (1, 1, "a line, a number or a name is expected, not the end of the formula"),
    "[1]": (1, 4, "a comparison is expected (=, <= or >=), not the end of the formula"),
    "[1] + [2]": (1, 10, "a comparison is expected"),
    "[1] = ": (1, 7, "expected, not the end of the formula"),
    "[1] =\n  [9]": (2, 3, "there is no line [9]; known: 1, 11a, 11д, 2, APTO"),
    "[1] = [2] = [2]": (1, 11, "'=' is too much: the relation is complete before it"),
    "[1] = [2] [2]": (1, 11, "[2] is too much"),
    "[1] < [2]": (1, 5, "write <=, >= or ="),
    "[1] == [2]": (1, 6, "expected, not '='"),
    "[1] = 1.5": (1, 8, "'.' has no meaning here"),
    "[1] = [": (1, 7, "a line is written as its number in brackets"),
    "[1] = [2": (1, 7, "a line is written as its number in brackets"),
    "[1] = votes": (1, 7, "a group of options, not a count; write sum(votes) or each(votes)"),
    "[1] = total": (1, 7, "there is no parameter 'total'; known: M, N"),
    "[1] = sum votes": (1, 11, "'(' is expected, not 'votes'"),
    "[1] = sum(votes": (1, 16, "')' is expected, not the end of the formula"),
    "[1] = sum(M)": (1, 11, "there is no group of options 'M'; known: others, votes"),
    "[1] = sum([1])": (1, 11, "there is no group of options [1]"),
    "[1] = ([2]": (1, 11, "')' is expected"),
    "[1] * [2] = 3": (1, 5, "a count cannot be multiplied by a count"),
    "[1] = [2] * sum(votes)": (1, 11, "a count cannot be multiplied by a count"),
    "2 * M = 4": (1, 1, "no line or option is left in it"),
    "[1] = [1]": (1, 1, "no protocol can break it"),
    "0 * [1] = 0": (1, 1, "no protocol can break it"),
    "each(votes) = each(others)": (
        1,
        1,
        "only one group can be asked by itself, not each(votes) and each(others)",
    ),
    "[1] = 1000000001": (1, 7, "a number is at most 1000000000"),
    "[1] = 99999999999999999999": (1, 7, "a number is at most 1000000000"),
    "1000000000 * [1] * 2 = 3": (1, 18, "a factor grows beyond 1000000000 here"),
    "[1] = M * M * N * N": (1, 17, "more than 3 parameters"),
    "[1] = 1; import os": (1, 8, "';' has no meaning here"),
    "[1] = __import__(2)": (1, 7, "'_' has no meaning here"),
    "[1] = os(2)": (1, 7, "there is no parameter 'os'"),
    "[1] = *": (1, 7, "a line, a number or a name is expected, not '*'"),
    "[1] = " + "(" * 17 + "2" + ")" * 17: (1, 23, "nested deeper than 16"),
    "[1]" + "+[1]" * 150: (1, 1, f"longer than {FORMULA_CHARACTERS_MAX} characters"),
}


@pytest.mark.parametrize("text", SLIPS)
def test_a_slip_names_its_place_and_the_way_out(text):
    line, column, problem = SLIPS[text]
    with pytest.raises(InvalidFormula, match=re.escape(problem)) as raised:
        parse_formula(text, KNOWN)
    assert (raised.value.line, raised.value.column) == (line, column)
    assert str(raised.value).startswith(f"line {line}, column {column}: ")


def test_a_sum_of_too_many_terms_is_refused():
    many = Vocabulary(frozenset(map(str, range(200))), frozenset(), frozenset())
    text = "+".join(f"[{number}]" for number in range(65)) + "=1"
    with pytest.raises(InvalidFormula, match="more than 64 terms"):
        parse_formula(text, many)
    parse_formula(text.replace("+[63]+[64]", ""), many)


def test_an_unknown_name_where_nothing_is_known_says_none():
    with pytest.raises(InvalidFormula, match="known: none"):
        parse_formula("[1] = x", Vocabulary(frozenset("1"), frozenset(), frozenset()))


def numbers():
    """Formulas of numbers alone, as text."""
    return st.recursive(
        st.one_of(st.integers(0, 9).map(str), st.just("M")),
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        max_leaves=3,
    )


def counts():
    """Sums of lines and options, as text."""
    atoms = st.sampled_from(["[1]", "[2]", "[11a]", "sum(votes)"])
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from("+-"), inner),
            st.builds("{} * {}".format, numbers(), inner.map("({})".format)),
            st.builds("(-{} + {})".format, inner.map("({})".format), numbers()),
        ),
        max_leaves=6,
    )


def python_value(text, values, marks_allowed):
    """The oracle: the same text as Python, its names looked up in a table."""
    text = re.sub(r"\[(\w+)\]", r"line['\1']", text).replace("sum(votes)", "votes")
    names = {"line": values, "votes": values["votes"], "M": marks_allowed}
    return eval(text, {"__builtins__": {}}, names)


@given(counts(), st.sampled_from(["=", "<=", ">="]), counts(), st.data())
def test_a_formula_means_what_python_makes_of_it(left, sign, right, data):
    text = f"{left} {sign} {right}"
    law_lines = tuple(Line(number, "a line") for number in ("1", "2", "11a"))
    formula = _read(text)
    if isinstance(formula, InvalidFormula):
        bounded = ("no protocol can break", "parameters", "longer than", "beyond", "nested")
        assert any(word in formula.problem for word in bounded)
        return
    relation = Relation("T", "Test", Confirmation.DERIVED, "made", formula)
    groups = (Group("votes", "Votes"),)
    law = Law("t", "T", "x", "made", law_lines, (relation,), groups, (Parameter("M", "Marks"),))
    marks_allowed = data.draw(st.integers(1, 4))
    judge = Judge(bind(law, ["1", "2", "11a"], {"votes": ["a", "b"]}, {"M": marks_allowed}))
    row = data.draw(st.lists(st.integers(0, 50), min_size=5, max_size=5))
    values = {"1": row[0], "2": row[1], "11a": row[2], "votes": row[3] + row[4]}
    sides = [python_value(side, values, marks_allowed) for side in (left, right)]
    compare = {"=": int.__eq__, "<=": int.__le__, ">=": int.__ge__}[sign]
    assert judge.broken(row) == ([] if compare(*sides) else [0])
    for failure in judge.failures(row):
        assert [failure.left, failure.right] == sides


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_at_a_place_within_it(text):
    _read_or_refused(text)


SIGNS = ["+", "-", "*", "=", "<=", ">=", "[", "−", " ", "\n"]
WORDS = ["[1]", "[2]", "sum(", "each(", "votes", ")", "(", "M", "7", *SIGNS]


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
def test_any_row_of_words_is_read_or_refused_at_a_place_within_it(text):
    _read_or_refused(text)


def _read(text):
    try:
        return parse_formula(text, KNOWN)
    except InvalidFormula as error:
        return error


def _read_or_refused(text):
    read = _read(text)
    if isinstance(read, InvalidFormula):
        lines = text.split("\n")
        assert 1 <= read.line <= len(lines)
        assert 1 <= read.column <= len(lines[read.line - 1]) + 1
    else:
        assert read.operands
