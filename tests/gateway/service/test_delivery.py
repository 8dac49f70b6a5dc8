"""Does the log reach the upper gateway whole, whatever that one says, forgets or cannot do?"""

import asyncio
from contextlib import asynccontextmanager
from copy import deepcopy

import pytest

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.config_roads import Upstream
from ballotbox_gateway.core.ports import DiskFull, LedgerFailure
from ballotbox_gateway.core.upward import UpwardConflict, UpwardFault, UpwardReply
from ballotbox_gateway.service.delivery import UpwardDelivery
from tests.gateway.scripted import CENTRE, NOW, ScriptedBox, arrivals, authority, intake, memory
from tests.patience import soon

URL = "https://centre.example"


class Upper:
    """An upper gateway without a network between; `says` answers in its place while it is set."""

    def __init__(self):
        self.says = None
        self.asked = 0
        self.forget()

    def forget(self):
        self.ledger = memory(authority(), CENTRE)
        self._intake = intake(authority(), self.ledger, CENTRE)

    def deliver(self, batch):
        self.asked += 1
        if self.says is not None:
            return self.says
        return self._intake.admit_from_below(batch, NOW)

    def close(self):
        pass


class Below:
    """A precinct with a day of reports, delivering to `upper`."""

    def __init__(self, upper, ledger=None):
        self.ledger = ledger or memory(authority())
        self.intake = intake(authority(), self.ledger)
        self.box = ScriptedBox(authority())
        settings = Upstream(url=URL, origin=CENTRE, batch_leaves=2)
        backoff = Backoff(lambda: 0.01)
        self.delivery = UpwardDelivery(
            settings, self.intake, self.ledger, backoff, lambda: NOW, lambda: upper
        )

    def admit(self, *reports):
        for each in reports:
            self.intake.admit(arrivals(each), NOW)
        self.delivery.wake()

    @property
    def waiting(self):
        return self.delivery.status()["waiting"]


@asynccontextmanager
async def delivering():
    upper = Upper()
    below = Below(upper)
    task = asyncio.create_task(below.delivery.run())
    try:
        yield upper, below, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_each_leaf_goes_up_and_its_receipt_is_stored():
    async def scenario():
        async with delivering() as (upper, below, _):
            day = below.box.day()
            below.admit(*day[:4])
            await soon(lambda: below.waiting == 0, "delivery")
            below.admit(*day[4:])
            await soon(lambda: below.waiting == 0, "delivery of what came later")
            assert upper.ledger.log_head().size == len(day)
            assert all(below.ledger.upper_receipt(CENTRE, at) for at in range(len(day)))
            assert upper.asked < 2 * len(day)

    asyncio.run(scenario())


def test_an_upper_gateway_that_has_forgotten_gets_everything_again():
    async def scenario():
        async with delivering() as (upper, below, _):
            day = below.box.day()
            below.admit(*day[:5])
            await soon(lambda: below.waiting == 0, "delivery")
            upper.forget()
            below.admit(*day[5:])
            await soon(lambda: upper.ledger.log_head().size == len(day), "everything again")
            await soon(lambda: below.waiting == 0, "the cursor")

    asyncio.run(scenario())


def test_an_upper_gateway_that_forgets_in_the_silence_after_the_last_report_gets_all_again(caplog):
    async def scenario():
        async with delivering() as (upper, below, _):
            below.delivery.probe_every_s = 0.01
            day = below.box.day()
            below.admit(*day)
            await soon(lambda: below.waiting == 0, "delivery")
            asked = upper.asked
            await soon(lambda: upper.asked > asked + 2, "probes that tell nothing new")
            assert below.waiting == 0
            assert caplog.records == []
            upper.forget()
            await soon(lambda: upper.ledger.log_head().size == len(day), "everything again")
            await soon(lambda: below.waiting == 0, "the cursor")

    with caplog.at_level("WARNING"):
        asyncio.run(scenario())
    assert "has forgotten what it receipted" in caplog.text


def test_a_gateway_over_an_older_copy_of_its_ledger_finds_out_at_its_start(caplog):
    async def scenario():
        async with delivering() as (upper, below, task):
            day = below.box.day()
            below.admit(*day[:5])
            await soon(lambda: below.waiting == 0, "delivery")
            older = deepcopy(below.ledger)
            below.admit(*day[5:])
            await soon(lambda: below.waiting == 0, "delivery of what is forgotten")
            task.cancel()
            restarted = Below(upper, older)
            assert restarted.waiting == 0
            again = asyncio.create_task(restarted.delivery.run())
            await soon(lambda: "older copy" in restarted.delivery.trouble, "the trouble")
            again.cancel()
            await asyncio.gather(again, return_exceptions=True)

    with caplog.at_level("WARNING"):
        asyncio.run(scenario())
    assert "has forgotten" not in caplog.text


def test_a_gateway_whose_log_is_whole_asks_once_at_its_start():
    async def scenario():
        async with delivering() as (upper, below, task):
            below.admit(*below.box.day())
            await soon(lambda: below.waiting == 0, "delivery")
            task.cancel()
            asked = upper.asked
            upper.says = UpwardFault("upstream.url", "nobody there", "Wait", retry=True)
            restarted = Below(upper, below.ledger)
            again = asyncio.create_task(restarted.delivery.run())
            await soon(lambda: "nobody there" in restarted.delivery.trouble, "the trouble")
            upper.says = None
            await soon(lambda: restarted.delivery.trouble == "", "the answer")
            after = upper.asked
            assert after > asked
            for _ in range(20):
                restarted.delivery.wake()
                await asyncio.sleep(0.001)
            assert upper.asked == after
            again.cancel()
            await asyncio.gather(again, return_exceptions=True)

    asyncio.run(scenario())


