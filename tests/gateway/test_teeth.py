"""Faults planted in the gateway, one by one: the tests must see each."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ballotbox_gateway.core import chain as chain_module
from ballotbox_gateway.core.books import Books
from ballotbox_gateway.core.boxchain import BoxChain
from ballotbox_gateway.core.chain import Chains
from ballotbox_gateway.core.content import ContentRules
from ballotbox_gateway.core.delivery import Outbox
from ballotbox_gateway.core.draft import Draft
from ballotbox_gateway.core.log import Log
from ballotbox_gateway.core.ports import Conflict, Delivery, LedgerFailure
from ballotbox_gateway.core.rulings import Bench
from ballotbox_gateway.ledger.memory import MemoryLedger
from ballotbox_protocol.wire import cose
from ballotbox_protocol.wire.verdict import Reason, Verdict
from tests.gateway import (
    test_commit_point,
    test_delivery,
    test_from_below,
    test_namings,
    test_rulings,
)
from tests.gateway.below import Levels
from tests.gateway.failing import Fault
from tests.gateway.test_exactly_once import MemoryGateway
from tests.gateway.test_reasons import CAUSES

pytestmark = pytest.mark.teeth

_SEARCH = settings(
    max_examples=200,
    stateful_step_count=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    print_blob=False,
)
Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]
Check = Callable[[], Any]


#: What a search tries depends on which modules are loaded: it ends with what it looks for.
_PATIENT = settings(_SEARCH, max_examples=6_000)


def any_order(search: settings = _PATIENT) -> None:
    """The gateway against the model, in any order of anything."""
    run_state_machine_as_test(MemoryGateway, settings=search)


def _answers_before_the_commit(patch: Patch) -> None:
    commit = Books._commit

    def careless(self: Books, *args: Any) -> None:
        try:
            commit(self, *args)
        except LedgerFailure:
            return

    patch.setattr(Books, "_commit", careless)


def _skips_gaps(patch: Patch) -> None:
    def skip(self: Chains, chain: BoxChain, given: Any, _reason: Reason, word: Any) -> Any:
        return self._continue(chain, given, word)

    patch.setattr(Chains, "_hold", skip)


def _takes_a_sequence_twice(patch: Patch) -> None:
    patch.setattr(BoxChain, "placed", lambda _self, _sequence: None)


def _drops_what_is_in_quarantine(patch: Patch) -> None:
    decide = Draft.decide

    def drop(self: Draft, row: Any) -> None:
        if row.verdict is not Verdict.QUARANTINED:
            decide(self, row)

    patch.setattr(Draft, "decide", drop)


def _stops_at_quarantine(patch: Patch) -> None:
    advance = Chains._advance

    def stop(self: Chains, chain: BoxChain, given: Any, *, believed: bool) -> None:
        if believed:
            advance(self, chain, given, believed=True)

    patch.setattr(Chains, "_advance", stop)


def _believes_what_is_in_quarantine(patch: Patch) -> None:
    advance = Chains._advance

    def believe(self: Chains, chain: BoxChain, given: Any, **_: bool) -> None:
        advance(self, chain, given, believed=True)

    patch.setattr(Chains, "_advance", believe)


def _makes_a_leaf_of_a_duplicate(patch: Patch) -> None:
    patch.setattr(BoxChain, "known", lambda *_: None)


def _never_follows_up(patch: Patch) -> None:
    patch.setattr(Chains, "drain", lambda *_: None)


def _follows_up_in_a_dispute(patch: Patch) -> None:
    drain = Chains.drain

    def eager(self: Chains, chain: BoxChain) -> None:
        head = chain.head
        chain.head = head._replace(disputed=0)
        drain(self, chain)
        chain.head = chain.head._replace(disputed=head.disputed)

    patch.setattr(Chains, "drain", eager)
    patch.setattr(BoxChain, "follows_plainly", lambda s, q: q == s.head.sequence + 1)


def _forgets_the_rival(patch: Patch) -> None:
    dispute = Chains._dispute

    def one_sided(self: Chains, chain: BoxChain, given: Any, rival: Any, word: Any) -> Any:
        kept = rival._replace(own_verdict=Verdict.EVIDENCE)
        return dispute(self, chain, given, kept, word)

    patch.setattr(Chains, "_dispute", one_sided)


def _keeps_the_abandoned_branch(patch: Patch) -> None:
    patch.setattr(Bench, "_turn_back", lambda *_: None)


def _keeps_the_facts_of_the_abandoned_branch(patch: Patch) -> None:
    patch.setattr(Bench, "_facts_up_to", lambda _self, chain, _last: chain.head.facts)


def _rules_without_officers(patch: Patch) -> None:
    patch.setattr(Bench, "_signed", lambda *_: True)


def _releases_anything(patch: Patch) -> None:
    def yes(_self: Bench, _chain: Any, row: Any, _given: Any) -> Any:
        verdict = row.verdict
        result = test_rulings.RulingResult
        return result.ALREADY if verdict is Verdict.ACCEPTED else result.APPLIED

    patch.setattr(Bench, "_releasable", yes)


def _ignores_the_verdict_of_below(patch: Patch) -> None:
    patch.setattr(chain_module, "combine", lambda own, reason, _below, **_: (own, reason))


def _moves_the_cursor_before_the_receipts(patch: Patch) -> None:
    offer = Outbox.next

    def hasty(self: Outbox, upper: str, limit: int) -> Any:
        batch = offer(self, upper, limit)
        if batch is not None:

            def judge(case: Any) -> None:
                case.draft.delivery = Delivery(upper, batch.first, batch.stop)

            self._books.settle(judge, 0)
        return batch

    patch.setattr(Outbox, "next", hasty)


def _believes_any_upper_receipt(patch: Patch) -> None:
    patch.setattr(Outbox, "_fault", lambda *_: None)


def _overwrites_other_writers(patch: Patch) -> None:
    # Either alone is made good by the other one.
    patch.setattr(Books, "_keep_up", lambda *_: None)
    patch.setattr(MemoryLedger, "_require_expected", lambda *_: None)


def _gives_up_at_a_conflict(patch: Patch) -> None:
    patch.setattr(Books, "_keep_up", lambda *_: None)


def _receipts_at_the_newest_checkpoint(patch: Patch) -> None:
    receipts = Log.receipts

    def newest(self: Log, leaves: Any, _checkpoint: Any) -> Any:
        return receipts(self, leaves, self._ledger.checkpoint_at(self.head.size))

    patch.setattr(Log, "receipts", newest)


def _trusts_any_signature(patch: Patch) -> None:
    patch.setattr(cose, "verify", lambda *_: True)


def _reads_no_content(patch: Patch) -> None:
    patch.setattr(ContentRules, "fault", lambda *_: None)


def _never_checks_previous(patch: Patch) -> None:
    def fault(self: Chains, chain: BoxChain, given: Any, index: int) -> Any:
        head = chain.head
        chain.head = head._replace(last=given.report.previous)
        try:
            return _FAULT(self, chain, given, index)
        finally:
            chain.head = head

    patch.setattr(Chains, "_fault", fault)


_FAULT = Chains._fault


def _cause(reason: Reason) -> Check:
    def check() -> None:
        assert CAUSES[reason]() is reason

    return check


def _one_fault(fault: Fault) -> Check:
    return lambda: (
        test_commit_point.test_nothing_is_said_when_the_commit_fails_and_redelivery_makes_one_leaf(
            fault
        )
    )


def _unconfirmed() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    test_delivery.test_same_stretch_is_offered_until_its_receipts_are_stored(levels)


def _unproved() -> None:
    levels = Levels()
    levels.lower.admit(*levels.box.day())
    test_delivery.test_reply_that_proves_less_moves_nothing(levels, "receipts[0]: no receipt")


PLANTED: list[Any] = [
    (_answers_before_the_commit, _one_fault(Fault.NOT_APPLIED)),
    (_answers_before_the_commit, _one_fault(Fault.DISK_FULL)),
    (_skips_gaps, any_order),
    (_takes_a_sequence_twice, any_order),
    (_drops_what_is_in_quarantine, any_order),
    (_stops_at_quarantine, any_order),
    (
        _believes_what_is_in_quarantine,
        test_rulings.test_nothing_is_built_on_a_word_in_quarantine_until_it_is_released,
    ),
    (_makes_a_leaf_of_a_duplicate, any_order),
    (_never_follows_up, any_order),
    (_follows_up_in_a_dispute, any_order),
    (_forgets_the_rival, any_order),
    (
        _keeps_the_abandoned_branch,
        test_namings.test_naming_the_rival_sets_aside_what_was_built_on_the_other,
    ),
    # A search for it looks at thousands of orders.
    pytest.param(_keeps_the_abandoned_branch, any_order, marks=pytest.mark.accept),
    (
        _keeps_the_facts_of_the_abandoned_branch,
        test_namings.test_naming_the_rival_sets_aside_what_was_built_on_the_other,
    ),
    (
        _rules_without_officers,
        lambda: test_rulings.test_ruling_takes_two_different_officers_and_no_one_else((0,)),
    ),
    (_releases_anything, any_order),
    (_ignores_the_verdict_of_below, _cause(Reason.QUARANTINED_BELOW)),
    (
        _ignores_the_verdict_of_below,
        test_from_below.test_accepted_report_goes_into_quarantine_when_a_second_gateway_quarantines_it,
    ),
    (_moves_the_cursor_before_the_receipts, _unconfirmed),
    (_believes_any_upper_receipt, _unproved),
    (_overwrites_other_writers, any_order),
    (_gives_up_at_a_conflict, any_order),
    (_receipts_at_the_newest_checkpoint, any_order),
    (_trusts_any_signature, _cause(Reason.SIGNATURE)),
    (_reads_no_content, any_order),
    (_never_checks_previous, any_order),
]


#: How a fault shows: an expectation broken, or the gateway stopping itself.
_SEEN = (AssertionError, pytest.fail.Exception, LedgerFailure, Conflict, LookupError, ValueError)


def _named(planted: object) -> str:
    return getattr(planted, "__name__", "").strip("_").replace("<lambda>", "case")


@pytest.mark.parametrize(("plant", "check"), PLANTED, ids=_named)
def test_planted_fault_is_seen(plant: Plant, check: Check, monkeypatch: Patch) -> None:
    plant(monkeypatch)
    with pytest.raises(_SEEN):
        check()


@pytest.mark.accept
def test_without_a_fault_the_same_search_finds_nothing() -> None:
    any_order(_SEARCH)
