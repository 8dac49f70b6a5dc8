"""Do a rehearsal and the official election live in one gateway process, and does nothing cross?

One serial line, one broker and one HTTP intake serve both. Every report of each is also offered in
the other's name, by each road.
"""

import asyncio
import json
from contextlib import contextmanager

import pytest

from ballotbox_device.core.poll import Action
from ballotbox_gateway.core.ports import SAMPLE_SIZE
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.checkpoint import verify_checkpoint
from ballotbox_protocol.wire.message import Message, MessageKind
from ballotbox_protocol.wire.report import ReportKind, decode_report
from ballotbox_protocol.wire.statements import Refusal, open_statement
from ballotbox_protocol.wire.verdict import Reason, Verdict
from ballotbox_simulator.crew import FINISHING, OPENING
from tests.brokers import mosquitto
from tests.end_to_end.mqtt_box import MqttBox
from tests.end_to_end.serial_day import at, plugged, switched_on, vote
from tests.end_to_end.two_elections_place import AUTHORITY, BELOW, OWN, SIDES, TwoElections
from tests.gateway.adapters.test_serial_intake import Cable
from tests.gateway.below import LowerLog, entry_of
from tests.gateway.scripted import ORIGIN, ScriptedBox, report_id
from tests.gateway.two_elections import (
    OFFICIAL,
    REKEYED,
    official,
)
from tests.patience import soon

OF = {"dress": "official", "official": "dress"}
REPORT = bytes((MessageKind.REPORT,))
#: Takes the dispatch out: whatever comes by a shared road is the first election's.
WITHOUT_DISPATCH = """
from ballotbox_gateway.core.addressing import Addresses
Addresses.of_message = lambda self, _message: self._elections[0]
"""


@pytest.fixture
def place(tmp_path):
    field = TwoElections(tmp_path / "g", tmp_path / "line")
    yield field
    field.kill()


@pytest.fixture
def own_broker(tmp_path):
    """A broker that no other test's sessions have used."""
    with mosquitto(tmp_path / "broker") as running:
        yield running


@contextmanager
def roads(broker):
    """The end of the broker's road at the boxes of each election."""
    with (
        MqttBox(broker, AUTHORITY["dress"], "dress boxes") as dress,
        MqttBox(broker, AUTHORITY["official"], "official boxes") as day,
    ):
        yield {"dress": dress, "official": day}


def await_listening(place):
    for side in SIDES:
        digest = AUTHORITY[side].trusted.digest[:8].hex()
        place.await_line(f"connected, listening on bbx/1/{digest}")


def batch_of(side, reports, after=()):
    """A lower log of one election goes on with these reports, after those taken in before."""
    log = LowerLog(AUTHORITY[side], BELOW[side])
    for stretch in filter(None, (after, reports)):
        entries = [entry_of(each, Verdict.ACCEPTED, Reason.IN_ORDER) for each in stretch]
        batch = log.batch(*entries)
    return batch


def refusals(side, others):
    """The reports that one election's gateway refused in a signed answer, with the reason."""
    key = AUTHORITY[side].gateway_keys[OWN[side]].public
    opened = [
        open_statement(message.payload, key, Refusal)
        for message in others
        if message.kind is MessageKind.REFUSAL
    ]
    assert {each.origin for each in opened} <= {OWN[side]}
    return {each.report: each.reason for each in opened}


def poll_day(place, road, crew):
    """A whole day of one simulated box on the serial line, to the last receipt."""
    crew.act(at(10), *OPENING)
    vote(crew, 5)
    crew.turnout(at(500))
    crew.act(at(1_000), Action.CLOSE, *FINISHING)
    road.pump()


def test_a_rehearsal_and_then_the_official_election_on_one_line(place, own_broker):
    """The same box, with the same key, on the same port: first in one and then in the other."""

    async def scenario():
        counts = []
        for side in SIDES:
            crew = switched_on(AUTHORITY[side])
            async with plugged(crew, place.line) as road:
                poll_day(place, road, crew)
                await soon(lambda road=road: road.unanswered == 0, "all receipts")
            counts.append(crew.device.outgoing.count)
            shown = await asyncio.to_thread(place.status, side)
            assert shown["counts"]["leaves"] == {"IN_ORDER": counts[-1]}
            assert (shown["boxes"]["with_final"], shown["fresh_boxes"]) == (1, 1)
            assert shown["counts"]["refused"] == shown["counts"]["unauthentic"] == {}
        assert await asyncio.to_thread(place.sizes) == dict(zip(SIDES, counts, strict=True))

    place.serve(own_broker.port)
    with place.running():
        asyncio.run(scenario())
        assert place.stop() == 0


