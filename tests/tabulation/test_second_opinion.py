"""Does an error in either of two computations stop the publication, and is its place named?"""

from copy import deepcopy
from dataclasses import replace

import pytest

from ballotbox_protocol.election.counters import COUNTER_NAMES
from ballotbox_protocol.wire.verdict import Verdict
from ballotbox_tabulation.core import evidence, fold, numbers_text, publication, totals
from ballotbox_tabulation.core.box_documents import _BoxText
from ballotbox_tabulation.core.gates import Gate
from ballotbox_tabulation.core.history import BoxHistory, Standing
from ballotbox_tabulation.core.outcome import Published, Refused
from ballotbox_tabulation.core.precinct_documents import PrecinctDocuments
from ballotbox_tabulation.second import questions
from ballotbox_tabulation.second.comparing import BESIDE, differences
from ballotbox_tabulation.second.computation import counted_again
from ballotbox_tabulation.second.finals import STEPS
from tests.tabulation.counted_twice import opened, opinion, publish, result_of
from tests.tabulation.long_night import long_night


@pytest.fixture(scope="module")
def night():
    return long_night()


def test_a_night_in_which_everything_happened_is_published(night):
    outcome_ = publish(night)
    assert isinstance(outcome_, Published), outcome_
    boxes = outcome_.result["boxes"]
    assert {state: len(each) for state, each in boxes.items()} == {
        "counted": 6, "missing": 2, "held": 1, "quarantined": 3, "disputed": 1, "unused": 1
    }  # fmt: skip


def places(night):
    """Where the second computation disagrees; the result must be refused."""
    refused = publish(night)
    assert isinstance(refused, Refused)
    assert not refused.faults
    return [each.where for each in refused.gates if each.gate is Gate.SECOND]


# ---- the first computation errs


def _corrections_forgotten(patch):
    patch.setattr(fold, "_sort_corrections", lambda _finals, _corrections: ([], set()))


def _every_correction_in_force(patch):
    patch.setattr(fold, "_sort_corrections", lambda _finals, corrections: (corrections, set()))


def _no_dispute(patch):
    patch.setattr(BoxHistory, "disputed", property(lambda _self: False))


def _cut_off_branch_counts(patch):
    accepted = property(lambda self: self.verdict is Verdict.ACCEPTED)
    patch.setattr(Standing, "counts", accepted)
    patch.setattr(BoxHistory, "doubled", lambda _self: iter(()))
    honest = fold._state

    def state(history, finals, *, expected):
        for each in finals:
            each.superseded = False
        return honest(history, finals, expected=expected)

    patch.setattr(fold, "_state", state)


def _unused_is_missing(patch):
    honest = fold._state
    patch.setattr(
        fold, "_state", lambda history, finals, **_: honest(history, finals, expected=True)
    )


def _closed_entries_stay_open(patch):
    patch.setattr(evidence.Evidence, "_objection", lambda _self, report: report.objection)


def _every_count_twice(patch):
    """The formula that adds two rows twice, and does so everywhere alike: 150 % with sound sums."""
    honest = fold._count

    def count(final, used):
        found = honest(final, used)
        doubled = [2 * value for value in _of(found.counters)]
        return replace(
            found,
            row=tuple(2 * value for value in found.row),
            counters=fold.Counters(*doubled),
            final_counters=fold.Counters(*doubled),
        )

    patch.setattr(fold, "_count", count)


def _of(counters):
    return [getattr(counters, name) for name in COUNTER_NAMES]


def _a_precinct_left_out(patch):
    honest = totals.Totals.add

    def add(self, boxes):
        before = self._nation
        honest(self, boxes)
        if before.expected == 0:
            self._nation = before

    patch.setattr(totals.Totals, "add", add)


def _shares_rounded_up(patch):
    def share(part, base):
        return f"{-(-part * 10_000 // base) / 100:.2f}" if base else ""

    patch.setattr(publication, "share_percent", share)


def _half_reported_precincts_in_the_turnout(patch):
    honest = PrecinctDocuments.add

    def add(self, each):
        before = self._complete
        honest(self, each)
        if each.total.counters is not None and self._complete is before:
            told = (
                1,
                each.precinct.registered,
                each.total.counters[totals.SUMMED.index("ballots")],
            )
            self._complete = [one + more for one, more in zip(before, told, strict=True)]

    patch.setattr(PrecinctDocuments, "add", add)


