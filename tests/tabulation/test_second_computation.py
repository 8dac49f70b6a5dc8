"""Do two computations that share nothing but the wire come to the same result, to the digit?"""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ballotbox_protocol.election.definition import BallotStyle, Contest, ContestKind, Option
from ballotbox_protocol.election.tally import Marks
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf, encode_leaf
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_protocol.wire.report import ReportKind, encode_report
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_tabulation.core.outcome import Published
from ballotbox_tabulation.core.totals import share_percent
from ballotbox_tabulation.second import questions
from ballotbox_tabulation.second.computation import counted_again
from ballotbox_tabulation.second.heads import head_of
from ballotbox_tabulation.second.leaf_lines import leaf_line
from ballotbox_tabulation.second.roots import LogRoot
from ballotbox_tabulation.second.showing import Shape
from tests.strategies import damaged, leaves, reports
from tests.tabulation.counted_twice import (
    AUTHORITY,
    acts,
    closing,
    closures,
    day_of,
    opened,
    opinion,
    publish,
    result_of,
)
from tests.tabulation.log_builder import Ballot, LogBuilder, authority_of, simple_ballots
from tests.tabulation.test_replaced_log import put, replacement


@settings(max_examples=300)
@given(st.lists(acts, min_size=1, max_size=30), closures)
def test_both_agree_on_whatever_a_log_may_say(told, closed):
    log, authority = day_of(told), closing(closed)
    result = result_of(log, authority)
    if isinstance(result, list):
        event("the log does not hold together")
        return
    event(f"counted {len(result['boxes']['counted'])}")
    assert opinion(log, result, authority) == []


@pytest.mark.parametrize("options", [512, 490])
def test_they_agree_on_rows_wider_than_a_table(options):
    """A row of nearly 3,000 counts is held in three tables side by side."""
    lists = tuple(Option(f"List {n}", 1) for n in range(options))
    council = tuple(Option(str(number)) for number in range(500))
    contests = (
        Contest("Lists", ContestKind.PARTY_LIST, 1, lists),
        Contest("Other lists", ContestKind.PARTY_LIST, 1, lists),
        Contest("Council", ContestKind.CHOOSE_UP_TO, 3, council),
    )
    styles = (BallotStyle("ALL", ((0, 1, 2),)),)
    log = LogBuilder(authority_of(boxes=2, contests=contests, styles=styles))
    marks = {0: Marks(frozenset({400})), 2: Marks(frozenset({1, 499}))}
    for number in range(2):
        log.day(log.pen(number), [Ballot(0, marks), Ballot(0, {1: Marks(frozenset({3}))})])
    published = publish(log)
    assert isinstance(published, Published), published
    assert published.result["nation"]["contests"][2]["options"][499]["votes"] == 2


def test_they_agree_on_a_log_that_replaces_another():
    log = LogBuilder(AUTHORITY)
    put(log, replacement(AUTHORITY, log.origin))
    log.day(log.pen(0), simple_ballots(5))
    published = publish(log)
    assert isinstance(published, Published), published
    assert published.result["log"]["replaced"]


def test_a_release_lifts_every_objection_but_the_length_of_the_votes():
    """Even where another objection stands beside it: such votes fit no total."""
    log = LogBuilder(AUTHORITY)
    pen = log.pen(0)
    log.morning(pen)
    final = pen.write(ReportKind.FINAL, votes=(1, 2), precinct=9)
    log.quarantine(final, Reason.PRECINCT)
    log.rule(RulingKind.RELEASE, final)
    published = publish(log)
    assert isinstance(published, Published), published
    (box,) = published.result["boxes"]["quarantined"]
    assert box["reports"][0]["reason"] == "votes_length"


def test_corrections_are_found_by_report_and_not_gone_through_for_each():
    log = LogBuilder(AUTHORITY)
    log.day(log.pen(0), simple_ballots(5))
    given_ = opened(log)
    with counted_again(given_.read, given_.checkpoint, given_.trusted) as second:
        plan = second._database.execute(f"EXPLAIN QUERY PLAN {questions.REPORTS}", ("counted",))
        steps = [str(each[-1]) for each in plan]
    assert any(each.startswith("SEARCH walk USING INDEX walk_tried") for each in steps), steps
    assert not any(each.startswith("SCAN walk") for each in steps), steps


@given(reports())
def test_the_start_of_a_report_says_what_the_decoder_says(report):
    assert head_of(encode_report(report)) == (report.kind, report.sequence)


def line_of(data):
    """What the decoder says of a leaf, in the names of the tables; None where it refuses it."""
    try:
        leaf = decode_leaf(data)
    except ValueError:
        return None
    names = (each.name.lower() for each in (leaf.type, leaf.verdict, leaf.reason))
    kind, verdict, reason = names
    return kind, leaf.report, verdict, reason, leaf.time, leaf.statement


@given(leaves().map(encode_leaf) | damaged(leaves().map(encode_leaf)))
def test_the_line_of_a_leaf_is_what_the_decoder_says(data):
    try:
        found = tuple(leaf_line(data))
    except ValueError:
        found = None
    assert found == line_of(data)


def test_a_time_that_is_longer_than_it_needs_is_in_no_line():
    leaf = Leaf(LeafType.REPORT, bytes(32), Verdict.ACCEPTED, Reason.IN_ORDER, None, 0x10000)
    usual = encode_leaf(leaf)
    assert leaf_line(usual).time == 0x10000
    with pytest.raises(ValueError, match="shortest"):
        leaf_line(usual[:-4] + b"\x00\x00\xff\xff")


@given(st.binary(max_size=300))
def test_what_is_no_report_has_no_start(data):
    with pytest.raises(ValueError, match=r"."):
        head_of(data)


@given(st.lists(st.sampled_from([1, 2, 7, 255, 256, 256, 256]), max_size=6), st.binary(max_size=9))
def test_the_root_of_a_log_is_that_of_its_tree(widths, salt):
    root, leaves = LogRoot(), []
    for width in widths:
        bundle = [b"%b %d" % (salt, len(leaves) + at) for at in range(width)]
        root.extend(bundle)
        leaves += bundle
    assert root.value() == Tree([leaf_hash(leaf) for leaf in leaves]).root()


@given(st.integers(0, 2**40), st.integers(1, 2**40))
def test_a_share_is_cut_alike_by_both(part, base):
    assert Shape.share(part, base) == share_percent(part, base)