def test_nothing_crosses_by_any_road(place, own_broker):
    place.serve(own_broker.port)
    days = {side: ScriptedBox(AUTHORITY[side], 1).day() for side in SIDES}
    lower = {side: ScriptedBox(AUTHORITY[side], 2).day() for side in SIDES}
    rekeyed = {side: ScriptedBox(AUTHORITY[side], REKEYED).day() for side in SIDES}
    with place.running(), roads(own_broker) as ends:
        await_listening(place)
        for side, end in ends.items():
            end.say(ScriptedBox(AUTHORITY[side], 1).box, *days[side])
            status, answer = place.post(side, batch_of(side, lower[side]))
            assert (status, answer["origin"]) == (200, OWN[side])
        for side, end in ends.items():
            end.await_receipts(map(report_id, days[side]))
        whole = {side: len(days[side]) + len(lower[side]) for side in SIDES}
        assert place.sizes() == whole
        assert_checkpoints(place)

        swap_on_the_broker(ends, days, rekeyed)
        swap_over_http(place, lower, rekeyed)
        asyncio.run(swap_on_the_line(place, days))
        assert place.sizes() == whole
        place.kill()
    for side in SIDES:
        foreign = days[OF[side]] + lower[OF[side]]
        assert_only_evidence(place, side, foreign, rekeyed[OF[side]])

    with place.running():
        assert place.sizes() == whole
        assert_marked(place)
        for side in SIDES:
            log = place.folder / f"published-{side}"
            assert place.command("log", "export", "--election", side, str(log)).exit_code == 0
        assert place.stop() == 0
    assert_verified(place, whole)


def assert_checkpoints(place):
    status, answer = place.checkpoint()
    assert (status, json.loads(answer)["fix"]) == (
        404,
        f"Ask with ?origin= and one of {ORIGIN}, {OFFICIAL}",
    )
    for side in SIDES:
        status, note = place.checkpoint(f"?origin={OWN[side]}")
        key = AUTHORITY[side].gateway_keys[OWN[side]].public
        assert verify_checkpoint(note, OWN[side], key).origin == OWN[side]


def swap_on_the_broker(ends, days, rekeyed):
    """Each election's reports on the topics of the other."""
    for side, end in ends.items():
        other = AUTHORITY[OF[side]]
        end.say(ScriptedBox(other, REKEYED).box, *rekeyed[OF[side]])
        end.say(ScriptedBox(other, 1).box, *days[OF[side]])
        wanted = {report_id(each): Reason.OTHER_ELECTION for each in days[OF[side]]}
        asyncio.run(soon(lambda: refusals(side, end.messages) == wanted, "refusals"))  # noqa: B023


def swap_over_http(place, lower, rekeyed):
    """Each election's reports in a lower log of the other, and each log at the other's address."""
    for side in SIDES:
        for report in lower[OF[side]]:
            status, answer = place.post(side, batch_of(side, [report], lower[side]))
            assert (status, answer["field"]) == (400, "entries[0].report")
            assert answer["error"] == "cannot be taken: OTHER_ELECTION"
        # Only a newer register could make these welcome: whoever has them waits with them.
        status, answer = place.post(side, batch_of(side, rekeyed[OF[side]], lower[side]))
        assert (status, answer["field"]) == (503, "entries[0].report")
        status, answer = place.post(side, batch_of(side, lower[side]), BELOW[OF[side]])
        assert (status, answer["error"]) == (400, "is not the log of the address")