def test_a_probe_that_fails_is_trouble_like_any_other():
    async def scenario():
        async with delivering() as (upper, below, _):
            below.delivery.probe_every_s = 0.01
            below.admit(*below.box.day())
            await soon(lambda: below.waiting == 0, "delivery")
            upper.says = UpwardFault("upstream.url", "nobody there", "Wait", retry=True)
            await soon(lambda: "nobody there" in below.delivery.trouble, "the trouble")

    asyncio.run(scenario())


def test_what_was_never_delivered_is_not_asked_about():
    async def scenario():
        async with delivering() as (upper, below, _):
            below.delivery.probe_every_s = 0.0
            assert await below.delivery._idle() is None
            assert upper.asked == 0

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "says",
    [
        UpwardFault("upstream.url", "nobody there", "Wait", retry=True),
        UpwardFault("entries[0].leaf", "wrong", "Mend it"),
        UpwardReply(CENTRE, ()),
        UpwardReply("some.other/log", (b"x", b"y")),
        UpwardReply(CENTRE, (b"x", b"y")),
    ],
)
def test_no_answer_short_of_good_receipts_moves_the_cursor(says, caplog):
    async def scenario():
        async with delivering() as (upper, below, _):
            upper.says = says
            below.admit(*below.box.day())
            await soon(lambda: upper.asked >= 4, "four tries")
            assert below.waiting == 7
            told = below.delivery.trouble
            assert told
            assert [record.getMessage() for record in caplog.records] == [
                f"delivery to {URL} waits: {told}"
            ]
            upper.says = None
            await soon(lambda: below.waiting == 0, "delivery")
            assert below.delivery.trouble == ""

    with caplog.at_level("WARNING"):
        asyncio.run(scenario())


def test_a_growing_log_does_not_shorten_the_wait():
    async def scenario():
        async with delivering() as (upper, below, _):
            upper.says = UpwardFault("upstream.url", "nobody there", "Wait", retry=True)
            below.delivery._backoff = Backoff(lambda: 1.0, 3_600.0, 3_600.0)
            below.admit(below.box.day()[0])
            await soon(lambda: below.delivery.trouble, "the first fault")
            for _ in range(20):
                below.delivery.wake()
                await asyncio.sleep(0.001)
            assert upper.asked == 1

    asyncio.run(scenario())


def test_conflicts_with_no_receipt_between_are_no_success_and_no_storm():
    async def scenario():
        async with delivering() as (upper, below, _):
            below.delivery._backoff = Backoff(lambda: 1.0, 3_600.0, 3_600.0)
            upper.says = UpwardConflict(0)
            below.admit(below.box.day()[0])
            await soon(lambda: below.delivery.trouble, "the trouble")
            assert "expects leaf 0, time and again" in below.delivery.trouble
            assert upper.asked == 2
            assert below.delivery.status()["last_receipt"] is None

    asyncio.run(scenario())


def test_conflicts_in_answer_to_probes_are_no_storm_either():
    async def scenario():
        async with delivering() as (upper, below, _):
            below.delivery.probe_every_s = 0.01
            below.admit(below.box.day()[0])
            await soon(lambda: below.waiting == 0, "delivery")
            below.delivery._backoff = Backoff(lambda: 1.0, 3_600.0, 3_600.0)
            upper.says, asked = UpwardConflict(1), upper.asked
            await soon(lambda: below.delivery.trouble, "the trouble")
            assert upper.asked == asked + 2

    asyncio.run(scenario())


class NotedBackoff(Backoff):
    """A backoff that waits for nothing and notes what it was told."""

    def __init__(self):
        super().__init__(lambda: 0.0)
        self.told = []

    def failed(self):
        self.told.append("failed")
        return super().failed()

    def refused(self):
        self.told.append("refused")
        return super().refused()


@pytest.mark.parametrize(("retry", "word"), [(True, "failed"), (False, "refused")])
def test_what_only_people_can_mend_is_waited_for_longer(retry, word):
    async def scenario():
        async with delivering() as (upper, below, _):
            upper.says = UpwardFault("checkpoint", "is another", "Compare", retry=retry)
            below.delivery._backoff = noted = NotedBackoff()
            below.admit(below.box.day()[0])
            await soon(lambda: len(noted.told) > 2, "three tries")
            assert set(noted.told) == {word}

    asyncio.run(scenario())


def failing(ledger, error):
    real = ledger.commit

    def commit(batch, expected):
        if batch.delivery is not None:
            raise error
        real(batch, expected)

    ledger.commit = commit
    return real


def test_a_full_disk_delays_and_a_sick_one_ends():
    async def scenario():
        async with delivering() as (upper, below, task):
            real = failing(below.ledger, DiskFull("no room"))
            below.admit(*below.box.day())
            await soon(lambda: upper.ledger.log_head().size == 7, "delivery in spite of it")
            assert below.waiting == 7
            below.ledger.commit = real
            below.delivery.wake()
            await soon(lambda: below.waiting == 0, "delivery")
            failing(below.ledger, LedgerFailure("sick"))
            below.admit(ScriptedBox(authority(), 2).day()[0])
            await soon(task.done, "the end")
            assert isinstance(task.exception(), LedgerFailure)

    asyncio.run(scenario())
