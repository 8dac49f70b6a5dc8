"""Can one sender with a key of the register take the room of all others? And is nothing lost?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballotbox_gateway.core.intake import Identity, Intake, Outcome
from ballotbox_gateway.core.ports import Tally
from ballotbox_gateway.core.quota import ROW_OVERHEAD, Allowance, Quota, Quotas
from ballotbox_gateway.core.samples import SAMPLES_OF_ALL_MAX, SAMPLES_PER_PERIOD, Sampler
from ballotbox_gateway.core.upward import UpwardBatch, UpwardFault, UpwardReply
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway.adapters.upper_office import lower_gateway
from tests.gateway.below import LowerLog, entry_of
from tests.gateway.scripted import (
    CENTRE,
    NOW,
    ORIGIN,
    OTHER,
    Arrival,
    Road,
    RoadKind,
    ScriptedBox,
    arrivals,
    authority,
    memory,
)

WHO = b"who"
KIB = 1_024


@pytest.mark.parametrize("name", ["burst", "per_hour"])
def test_an_allowance_of_nothing_is_refused(name):
    with pytest.raises(ValueError, match=f"{name}: must be 1 byte or more, not 0"):
        Allowance(**{"burst": 1, "per_hour": 1, name: 0})


def test_a_bucket_runs_dry_is_told_once_and_refills_with_the_hours():
    told = []
    quota = Quota(Allowance(10 * KIB, 5 * KIB), told.append)
    assert not quota.is_spent(WHO, NOW)
    for _ in range(5):
        quota.charge(WHO, 2 * KIB - ROW_OVERHEAD, NOW)
    assert quota.is_spent(WHO, NOW)
    assert not quota.is_spent(b"another", NOW)
    assert quota.is_spent(WHO, NOW)
    assert (told, quota.dry) == ([WHO], {WHO})
    assert not quota.is_spent(WHO, NOW + 60)
    quota.charge(WHO, KIB, NOW + 60)
    assert quota.is_spent(WHO, NOW + 60)
    assert told == [WHO]
    assert not quota.is_spent(WHO, NOW + 2 * 3_600)
    assert quota.dry == frozenset()
    quota.charge(WHO, 10 * KIB, NOW + 2 * 3_600)
    assert quota.is_spent(WHO, NOW + 2 * 3_600)
    assert told == [WHO, WHO]


def test_a_clock_that_jumps_neither_locks_a_sender_out_nor_counts_backwards():
    quota = Quota(Allowance(10 * KIB, 10 * KIB))
    quota.charge(WHO, 10 * KIB, NOW)
    assert quota.is_spent(WHO, NOW - 10**9)
    assert quota.is_spent(WHO, NOW - 10**9 + 60)
    assert not quota.is_spent(WHO, NOW - 10**9 + 3_600)
    quota.charge(WHO, 50 * KIB, NOW + 10**9)
    assert quota.is_spent(WHO, NOW)
    assert not quota.is_spent(WHO, NOW + 6 * 3_600)


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 4 * KIB)), max_size=60))
def test_never_more_is_taken_than_the_burst_the_refill_and_one_piece(steps):
    quota = Quota(Allowance(16 * KIB, 8 * KIB))
    now, stored, largest = NOW, 0, 0
    for seconds, size in steps:
        now += seconds
        if not quota.is_spent(WHO, now):
            quota.charge(WHO, size, now)
            stored += size + ROW_OVERHEAD
            largest = max(largest, size + ROW_OVERHEAD)
    assert stored <= 16 * KIB + (now - NOW) * 8 * KIB // 3_600 + largest


# At the intake.


def limited(burst, origin=ORIGIN):
    """A gateway over a ledger in memory, its ledger, and who was told to exceed the quota."""
    given, told = authority(), []
    ledger = memory(given, origin)
    allowance = Allowance(burst, KIB)
    quotas = Quotas(*(Quota(allowance, told.append) for _ in range(3)))
    identity = Identity(origin, given.gateway_keys[origin])
    return Intake(given.trusted, identity, ledger, quotas), ledger, told


def outcomes(intake, *messages, now=NOW):
    return [answer.outcome for answer in intake.admit(arrivals(*messages), now).answers]


def flood(intake, count=200):
    """What a thief of a box's key may send: lawful turnout reports without end, one by one."""
    box = ScriptedBox(authority(), 1)
    day = box.open_poll() + [box.report(ReportKind.TURNOUT) for _ in range(count)]
    return box, day, [outcomes(intake, each)[0] for each in day]