def _names_of_options_swapped(patch):
    honest = publication._contest_in_full

    def contest(given, tally):
        first, second, *rest = given.options
        return honest(replace(given, options=(second, first, *rest)), tally)

    patch.setattr(publication, "_contest_in_full", contest)


def _blank_and_overvotes_swapped(patch):
    honest = numbers_text._of_contest

    def contest(span):
        pattern, (ballots, blank, overvotes, *rest) = honest(span)
        return pattern, [ballots, overvotes, blank, *rest]

    patch.setattr(numbers_text, "_of_contest", contest)


def _leaves_counted_twice(patch):
    honest = fold.Fold.standings

    def standings(self):
        found = honest(self)
        return replace(found, rulings=2 * found.rulings)

    patch.setattr(fold.Fold, "standings", standings)


def _precincts_named_by_their_neighbours(patch):
    honest = totals.Totals._total

    def total(self, at):
        found, neighbour = honest(self, at), self._precincts[{0: 1, 1: 0}.get(at, at)]
        return found._replace(precinct=replace(found.precinct, name=neighbour.name))

    patch.setattr(totals.Totals, "_total", total)


def _waits_for_the_wrong_report(patch):
    patch.setattr(BoxHistory, "first_missing", lambda _self: 0)


def _written_otherwise(patch, text, name, before, after):
    honest = getattr(text, name)
    patch.setattr(text, name, lambda self, each: honest(self, each).replace(before, after, 1))


def _a_key_twice_in_a_box(patch):
    """Its first value is another one: a reader who takes that is told of another precinct."""
    _written_otherwise(patch, _BoxText, "of", '"precinct":', '"precinct":99,"precinct":')


def _a_key_twice_in_a_precinct(patch):
    change = '"registered":', '"registered":7,"registered":'
    _written_otherwise(patch, PrecinctDocuments, "_text", *change)


def _a_space_in_a_box(patch):
    _written_otherwise(patch, _BoxText, "of", '"precinct":', '"precinct": ')


def _no_is_said_as_zero(patch):
    _written_otherwise(patch, _BoxText, "of", '"ruled":false', '"ruled":0')


#: What is planted, and a place that the refusal must name.
FIRST = {
    _a_key_twice_in_a_box: "form",
    _a_key_twice_in_a_precinct: "precinct 1, form",
    _a_space_in_a_box: "form",
    _no_is_said_as_zero: "ruled",
    _corrections_forgotten: "precinct 1, Parliament, district seat, votes of A. Asanova",
    _every_correction_in_force: "precinct 1, Parliament, district seat, votes of A. Asanova",
    _no_dispute: "disputed box",
    _cut_off_branch_counts: "missing box",
    _unused_is_missing: "boxes_expected",
    _closed_entries_stay_open: "precinct 7, boxes_counted",
    _every_count_twice: "nation, counters, ballots",
    _a_precinct_left_out: "nation, boxes_counted",
    _shares_rounded_up: "share_percent",
    _half_reported_precincts_in_the_turnout: "nation, turnout, precincts",
    _names_of_options_swapped: "nation",
    _blank_and_overvotes_swapped: "precinct 1",
    _leaves_counted_twice: "log, leaves, rulings",
    _precincts_named_by_their_neighbours: "precinct 1, name",
    _waits_for_the_wrong_report: "waiting_for",
}


@pytest.mark.teeth
@pytest.mark.parametrize("plant", FIRST, ids=lambda plant: plant.__name__.strip("_"))
def test_an_error_in_the_first_computation_stops_publication(night, monkeypatch, plant):
    plant(monkeypatch)
    assert any(FIRST[plant] in where for where in places(night)), places(night)


# ---- the second computation errs


