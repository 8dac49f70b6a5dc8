"""Does a released result enter the log it was made of once and in order, or get a reason?"""

from dataclasses import replace

import pytest

from ballotbox_gateway.core.intake import PublicationOutcome
from ballotbox_gateway.core.ports import Damaged, Tally
from ballotbox_gateway.core.samples import SAMPLES_PER_PERIOD
from ballotbox_gateway.core.upward import UpwardEntry, UpwardFault, UpwardReply
from ballotbox_protocol.election.identifiers import Mode
from ballotbox_protocol.election.register import Register
from ballotbox_protocol.wire.cose import MessageType
from ballotbox_protocol.wire.leaf import Leaf, LeafType, decode_leaf, encode_leaf
from ballotbox_protocol.wire.merkle import EMPTY_ROOT
from ballotbox_protocol.wire.publication import PUBLICATION_MAX, Publication, Status
from ballotbox_protocol.wire.receipt import Receipt, VerifiedReceipt, verify_receipt
from ballotbox_protocol.wire.report import ReportKind
from ballotbox_protocol.wire.statements import RulingKind
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.authority import with_register
from tests.gateway.below import Levels, LowerLog
from tests.gateway.below import entry_of as report_entry
from tests.gateway.scene import Scene
from tests.gateway.scripted import CENTRE, NOW, ORIGIN, OTHER, authority, ruling
from tests.gateway.test_replay import again, made_of

GIVEN = authority()


def released(scene: Scene, officers: int = 2, **changes: object) -> Publication:
    """What two officers sign of the whole log of a scene, but for the changes."""
    head = scene.ledger.log_head()
    plain = Publication(
        election=GIVEN.trusted.digest,
        mode=GIVEN.trusted.election.mode,
        status=Status.PRELIMINARY,
        version=1,
        previous=None,
        rules=bytes(32),
        program=bytes(32),
        configuration=bytes(32),
        origin=scene.origin,
        size=head.size,
        root=head.root,
        result=bytes(32),
    )
    return signed(replace(plain, **changes), officers)


def signed(plain: Publication, officers: int = 2) -> Publication:
    plain = replace(plain, signatures=())
    signatures = GIVEN.consent(plain.payload(), MessageType.PUBLICATION, officers)
    return replace(plain, signatures=signatures)


def following(scene: Scene, before: Publication, **changes: object) -> Publication:
    named = {"version": before.version + 1, "previous": before.id}
    return released(scene, **(named | changes))


def take(scene: Scene, each: Publication | bytes) -> PublicationOutcome:
    scene.now += 1
    data = each if isinstance(each, bytes) else each.to_bytes()
    return scene.intake.publish(data, scene.now)


def leaves(scene: Scene) -> list[Leaf]:
    return [decode_leaf(leaf) for leaf in scene.ledger.leaves(0)]


def test_it_is_a_leaf_with_a_receipt() -> None:
    scene = Scene().until(ReportKind.FINAL)
    each = released(scene)
    outcome = take(scene, each)
    assert (outcome.reason, outcome.new) == (Reason.PUBLISHED, True)
    leaf = leaves(scene)[-1]
    assert (leaf.type, leaf.verdict) == (LeafType.PUBLICATION, Verdict.ACCEPTED)
    assert (leaf.report, leaf.statement) == (each.id, each.digest)
    (entry,) = scene.ledger.entries(each.size, each.size + 1)
    assert (entry.report, entry.ruling) == (None, each.to_bytes())
    receipt = Receipt.from_bytes(outcome.receipt)
    assert isinstance(receipt, Receipt)
    proved = verify_receipt(receipt, GIVEN.trusted.register.gateway_keys)
    assert isinstance(proved, VerifiedReceipt)
    assert decode_leaf(proved.leaf) == leaf


def test_the_same_again_is_the_same_leaf() -> None:
    scene = Scene()
    first = released(scene)
    before = take(scene, first)
    take(scene, following(scene, first))
    outcome = take(scene, first)
    assert (outcome.new, outcome.receipt) == (False, before.receipt)
    assert scene.ledger.log_head().size == 2


def test_it_may_name_any_size_that_the_log_had() -> None:
    scene = Scene()
    sizes = [scene.ledger.log_head()]
    for kind in (ReportKind.BOOT, ReportKind.ZERO):
        scene.send(kind)
        sizes.append(scene.ledger.log_head())
    before = None
    for head in sizes:
        at = {"size": head.size, "root": head.root}
        each = released(scene, **at) if before is None else following(scene, before, **at)
        assert take(scene, each).reason is Reason.PUBLISHED
        before = each