def test_a_flood_of_one_box_is_turned_away_and_what_was_accepted_stays_and_is_answered():
    intake, ledger, told = limited(32 * KIB)
    _, day, seen = flood(intake)
    accepted = seen.count(Outcome.ACCEPTED)
    assert seen == [Outcome.ACCEPTED] * accepted + [Outcome.REFUSED] * (len(day) - accepted)
    assert 10 < accepted < 40
    assert ledger.log_head().size == accepted
    assert told == [authority().boxes[0]]
    again = intake.admit(arrivals(*day[:accepted]), NOW)
    assert {answer.outcome for answer in again.answers} == {Outcome.DUPLICATE}
    assert all(answer.message is not None for answer in again.answers)


def test_another_box_has_its_day_beside_the_flood_and_the_flooding_one_goes_on_later():
    intake, _, _ = limited(32 * KIB)
    box, day, seen = flood(intake)
    honest = ScriptedBox(authority(), 2).day()
    assert outcomes(intake, *honest) == [Outcome.ACCEPTED] * len(honest)
    first_refused = seen.index(Outcome.REFUSED)
    later = NOW + 20 * 3_600
    assert outcomes(intake, day[first_refused], now=later) == [Outcome.ACCEPTED]
    assert box.box == authority().boxes[0]


def test_what_is_turned_away_is_counted_but_makes_no_commit():
    intake, ledger, _ = limited(8 * KIB)
    _, day, seen = flood(intake)
    commits = []
    commit = ledger.commit
    ledger.commit = lambda *given: (commits.append(given), commit(*given))
    assert outcomes(intake, *day[-50:]) == [Outcome.REFUSED] * 50
    assert commits == []
    assert ledger.counts().get((Tally.UNAUTHENTIC, Reason.RATE)) is None
    outcomes(intake, *ScriptedBox(authority(), 2).day())
    refused = seen.count(Outcome.REFUSED) + 50
    assert ledger.counts()[Tally.UNAUTHENTIC, Reason.RATE] == refused


def test_reports_that_belong_nowhere_count_as_well_and_keep_their_answer():
    intake, ledger, _ = limited(8 * KIB)
    box = ScriptedBox(authority(), 1)
    strange = [box.forge(ReportKind.TURNOUT, election=bytes(31) + bytes((n,))) for n in range(30)]
    answers = [intake.admit(arrivals(each), NOW).answers[0] for each in strange]
    refused = [answer for answer in answers if answer.message is not None]
    assert 2 < len(refused) < 20
    assert len(ledger.refusals()) == len(refused)
    assert {answer.reason for answer in answers[len(refused) :]} == {Reason.RATE}
    assert intake.admit(arrivals(strange[0]), NOW).answers[0] == answers[0]


def test_bytes_that_nobody_vouches_for_use_up_nobody_s_quota():
    intake, _, _ = limited(8 * KIB)
    box = ScriptedBox(authority(), 1)
    real = box.forge(ReportKind.TURNOUT)
    forged = [real[:-2] + bytes((n, real[-1] ^ 1)) for n in range(100)]
    assert set(outcomes(intake, *forged)) == {Outcome.UNAUTHENTIC}
    assert outcomes(intake, box.report(ReportKind.BOOT)) == [Outcome.ACCEPTED]


def test_without_quotas_a_flood_is_stored_whole():
    """The negative control: nothing else stands between a stolen key and the disk."""
    given = authority()
    ledger = memory(given)
    unlimited = Intake(given.trusted, Identity(ORIGIN, given.gateway_keys[ORIGIN]), ledger)
    _, day, seen = flood(unlimited)
    assert seen == [Outcome.ACCEPTED] * len(day)
    assert ledger.log_head().size == len(day)