#: The step, what stands in it, what is put there instead, and a place that the refusal must name.
SECOND = {
    "corrections are forgotten": (
        "counted",
        "coalesce(corrected.number, final.number)",
        "final.number",
        "precinct 1, Parliament, district seat, votes of A. Asanova",
    ),
    "every correction is in force": (
        "correction",
        "WHEN next.ruled OR",
        "WHEN 1 OR",
        "counted box",
    ),
    "nothing is disputed": ("box", "disputed.box IS NOT NULL", "0", "disputed box"),
    "what is cut off counts": (
        "replay",
        "SET aside = 1 WHERE number IN",
        "SET aside = 0 WHERE number IN",
        "missing box",
    ),
    "unused boxes are awaited": (
        "box",
        "max(entry.closed_as IS NOT 'unused')",
        "1",
        "boxes_expected",
    ),
    "closed entries stay open": ("objection", "closed_from <= first", "0", "precinct 7"),
    "any length of votes is counted": (
        "objection",
        "paper.width <> (SELECT width FROM setting)",
        "0",
        "objections",
    ),
    "one officer is enough": ("objection", "NOT paper.consented", "0", "nation"),
    "the first leaf decides": ("known", "max(leaf) AS newest", "min(leaf) AS newest", "held box"),
    "held hides quarantined": ("box", "WHEN verdicts.quarantined", "WHEN 0", "quarantined box"),
    "releases are not seen": (
        "standing",
        "coalesce(event.objection, event.reason)",
        "'in_order'",
        "ruled",
    ),
    "the latest correction is taken for misplaced": (
        "listed",
        "number IS NOT standing.number",
        "1",
        "reports",
    ),
}


@pytest.mark.teeth
@pytest.mark.parametrize("error", SECOND)
def test_an_error_in_the_second_computation_stops_publication(night, monkeypatch, error):
    step, right, wrong, place = SECOND[error]
    assert STEPS[step].count(right) >= 1
    monkeypatch.setitem(STEPS, step, STEPS[step].replace(right, wrong))
    assert any(place in where for where in places(night)), places(night)


QUESTIONS = {
    "a turnout of half reported precincts": ("TURNOUT", "HAVING", "HAVING 1 OR", "turnout"),
    "rulings among the reports": ("VERDICTS", "WHERE type = 'report' ", "", "log, leaves"),
    "the reports of officers alone": ("LATEST_TIME", "type = 'report' OR ", "", "latest_time"),
    "unused boxes awaited": ("EXPECTED", "WHERE state <> 'unused'", "", "nation, boxes_expected"),
    "the next report is awaited": ("WAITING_FOR", "min(free)", "1 + min(free)", "waiting_for"),
    "only large excess is told": (
        "OVER_REGISTERED",
        "> precinct.registered",
        "> 9 * precinct.registered",
        "over_registered",
    ),
}


@pytest.mark.teeth
@pytest.mark.parametrize("error", QUESTIONS)
def test_an_error_in_a_question_stops_publication(night, monkeypatch, error):
    name, right, wrong, place = QUESTIONS[error]
    honest = getattr(questions, name)
    assert right in honest
    monkeypatch.setattr(questions, name, honest.replace(right, wrong))
    assert any(place in where for where in places(night)), places(night)


@pytest.mark.teeth
@pytest.mark.parametrize("question", ["sums", "sums_by_precinct", "counted"])
def test_an_error_in_a_sum_stops_publication(night, monkeypatch, question):
    honest = getattr(questions, question)

    def doubled(width):
        return [each.replace("votes.v3", "2 * votes.v3") for each in honest(width)]

    monkeypatch.setattr(questions, question, doubled)
    assert places(night)


# ---- what is shown is what is held against it


def test_every_number_and_every_word_of_a_result_is_held_against_the_log(night):
    result, log = result_of(night), opened(night)
    election = log.trusted.election
    with counted_again(log.read, log.checkpoint, log.trusted) as second:
        assert list(differences(result, second, election, log.checkpoint)) == []
        # The root key is given to both from outside.
        places = [
            path
            for path in _leaves(result)
            if path[0] not in BESIDE and path != ("election", "root")
        ]
        assert len(places) > 900
        for path in places:
            tampered = deepcopy(result)
            _change(tampered, path)
            assert any(differences(tampered, second, election, log.checkpoint)), path


@pytest.mark.parametrize("part", ["nation", "precincts", "boxes", "log", "contests", "objections"])
def test_a_result_in_which_a_part_is_missing_is_refused_in_words(night, part):
    result = result_of(night)
    del result[part]
    assert opinion(night, result)


def test_what_nobody_computed_is_refused(night):
    assert opinion(night, result_of(night) | {"winner": "B. Bakirov"})


def _leaves(value, path=()):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, (*path, key))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _leaves(each, (*path, at))
    else:
        yield path


def _change(value, path):
    *way, last = path
    for each in way:
        value = value[each]
    before = value[last]
    value[last] = before + 1 if type(before) is int else "something else"
