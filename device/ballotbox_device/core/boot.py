"""Whether a memory belongs to this box and election, and the beginning of the election in it."""

from ballotbox_device.core.history import History, Rotation
from ballotbox_device.core.identity import Identity, registered_epoch
from ballotbox_device.core.journal import RecordBook
from ballotbox_device.core.ports import MemoryFault
from ballotbox_device.core.records import PREPARED, Genesis
from ballotbox_device.core.rules import ElectionRules
from ballotbox_device.core.slot_bank import SlotBank, capacity_for
from ballotbox_protocol.election.definition import Precinct
from ballotbox_protocol.election.identifiers import COUNT_MAX


def check_memory(history: History, identity: Identity, rules: ElectionRules) -> None:
    """Raise MemoryFault when the memory belongs to another box or election, or is spent."""
    genesis = history.genesis
    if genesis is None:
        return
    election = rules.trusted.digest
    if genesis.box != identity.box:
        raise MemoryFault(f"the memory belongs to box {genesis.box.hex()}")
    if not history.cleared and genesis.election != election:
        raise MemoryFault(
            f"the memory serves election {genesis.election.hex()}: two officers must clear it first"
        )
    if election in history.served or (history.cleared and genesis.election == election):
        raise MemoryFault("the memory was cleared of this very election: a box serves it once")
    if history.lifetime > COUNT_MAX:
        raise MemoryFault(
            f"the journal tells of {history.lifetime} sheets in the life of this box, no report "
            f"can tell more than {COUNT_MAX}: this was not counted by it"
        )
    if not history.cleared and genesis.slot_size != rules.slots.size:
        raise MemoryFault(
            f"the slots have {genesis.slot_size} bytes, this firmware uses {rules.slots.size}"
        )


def key_epoch(history: History, identity: Identity, rules: ElectionRules) -> int:
    """Return the epoch of the key given; raises MemoryFault or InvalidField for a wrong key."""
    rotation = history.rotation
    if rotation is None:
        return registered_epoch(rules.trusted, identity.box, identity.key)
    if rotation.key != identity.key.public:
        if _is_closed(rotation, identity, rules):
            epoch = registered_epoch(rules.trusted, identity.box, identity.key)
            if epoch > rotation.epoch:
                return epoch
        raise MemoryFault(
            f"the journal rotated to key {rotation.key.hex()}, "
            f"the box was given {identity.key.public.hex()}"
        )
    return rotation.epoch


def _is_closed(rotation: Rotation, identity: Identity, rules: ElectionRules) -> bool:
    """Tell whether the register closed the key that the box rotated to: it is lost, or stolen."""
    entries = rules.trusted.register.entries_of.get(identity.box, ())
    return any(e.key == rotation.key and e.closed is not None for e in entries)


def begin_election(
    book: RecordBook, bank: SlotBank, identity: Identity, rules: ElectionRules, precinct: Precinct
) -> None:
    """Write the genesis and prepare the slots, as far as that has not been done."""
    history = book.history
    if history.genesis is None and not bank.is_blank():
        raise MemoryFault("there are sheets in the slots but no journal: do not use this memory")
    if history.genesis is None or history.cleared:
        election, slot_size = rules.trusted.digest, rules.slots.size
        capacity = capacity_for(rules.trusted.election, precinct)
        brought = (history.lifetime, history.boots)
        book.commit(Genesis(election, identity.box, *brought, slot_size, capacity).record())
    if not history.prepared:
        # Power may have failed since: by a newer register the box may be in another precinct.
        bank.prepare(history.slots)
        book.commit(PREPARED)
