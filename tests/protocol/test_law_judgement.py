"""Does a law see every change it covers, by name, say what would mend it, and admit the rest?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_protocol.election.identifiers import COUNT_MAX, InvalidField
from ballotbox_protocol.election.law import binding
from ballotbox_protocol.election.law.binding import NOT_BELOW_ZERO, Column, bind
from ballotbox_protocol.election.law.formula import Comparison
from ballotbox_protocol.election.law.judgement import Judge, Outcome
from ballotbox_protocol.election.law.law import Mark, Nature
from ballotbox_protocol.election.law.source import load_law
from tests.protocol.laws import LAWS, SMALL, bind_all, bound, sound_protocols

BOUND = {name: bound(name) for name in LAWS}
JUDGES = {name: Judge(law) for name, law in BOUND.items()}
#: The last column of a law is the one that votes stand in.
DUMA = BOUND["ru-state-duma"]

laws_with_protocols = st.sampled_from(sorted(LAWS)).flatmap(
    lambda name: st.tuples(st.just(name), sound_protocols(name))
)


def of_law(law, holds, weight="hard"):
    """Return SMALL with one relation of this formula."""
    relation = f"""
[[relation]]
name = "T"
title = "Test"
holds = "{holds}"
weight = "{weight}"
nature = "physical"
state = "confirmed"
source = "made for tests"
"""
    return load_law(law.split("[[relation]]")[0] + relation)


def names(failures):
    return [failure.relation.name for failure in failures]


@given(laws_with_protocols)
def test_a_sound_protocol_breaks_nothing(drawn):
    name, protocol = drawn
    assert JUDGES[name].failures(protocol) == ()
    assert set(JUDGES[name].outcomes(protocol)) == {Outcome.HELD}


@given(laws_with_protocols, st.sampled_from([-1, 1]), st.data())
def test_one_more_or_less_in_any_line_of_an_equation_is_caught_by_its_name(drawn, step, data):
    """Every relation with = that covers the number says so, whichever number is off."""
    name, protocol = drawn
    law = BOUND[name]
    column = data.draw(st.integers(0, len(law.columns) - 1))
    changed = list(protocol)
    changed[column] += step
    caught = set(names(JUDGES[name].failures(changed)))
    covering = {
        equation.relation.name
        for equation in law.equations
        if equation.formula.comparison is Comparison.EQUAL and column in equation.columns
    }
    assert covering <= caught
    if changed[column] < 0:
        assert "≥0" in caught


def test_every_number_that_its_data_has_is_covered_by_some_equation_of_the_duma_protocol():
    equal = [e for e in DUMA.equations if e.formula.comparison is Comparison.EQUAL]
    covered = {column for equation in equal for column in equation.columns}
    # Line 1 stands in an inequality alone: the list may hold any number of voters who stay away.
    assert {str(DUMA.columns[at]) for at in range(len(DUMA.columns))} - {
        str(DUMA.columns[at]) for at in covered
    } == {"[1]"}


@given(laws_with_protocols, st.data())
def test_two_options_exchanged_are_invisible_and_the_law_says_so(drawn, data):
    name, protocol = drawn
    law = BOUND[name]
    group = data.draw(st.sampled_from([g for g in law.blind_groups() if len(g) > 1] or [()]))
    if not group:
        return
    first, second = (law.columns.index(column) for column in group[:2])
    changed = list(protocol)
    changed[first], changed[second] = changed[second], changed[first]
    assert JUDGES[name].failures(changed) == ()


@pytest.mark.parametrize("name", sorted(set(LAWS) - {"bg-parliament"}))
def test_the_options_of_each_group_are_told_to_be_exchangeable(name):
    for law_group in BOUND[name].law.groups:
        options = {Column(law_group.name, option) for option in "abc"}
        assert any(options <= set(group) for group in BOUND[name].blind_groups())


@pytest.mark.teeth
def test_a_relation_that_tells_options_apart_takes_them_out_of_what_is_exchangeable():
    law = of_law(SMALL, "sum(votes) = [1]")
    law_with_one_more = of_law(SMALL, "[11a] = [1]")
    votes = tuple(Column("votes", option) for option in "abc")
    assert votes in bind_all(law).blind_groups()
    assert bind_all(law_with_one_more).uncovered() == votes


def test_a_line_that_no_relation_reads_is_not_exchangeable_with_options_that_are_asked():
    """Both have no place in a sum; only asking each option tells them apart."""
    law = bind_all(of_law(SMALL, "each(votes) <= [1]"))
    assert law.blind_groups() == (tuple(Column("votes", option) for option in "abc"),)
    assert law.uncovered() == (Column("11a"),)


@given(laws_with_protocols, st.integers(-50, 50), st.data())
def test_a_correction_mends_what_it_says_and_leaves_what_it_says(drawn, step, data):
    name, protocol = drawn
    law, judge = BOUND[name], JUDGES[name]
    column = data.draw(st.integers(0, len(law.columns) - 1))
    changed = list(protocol)
    changed[column] = max(0, changed[column] + step)
    for failure in judge.failures(changed):
        assert failure.excess == failure.left - failure.right
        for correction in failure.corrections:
            mended = list(changed)
            at = law.columns.index(correction.column)
            assert mended[at] == correction.old
            mended[at] = correction.new
            still = [(each.relation.name, each.option) for each in judge.failures(mended)]
            assert (failure.relation.name, failure.option) not in still
            assert set(correction.leaves) == {relation for relation, _ in still}


@given(sound_protocols("ru-state-duma"), st.integers(1, 50))
def test_the_number_that_was_wrong_is_the_first_that_is_proposed(protocol, step):
    """Line 10 stands in two equations; only changing it back mends both."""
    at = DUMA.columns.index(Column("10"))
    protocol[at] += step
    failures = JUDGES["ru-state-duma"].failures(protocol)
    assert names(failures) == ["R3", "R4"]
    for failure in failures:
        best = failure.corrections[0]
        assert (best.column, best.new, best.leaves) == (Column("10"), protocol[at] - step, ())


def test_a_failure_reads_as_a_sentence():
    judge = Judge(bind_all(load_law(SMALL)))
    failures = judge.failures([10, 12, 5, 4, 3])
    (failure,) = failures
    assert str(failure) == (
        "R1, [11a] <= [1]: 12 is 2 more than 10 ([1] 10, [11a] 12); would mend it: "
        "[1] 12 instead of 10; [11a] 10 instead of 12, but R2 would be broken"
    )
    assert judge.failures([10, 4, 0, 5, 0])[-1].option == "votes b"
    few = (
        "R2, sum(votes) = M * [11a]: 5 is 1 more than 4 ([11a] 4, votes a 0, votes b 5, votes c 0)"
    )
    assert str(judge.failures([10, 4, 0, 5, 0])[0]).startswith(few)


def test_a_long_failure_is_cut_and_says_so():
    law = bind_all(load_law(SMALL), tuple(f"o{number}" for number in range(30)))
    failure, *_ = Judge(law).failures([100, 50, *[1] * 30])
    assert "votes o10 1 and 19 more)" in str(failure)


def test_a_number_that_several_broken_relations_share_is_tried_before_many_others():
    law = bind_all(load_law(SMALL), tuple(f"o{number}" for number in range(20)))
    failures = Judge(law).failures([10, 12, *[1] * 10, *[0] * 10])
    assert names(failures) == ["R1", "R2"]
    for failure in failures:
        assert str(failure.corrections[0]) == "[11a] 10 instead of 12"


def test_nothing_is_proposed_where_no_single_number_mends_it():
    law = bind_all(of_law(SMALL, "2 * [1] = 2 * [11a] + 1"))
    failure, *_ = Judge(law).failures([3, 3, 0, 0, 0])
    assert failure.corrections == ()
    assert str(failure).endswith("6 is 1 less than 7 ([1] 3, [11a] 3)")


def test_a_correction_never_goes_below_zero_or_beyond_what_can_be_counted():
    law = bind_all(of_law(SMALL, "[1] + 5 <= [11a]"))
    (failure,) = Judge(law).failures([0, 3, 0, 0, 0])
    assert [(str(c.column), c.new) for c in failure.corrections] == [("[11a]", 5)]
    most = [0, COUNT_MAX, 0, 0, 0]
    (failure,) = Judge(bind_all(of_law(SMALL, "[11a] <= [1]"))).failures(most)
    assert {each.new for each in failure.corrections} == {COUNT_MAX, 0}
    (failure,) = Judge(bind_all(of_law(SMALL, "[11a] + 1 <= [1]"))).failures(most)
    assert failure.corrections == ()
    far = bind_all(of_law(SMALL, "1000000000 * [1] = [11a]"))
    (failure,) = Judge(far).failures([3, 3, 0, 0, 0])
    assert failure.corrections == ()


@pytest.mark.parametrize(
    ("holds", "row", "corrections"),
    [
        ("2 * [1] >= 9", [3, 0], [("[1]", 5)]),
        ("2 * [1] <= 9", [7, 0], [("[1]", 4)]),
        ("1000 * [11a] <= 1001 * [1]", [999, 1001], [("[11a]", 999), ("[1]", 1000)]),
        ("3 * [11a] = 2 * [1]", [4, 2], [("[1]", 3)]),
    ],
)
def test_a_correction_is_the_smallest_whole_number_that_is_enough(holds, row, corrections):
    (failure,) = Judge(bind_all(of_law(SMALL, holds))).failures([*row, 0, 0, 0])
    found = [(str(each.column), each.new) for each in failure.corrections]
    assert sorted(found) == sorted(corrections)


@pytest.mark.parametrize(
    ("holds", "row", "broken"),
    [
        ("[1] = [11a]", [3, 3], False),
        ("[1] = [11a]", [3, 4], True),
        ("[1] <= [11a]", [3, 3], False),
        ("[1] <= [11a]", [4, 3], True),
        ("[1] >= [11a]", [3, 3], False),
        ("[1] >= [11a]", [3, 4], True),
        ("[1] - 1 >= [11a]", [3, 3], True),
        ("-[1] + 7 >= 2 * [11a]", [1, 3], False),
        ("-[1] + 7 >= 2 * [11a]", [2, 3], True),
        ("2 * ([1] - [11a]) = 4", [5, 3], False),
        ("2 * ([1] - [11a]) = 4", [5, 4], True),
        ("3 <= [1]", [2, 0], True),
        ("3 <= [1]", [3, 0], False),
    ],
)
def test_a_relation_breaks_exactly_beyond_its_edge(holds, row, broken):
    judge = Judge(bind_all(of_law(SMALL, holds)))
    protocol = [*row, 0, 0, 0]
    assert judge.broken(protocol) == ([0] if broken else [])
    assert names(judge.failures(protocol)) == (["T"] if broken else [])


@pytest.mark.parametrize("holds", ["each(votes) <= [1]", "[1] >= each(votes)"])
def test_an_option_that_breaks_a_relation_is_named(holds):
    judge = Judge(bind_all(of_law(SMALL, holds)))
    failures = judge.failures([5, 0, 5, 6, 9])
    assert [(each.option, abs(each.excess)) for each in failures] == [
        ("votes b", 1),
        ("votes c", 4),
    ]


@pytest.mark.parametrize("holds", ["each(votes) <= [1]", "[1] >= each(votes)"])
def test_the_failure_of_an_option_has_its_own_numbers_and_corrections_alone(holds):
    (failure,) = Judge(bind_all(of_law(SMALL, holds))).failures([5, 0, 5, 4, 9])
    assert failure.lines == ((Column("1"), 5), (Column("votes", "c"), 9))
    found = {(str(each.column), each.new) for each in failure.corrections}
    assert found == {("[1]", 9), ("votes c", 5)}


@given(st.lists(st.integers(0, 9), min_size=3, max_size=3), st.integers(0, 9))
def test_the_extremes_decide_for_every_option(votes, limit):
    """The quick test of each(...) against asking every option."""
    for sign, holds in (("<=", int.__le__), (">=", int.__ge__), ("=", int.__eq__)):
        judge = Judge(bind_all(of_law(SMALL, f"each(votes) {sign} [1]")))
        wrong = [vote for vote in votes if not holds(vote, limit)]
        assert bool(judge.broken([limit, 0, *votes])) is bool(wrong)
        assert len(judge.failures([limit, 0, *votes])) == len(wrong)


def test_a_marked_number_leaves_its_relations_undecided_and_the_others_judged():
    judge = Judge(bind_all(load_law(SMALL)))
    said = dict(
        zip(["R1", "R2", "R3", "≥0"], judge.outcomes([Mark.ILLEGIBLE, 3, 1, 1, 2]), strict=True)
    )
    assert said == {
        "R1": Outcome.UNDECIDED,
        "R2": Outcome.BROKEN,
        "R3": Outcome.HELD,
        "≥0": Outcome.HELD,
    }
    (failure,) = judge.failures([Mark.ILLEGIBLE, 3, 1, 1, 2])
    assert failure.relation.name == "R2"
    assert judge.outcomes([5, 3, 1, Mark.NO_DATA, 2])[1:3] == (Outcome.UNDECIDED,) * 2


def test_a_number_below_zero_is_a_finding_even_when_it_makes_the_sum_come_out_right():
    law = BOUND["bg-parliament"]
    protocol = [0] * len(law.columns)
    for line, value in (("distributed", 157), ("unused", -4), ("destroyed", 4)):
        protocol[law.columns.index(Column(line))] = value
    for line in ("urn_paper", "valid_paper", "voted", "registered"):
        protocol[law.columns.index(Column(line))] = 157
    (failure,) = JUDGES["bg-parliament"].failures(protocol)
    assert failure.relation is NOT_BELOW_ZERO
    assert (failure.option, failure.excess) == ("[unused]", -4)
    assert failure.relation.nature is Nature.ARITHMETIC


@pytest.mark.teeth
def test_without_that_law_the_number_below_zero_goes_unseen(monkeypatch):
    never = binding.Equation(
        NOT_BELOW_ZERO,
        NOT_BELOW_ZERO.formula,
        binding.Side(0, {}, {}),
        binding.Side(0, {}, {}),
        (),
        (),
    )
    monkeypatch.setattr(binding, "_not_below_zero", lambda _columns: never)
    judge = Judge(bind_all(load_law(SMALL)))
    assert judge.failures([3, 3, -4, 4, 3]) != ()
    assert "≥0" not in names(judge.failures([3, 3, -4, 4, 3]))


def test_a_relation_over_what_the_protocol_does_not_have_is_not_judged_and_says_why():
    law = load_law(SMALL)
    found = bind(law, ["1"], {}, {})
    assert [(each.relation.name, each.why) for each in found.unjudged] == [
        ("R1", "the protocols do not have [11a]"),
        ("R2", "the protocols do not have sum(votes), [11a]"),
        ("R3", "the protocols do not have each(votes), [11a]"),
    ]
    assert found.uncovered() == (Column("1"),)
    president = BOUND["ru-president"]
    assert [(u.relation.name, u.why) for u in president.unjudged] == [("R2", "no source states it")]


@pytest.mark.parametrize(
    ("lines", "options", "parameters", "field", "problem"),
    [
        (["1", "9"], {}, {}, "lines.9", "no line"),
        (["1", "1"], {}, {}, "lines.1", "twice"),
        ([], {}, {}, "lines", "1 to 1024"),
        (["1"], {"ballots": ["a"]}, {}, "options.ballots", "no group"),
        (["1"], {"votes": []}, {}, "options.votes", "1 to 1024"),
        (["1"], {"votes": ["a", "a"]}, {}, "options.votes", "twice"),
        (["1"], {"votes": ["a"]}, {"N": 1}, "parameters.N", "no parameter"),
        (["1"], {"votes": ["a"]}, {"M": 0}, "parameters.M", "from 1 to"),
        (["1"], {"votes": [str(n) for n in range(1024)]}, {}, "lines", "1 to 1024 columns"),
    ],
)
def test_a_map_that_does_not_fit_names_its_entry(lines, options, parameters, field, problem):
    with pytest.raises(InvalidField, match=problem) as raised:
        bind(load_law(SMALL), lines, options, parameters)
    assert raised.value.field == field


def test_a_parameter_without_a_default_must_be_given():
    law = load_law(SMALL.replace("default = 1\n", ""))
    with pytest.raises(InvalidField, match="leaves it to each election") as raised:
        bind(law, ["1"], {"votes": ["a"]}, {})
    assert raised.value.field == "parameters.M"
    assert bind(law, ["1"], {}, {"M": 1_000_000}).columns == (Column("1"),)
    judge = Judge(bind(law, ["11a"], {"votes": ["a", "b"]}, {"M": 2}))
    assert judge.failures([5, 5, 5]) == ()
    assert names(judge.failures([5, 5, 4])) == ["R2"]


def test_the_work_that_a_law_can_ask_for_is_bounded():
    law = of_law(SMALL, "each(votes) <= sum(votes)")
    with pytest.raises(InvalidField, match="too many for this law"):
        bind_all(law, tuple(map(str, range(300))))


def test_a_protocol_that_breaks_everything_asks_for_a_bounded_number_of_trials(monkeypatch):
    tried = []
    judge = Judge(bind_all(load_law(SMALL), tuple(map(str, range(300)))))
    real = Judge.breaks
    monkeypatch.setattr(
        Judge, "breaks", lambda self, at, counts: tried.append(at) or real(self, at, counts)
    )
    failures = judge.failures([0, 0, *[5] * 300])
    assert len(failures) == 301
    assert len(tried) <= 64 * len(judge.bound.equations)
