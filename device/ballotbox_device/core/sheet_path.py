"""The way of a sheet: taken in, reserved, released, dropped or given back; and after a power cut.

Order is everything here. A sheet is released only when slot and RELEASE are on the medium; a drop
is told only when the mark and DROPPED are.
"""

from typing import assert_never

from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.records import DROPPED, FED, RELEASE, RETURNED, VOID, answer_record
from ballotbox_device.core.recovery import Findings, Repair, repair_for
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.sheet import Sheet
from ballotbox_device.core.slot_bank import SlotBank, least_capacity
from ballotbox_device.core.slot_format import SlotCondition
from ballotbox_device.core.transport import SheetState
from ballotbox_protocol.election.counters import Counters
from ballotbox_protocol.election.tally import Row
from ballotbox_protocol.wire.report import Incident


class SheetPath:
    """Transport, slots and journal of one box; at most one sheet is under way."""

    __slots__ = ("_book", "_rules", "bank")

    def __init__(self, rules: ElectionRules, book: RecordBook, bank: SlotBank) -> None:
        self._rules = rules
        self._book = book
        self.bank = bank

    def counters(self) -> Counters:
        """Return the counters: all from the journal but `box` and `ballots`, from the slots.

        Which acceptance was a first sheet is not journalled: a rare second sheet would give its
        place in the order away, and with it its slot.
        """
        history, bank = self._book.history, self.bank
        return Counters(
            presented=history.presented,
            accepted=history.accepted,
            returned=history.returned,
            pending=history.pending,
            portable=history.portable,
            box=bank.counted,
            ballots=bank.first_sheets,
            lifetime=history.lifetime,
        )

    @property
    def state(self) -> SheetState:
        """Where the sheet is."""
        return self._book.history.sheet

    @property
    def accepted(self) -> int:
        """How many sheets have been accepted."""
        return self._book.history.accepted

    @property
    def owed(self) -> Incident | None:
        """What a person said about a sheet and no report tells yet."""
        return self._book.history.owed

    def take(self) -> None:
        """Note that a sheet has been taken in; nothing of it is known yet."""
        self._book.commit(FED)

    def hand_back(self) -> None:
        """Note that the sheet goes back; why stays with the voter."""
        self._book.commit(RETURNED)

    def release(self, sheet: Sheet) -> None:
        """Reserve a slot for the sheet: when this returns it may be let fall."""
        self.bank.reserve(self._rules.slots.encode(sheet))
        self._book.append(RELEASE)
        self.bank.sync()
        # Commit point: from here on a lost drop is asked about, never forgotten.
        self._book.settle()

    def drop(self) -> None:
        """Count the released sheet, which fell."""
        self.bank.mark()
        self._book.append(DROPPED)
        self.bank.sync()
        # Commit point: from here on the sheet is counted, once.
        self._book.settle()

    def give_back(self) -> None:
        """Void the released sheet, which did not fall."""
        self._book.commit(VOID)
        self._erase()

    def answer(self, *, dropped: bool) -> None:
        """Settle the released sheet by a person's word, written down before it is acted on."""
        self._book.commit(answer_record(dropped=dropped))
        if dropped:
            self._finish_mark()
        else:
            self._erase()

    def totals(self) -> Row:
        """Return the votes of all counted sheets."""
        return self.bank.totals(self._rules.layout)

    def recover(self) -> Repair:
        """Bring slots and journal together after a boot and return what was done.

        Raises MemoryFault for findings that no power cut explains.
        """
        history = self._book.history
        self.bank.survey(least_capacity(history.slots, history.slots_given))
        odd = self.bank.odd
        condition = odd.condition if odd else SlotCondition.EMPTY
        surplus = self.bank.counted - history.accepted
        repair = repair_for(Findings(history.sheet, condition, surplus))
        self._repair(repair)
        return repair

    def _repair(self, repair: Repair) -> None:
        match repair:
            case Repair.NOTHING | Repair.ASK | Repair.CUT_TAIL | Repair.SECOND_COPY:
                pass
            case Repair.EJECT:
                self.hand_back()
            case Repair.EJECT_AND_ERASE:
                self.hand_back()
                self._erase()
            case Repair.ERASE:
                self._erase()
            case Repair.FINISH_MARK:
                self._finish_mark()
            case Repair.VOID:
                self._book.commit(VOID)
            case Repair.VOID_AND_ERASE:
                self.give_back()
            case Repair.RECORD_DROP:
                self._book.commit(DROPPED)
            case Repair.MARK_AND_RECORD_DROP:
                self.drop()
            case _:
                assert_never(repair)

    def _finish_mark(self) -> None:
        self.bank.mark()
        self.bank.sync()

    def _erase(self) -> None:
        self.bank.erase()
        self.bank.sync()