def test_a_gateway_below_that_sends_without_end_is_told_to_wait_and_others_are_not():
    centre, ledger, told = limited(16 * KIB, CENTRE)
    lower, _ = lower_gateway()
    box = ScriptedBox(authority(), 1)
    lower.admit(arrivals(*box.day(60)), NOW)
    whole = lower.next_upward(CENTRE, 512)
    assert isinstance(centre.admit_from_below(whole, NOW), UpwardReply)
    taken = ledger.log_head().size
    lower.admit(arrivals(*ScriptedBox(authority(), 2).day(60)), NOW)
    lower.upward_receipted(whole, centre.admit_from_below(whole, NOW), CENTRE, NOW)
    more = lower.next_upward(CENTRE, 512)
    fault = centre.admit_from_below(more, NOW)
    assert isinstance(fault, UpwardFault)
    assert (fault.field, fault.retry, told) == ("entries", True, [ORIGIN.encode()])
    assert ledger.log_head().size == taken
    assert isinstance(centre.admit_from_below(whole, NOW), UpwardReply)
    assert isinstance(centre.admit_from_below(more, NOW + 200 * 3_600), UpwardReply)
    unsigned = UpwardBatch(OTHER, 0, whole.entries, whole.checkpoint)
    assert centre.admit_from_below(unsigned, NOW).field == "checkpoint"


def test_what_came_by_another_road_before_takes_no_room_of_the_one_that_sends_it_again():
    centre, ledger, told = limited(16 * KIB, CENTRE)
    first, second = lower_gateway(), lower_gateway(origin=OTHER)
    day = ScriptedBox(authority(), 1).day(40)
    for (lower, _), reports in ((first, day[:-2]), (second, day)):
        lower.admit(arrivals(*reports), NOW)
    whole = first[0].next_upward(CENTRE, 512)
    assert isinstance(centre.admit_from_below(whole, NOW), UpwardReply)
    taken = ledger.log_head().size
    for _ in range((len(day) + 1) // 2):
        batch = second[0].next_upward(CENTRE, 2)
        reply = centre.admit_from_below(batch, NOW)
        assert isinstance(reply, UpwardReply)
        second[0].upward_receipted(batch, reply, CENTRE, NOW)
    assert ledger.log_head().size == taken + 2
    assert told == []


@pytest.mark.parametrize("new", [1, 30])
def test_of_a_batch_of_known_reports_only_the_new_ones_take_room(new):
    centre, _, _ = limited(16 * KIB, CENTRE)
    first, second = lower_gateway(), lower_gateway(origin=OTHER)
    day = ScriptedBox(authority(), 1).day(40)
    first[0].admit(arrivals(*day[:-new]), NOW)
    second[0].admit(arrivals(*day), NOW)
    for lower, _ in (first, second):
        batch = lower.next_upward(CENTRE, 512)
        reply = centre.admit_from_below(batch, NOW)
        lower.upward_receipted(batch, reply, CENTRE, NOW)
    second[0].admit(arrivals(*ScriptedBox(authority(), 2).day()), NOW)
    later = centre.admit_from_below(second[0].next_upward(CENTRE, 512), NOW)
    assert isinstance(later, UpwardReply) is (new == 1)


def test_foreign_reports_in_a_lower_log_use_up_the_quota_of_its_gateway():
    centre, ledger, _ = limited(8 * KIB, CENTRE)
    box, faults = ScriptedBox(authority(), 1), []
    for number in range(30):
        foreign = box.forge(ReportKind.TURNOUT, election=bytes(31) + bytes((number,)))
        entry = entry_of(foreign, Verdict.ACCEPTED, Reason.IN_ORDER)
        faults.append(centre.admit_from_below(LowerLog(authority()).batch(entry), NOW))
    refused = [fault for fault in faults if fault.field == "entries[0].report"]
    assert 2 < len(refused) < 20
    assert len(ledger.refusals()) == len(refused)
    assert {fault.field for fault in faults[len(refused) :]} == {"entries"}


def test_a_flood_under_many_names_leaves_a_bounded_number_of_samples():
    sampler = Sampler()
    kept = 0
    for name in range(1_000):
        road = Road(RoadKind.MQTT, f"topic {name}")
        some = [(Arrival(b"%d" % (name * 4 + n), road), Reason.ENVELOPE) for n in range(4)]
        kept += len(sampler.samples(some, NOW))
    assert kept == SAMPLES_OF_ALL_MAX > SAMPLES_PER_PERIOD
    assert len(sampler._taken) <= SAMPLES_OF_ALL_MAX