#: What must be refused after a first publication of a log of two leaves.
REFUSED = {
    "no statement": (lambda _, __: b"\x80", Reason.BODY),
    "too long": (lambda _, __: bytes(PUBLICATION_MAX + 1), Reason.SIZE),
    "one officer": (lambda scene, one: signed(following(scene, one), 1), Reason.RELEASERS),
    "another election": (
        lambda scene, one: following(scene, one, election=bytes(32)),
        Reason.OTHER_ELECTION,
    ),
    "another mode": (
        lambda scene, one: following(scene, one, mode=Mode.OFFICIAL),
        Reason.OTHER_ELECTION,
    ),
    "another log": (lambda scene, one: following(scene, one, origin=OTHER), Reason.OTHER_LOG),
    "a first one again": (lambda scene, _: released(scene, result=bytes([1] * 32)), Reason.VERSION),
    "another before it": (
        lambda scene, one: following(scene, one, previous=bytes(32)),
        Reason.VERSION,
    ),
    "a number left out": (lambda scene, one: following(scene, one, version=3), Reason.VERSION),
    "a smaller log": (
        lambda scene, one: following(scene, one, size=0, root=EMPTY_ROOT),
        Reason.VERSION,
    ),
    "another root": (lambda scene, one: following(scene, one, root=bytes(32)), Reason.CHECKPOINT),
    "leaves to come": (lambda scene, one: following(scene, one, size=99), Reason.CHECKPOINT),
}