async def swap_on_the_line(place, days):
    """What the line brings names its election itself: the name alone is exchanged."""
    cable = Cable(place.line)
    far = cable.plug()
    try:
        for side in SIDES:
            speaker = ScriptedBox(AUTHORITY[OF[side]], REKEYED)
            digest = AUTHORITY[side].trusted.digest
            stolen = speaker.forge(ReportKind.BOOT, election=digest)
            renamed = days[OF[side]][0].replace(AUTHORITY[OF[side]].trusted.digest, digest)
            assert renamed != days[OF[side]][0]
            nobody = ScriptedBox(AUTHORITY[side], REKEYED).forge(
                ReportKind.BOOT, election=b"\x07" * 32
            )
            for report in (stolen, renamed, nobody):
                far.say(REPORT + report)
            # The answer to the last says that those before it are judged as well.
            wanted = {report_id(nobody): Reason.OTHER_ELECTION}

            def refused(side=side, wanted=wanted):
                key = AUTHORITY[side].gateway_keys[OWN[side]].public
                found = [Message(MessageKind(each[0]), each[1:]) for each in far.heard]
                mine = [each for each in found if is_signed_by(each, key)]
                return refusals(side, mine) == wanted

            await soon(refused, f"a refusal by {side}")
    finally:
        cable.pull()


def is_signed_by(message, key):
    if message.kind is not MessageKind.REFUSAL:
        return False
    envelope = cose.parse(message.payload)
    return cose.verify(envelope.statement, envelope.signature, key)


def assert_only_evidence(place, side, foreign, rekeyed):
    """Foreign reports stand in no log, and are kept with their reason."""
    reports, refused, samples = place.stored(side)
    elections = {decode_report(cose.parse(data).payload).election for data in reports}
    assert elections == {AUTHORITY[side].trusted.digest}
    assert {refused.get(each) for each in foreign} == {Reason.OTHER_ELECTION}
    assert {samples.get(each[:SAMPLE_SIZE]) for each in rekeyed} == {Reason.UNKNOWN_KEY}
    assert set(samples.values()) == {Reason.UNKNOWN_KEY, Reason.SIGNATURE}


def assert_marked(place):
    """A person sees at every look which election is no official one."""
    shown = {side: place.command("status", "--election", side).stdout for side in SIDES}
    assert shown["dress"].startswith(
        "REHEARSAL this is no official election: nothing of it counts\n"
    )
    assert shown["official"].startswith(f"gateway   {OFFICIAL}, running\n")
    asked = place.command("status")
    assert asked.exit_code == 1
    assert "serves 2 elections. Name one with --election: dress, official" in asked.stderr
    ready = [line for line in place.lines if " ready: " in line]
    assert " REHEARSAL [dress] INFO    ready: " in ready[-2]
    assert " [official] INFO    ready: " in ready[-1]
    for side, mark in (("dress", " REHEARSAL [dress] "), ("official", " [official] ")):
        digest = AUTHORITY[side].trusted.digest[:8].hex()
        listening = [line for line in place.lines if f"bbx/1/{digest}" in line]
        assert listening
        assert all(mark in line for line in listening)


def assert_verified(place, whole):
    for side in SIDES:
        for log in (place.folder / f"published-{side}", place.folder / "copy" / side):
            done = place.verified(side, log)
            assert done.returncode == 0, done.stdout + done.stderr
            assert f"signed it at size {whole[side]}" in done.stdout
            assert place.verified(OF[side], log).returncode == 1
            assert place.verified(side, log, root=OF[side]).returncode == 2


def test_without_the_dispatch_the_line_brings_the_official_reports_to_the_wrong_office(
    place, own_broker
):
    """The negative control: then they are refused, and still nothing crosses."""
    place.serve(own_broker.port)

    async def scenario():
        cable = Cable(place.line)
        far = cable.plug()
        try:
            report = ScriptedBox(official(), 1).report(ReportKind.BOOT)
            far.say(REPORT + report)
            await soon(lambda: len(far.heard) == 2, "a greeting and an answer")
            kinds = [MessageKind(heard[0]) for heard in far.heard]
            kinds.remove(MessageKind.CHALLENGE)
            return kinds[0]
        finally:
            cable.pull()

    answers = []
    for before in ("", WITHOUT_DISPATCH):
        place.start(before=before)
        answers.append(asyncio.run(scenario()))
        assert place.stop() == 0
    assert answers == [MessageKind.RECEIPT, MessageKind.REFUSAL]
    assert len(place.stored("dress")[0]) == 0