@pytest.mark.parametrize(("made", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_is_refused_with_its_reason(made, reason: Reason) -> None:
    scene = Scene()
    scene.send(ReportKind.BOOT)
    first = released(scene)
    take(scene, first)
    outcome = take(scene, made(scene, first))
    assert outcome == PublicationOutcome(None, reason)
    assert scene.ledger.log_head().size == 2
    assert scene.ledger.counts()[Tally.UNAUTHENTIC, reason] == 1
    assert [each.reason for each in scene.ledger.unauthentic()] == [reason]
    assert take(scene, following(scene, first)).reason is Reason.PUBLISHED


def test_what_nobody_vouches_for_costs_a_commit_only_with_its_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    commits, kind = [], type(scene.ledger)
    once = kind.commit
    monkeypatch.setattr(kind, "commit", lambda *given: (commits.append(1), once(*given)))
    sent = 10 * SAMPLES_PER_PERIOD
    for number in range(sent):
        assert scene.intake.publish(b"\xa0%d" % number, NOW).reason is Reason.BODY
    assert len(commits) == len(scene.ledger.unauthentic()) == SAMPLES_PER_PERIOD
    scene.send(ReportKind.BOOT)
    assert scene.ledger.counts()[Tally.UNAUTHENTIC, Reason.BODY] == sent


def without_one(register: Register) -> Register:
    return replace(register, officers=register.officers[1:])


def test_an_officer_that_this_register_does_not_know_may_be_known_to_a_newer_one() -> None:
    scene = Scene(with_register(GIVEN, without_one(GIVEN.trusted.register)))
    assert take(scene, released(scene)).reason is Reason.OLD_REGISTER


def of_one_precinct(register: Register) -> Register:
    officers = tuple(replace(each, precinct=1) for each in register.officers)
    return replace(register, officers=officers)


def test_officers_of_one_precinct_do_not_release_for_all() -> None:
    scene = Scene(with_register(GIVEN, of_one_precinct(GIVEN.trusted.register)))
    assert take(scene, released(scene)).reason is Reason.RELEASERS


def test_no_ruling_touches_it() -> None:
    scene = Scene()
    each = released(scene)
    take(scene, each)
    said = ruling(GIVEN, RulingKind.RELEASE, each.id)
    assert scene.intake.rule(said, NOW).result.name == "UNKNOWN_REPORT"


def test_a_ledger_made_again_knows_them() -> None:
    scene = Scene().until(ReportKind.OPEN)
    first = released(scene)
    take(scene, first)
    scene.send(ReportKind.TURNOUT)
    second = following(scene, first)
    take(scene, second)
    new = again(GIVEN, scene.ledger)
    assert new.log_head() == scene.ledger.log_head()
    for each in (first, second):
        assert new.report(each.id) == scene.ledger.report(each.id)


@pytest.mark.parametrize("statement", [b"", b"\x80"])
def test_what_stands_beside_no_publication_is_damage(statement: bytes) -> None:
    scene = Scene()
    take(scene, released(scene))
    (entry,) = scene.ledger.entries(0, 1)
    with pytest.raises(Damaged, match="the publication of leaf 0 is none"):
        made_of([entry._replace(ruling=statement)])


def test_one_that_could_not_follow_is_damage() -> None:
    scene = Scene()
    first = released(scene)
    take(scene, first)
    (entry,) = scene.ledger.entries(0, 1)
    with pytest.raises(Damaged, match="leaf 1 does not come out again"):
        made_of([entry, entry._replace(position=1)])


# At the gateway above.


def entry_of(each: Publication, data: bytes | None = None, report: bytes | None = None):
    leaf = Leaf(LeafType.PUBLICATION, each.id, Verdict.ACCEPTED, Reason.PUBLISHED, each.digest, NOW)
    return UpwardEntry(encode_leaf(leaf), report, each.to_bytes() if data is None else data)


def test_it_goes_up_once_and_in_order() -> None:
    levels = Levels(GIVEN)
    levels.lower.until(ReportKind.OPEN)
    first = released(levels.lower)
    take(levels.lower, first)
    second = following(levels.lower, first)
    take(levels.lower, second)
    levels.carry(levels.lower)
    told = [leaf for leaf in leaves(levels.centre) if leaf.type is LeafType.PUBLICATION]
    assert [leaf.report for leaf in told] == [first.id, second.id]
    own = released(levels.centre)
    assert take(levels.centre, own).reason is Reason.PUBLISHED
    new = again(GIVEN, levels.centre.ledger, CENTRE)
    assert new.log_head() == levels.centre.ledger.log_head()
    retold = LowerLog(GIVEN, OTHER).batch(entry_of(first))
    assert isinstance(levels.take(retold), UpwardReply)
    assert levels.centre.ledger.log_head().size == new.log_head().size


def test_the_gateway_above_refuses_bytes_that_the_leaf_cannot_mean() -> None:
    levels = Levels(GIVEN)
    first = released(levels.other)
    second = following(levels.other, first)
    alone = "must stand beside a publication leaf, alone"
    wrong = {
        "publication: must be an array": entry_of(first, b"\xa0"),
        "cannot be taken: OTHER_ELECTION": entry_of(released(levels.other, election=bytes(32))),
        "is another publication than the leaf commits to": entry_of(first, second.to_bytes()),
        alone: entry_of(first, report=b"report"),
    }
    for problem, entry in wrong.items():
        fault = levels.take(LowerLog(GIVEN, OTHER).batch(entry))
        assert isinstance(fault, UpwardFault)
        assert (fault.field, fault.problem) == ("entries[0].ruling", problem)
    bare = UpwardEntry(entry_of(first).leaf, None, None)
    fault = levels.take(LowerLog(GIVEN, OTHER).batch(bare))
    assert isinstance(fault, UpwardFault)
    assert fault.problem == alone
    assert levels.centre.ledger.log_head().size == 0


def told(levels: Levels) -> list[tuple[Verdict, Reason]]:
    """What the centre says of publications, leaf by leaf; the same after a replay."""
    said = [leaf for leaf in leaves(levels.centre) if leaf.type is LeafType.PUBLICATION]
    trusted = levels.centre.intake._books.roster.trusted
    new = again(GIVEN, levels.centre.ledger, CENTRE, trusted=trusted)
    assert new.log_head() == levels.centre.ledger.log_head()
    for leaf in said:
        assert new.report(leaf.report) == levels.centre.ledger.report(leaf.report)
    return [(leaf.verdict, leaf.reason) for leaf in said]


#: What a lower log brings between two reports, and why it cannot stand above.
ASIDE = {
    "one officer": (lambda other, _: released(other, 1), Reason.RELEASERS),
    "nobody": (lambda other, _: replace(released(other), signatures=()), Reason.RELEASERS),
    "of the centre": (lambda _, centre: released(centre), Reason.OTHER_LOG),
    "of another log": (lambda _, __: released(Scene(GIVEN, ORIGIN)), Reason.OTHER_LOG),
    "not the first": (lambda other, _: following(other, released(other)), Reason.VERSION),
}


@pytest.mark.parametrize(("made", "reason"), ASIDE.values(), ids=ASIDE.keys())
def test_a_statement_that_cannot_stand_is_set_aside_and_stops_nothing(made, reason) -> None:
    levels = Levels(GIVEN)
    each = made(levels.other, levels.centre)
    messages = [levels.box.report(kind) for kind in (ReportKind.BOOT, ReportKind.ZERO)]
    before, after = (report_entry(m, Verdict.ACCEPTED, Reason.IN_ORDER) for m in messages)
    log = LowerLog(GIVEN, OTHER)
    batch = log.batch(before, entry_of(each), after)
    reply = levels.take(batch)
    assert isinstance(reply, UpwardReply)
    assert levels.take(batch) == reply
    assert told(levels) == [(Verdict.QUARANTINED, reason)]
    assert [levels.centre.row(message).verdict for message in messages] == [Verdict.ACCEPTED] * 2
    (entry,) = levels.centre.ledger.entries(1, 2)
    assert (decode_leaf(entry.leaf).report, entry.ruling) == (each.id, each.to_bytes())
    assert isinstance(levels.take(log.batch(entry_of(each))), UpwardReply)
    assert told(levels) == [(Verdict.QUARANTINED, reason)]
    assert take(levels.centre, released(levels.centre)).reason is Reason.PUBLISHED


def test_another_log_cannot_take_the_place_of_what_a_log_says_of_itself() -> None:
    """Two officers signed both; which of them is meant the log itself says."""
    levels = Levels(GIVEN)
    levels.lower.until(ReportKind.OPEN)
    rival = released(levels.lower, result=bytes([1] * 32))
    assert isinstance(levels.take(LowerLog(GIVEN, OTHER).batch(entry_of(rival))), UpwardReply)
    first = released(levels.lower)
    take(levels.lower, first)
    take(levels.lower, following(levels.lower, first))
    levels.carry(levels.lower)
    published = (Verdict.ACCEPTED, Reason.PUBLISHED)
    assert told(levels) == [(Verdict.QUARANTINED, Reason.OTHER_LOG), published, published]


def test_what_the_wrong_log_brought_may_still_come_from_the_right_one() -> None:
    levels = Levels(GIVEN)
    first = released(levels.lower)
    second = following(levels.lower, first)
    early = LowerLog(GIVEN, OTHER).batch(entry_of(second), entry_of(first))
    assert isinstance(levels.take(early), UpwardReply)
    aside = (Verdict.QUARANTINED, Reason.OTHER_LOG)
    assert told(levels) == [aside, aside]
    log = LowerLog(GIVEN, ORIGIN)
    assert isinstance(levels.take(log.batch(entry_of(second))), UpwardReply)
    late = (Verdict.QUARANTINED, Reason.VERSION)
    assert told(levels)[2:] == [late]
    third = following(levels.lower, second)
    assert isinstance(levels.take(log.batch(entry_of(first), entry_of(third))), UpwardReply)
    published = (Verdict.ACCEPTED, Reason.PUBLISHED)
    assert told(levels)[3:] == [published] * 3


def test_officers_that_a_newer_register_lists_are_believed_with_the_next_one() -> None:
    levels = Levels(with_register(GIVEN, without_one(GIVEN.trusted.register)))
    lower = Scene(GIVEN, ORIGIN)
    first = released(lower)
    second = following(lower, first)
    log = LowerLog(GIVEN, ORIGIN)
    assert isinstance(levels.take(log.batch(entry_of(first))), UpwardReply)
    assert told(levels) == [(Verdict.QUARANTINED, Reason.OLD_REGISTER)]
    register = GIVEN.trusted.register
    newer = with_register(GIVEN, replace(register, version=register.version + 1))
    levels.centre.intake.replace_register(newer.trusted)
    assert isinstance(levels.take(log.batch(entry_of(second))), UpwardReply)
    published = (Verdict.ACCEPTED, Reason.PUBLISHED)
    assert told(levels)[1:] == [published, published]


def test_officers_who_may_release_no_longer_stop_no_log() -> None:
    """The log below took it in while they might; the register changed before it came up."""
    levels = Levels(GIVEN)
    levels.lower.until(ReportKind.OPEN)
    take(levels.lower, released(levels.lower))
    levels.lower.send(ReportKind.TURNOUT)
    register = GIVEN.trusted.register
    newer = replace(of_one_precinct(register), version=register.version + 1)
    levels.centre.intake.replace_register(with_register(GIVEN, newer).trusted)
    levels.carry(levels.lower)
    assert levels.centre.ledger.lower_log(ORIGIN).size == levels.lower.ledger.log_head().size
    assert told(levels) == [(Verdict.QUARANTINED, Reason.RELEASERS)]


def test_another_gateway_of_the_election_is_no_centre() -> None:
    scene = Scene(GIVEN, ORIGIN)
    assert take(scene, released(Scene(GIVEN, CENTRE))).reason is Reason.OTHER_LOG
