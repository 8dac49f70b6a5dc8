"""A ledger that is not what it was: made again from what is left of it and from the second copy.

It is made again only when every leaf that this gateway ever signed for is there, proved by a signed
checkpoint. When that cannot be had, or cannot be known, the log is closed: to sign another leaf at
a place where one stood already would be a second log under one name.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ballotbox_gateway.adapters.law_files import load_laws
from ballotbox_gateway.config import Config
from ballotbox_gateway.core.books import Books
from ballotbox_gateway.core.outcome import Identity
from ballotbox_gateway.core.ports import Binding, Damaged, Entry, LedgerFailure
from ballotbox_gateway.core.replay import replay
from ballotbox_gateway.core.roster import Roster
from ballotbox_gateway.core.salvage import Medium, Salvage, in_ranges, salvage
from ballotbox_gateway.ledger.placing import clear, making, put_in_place
from ballotbox_gateway.ledger.remains import Extent, Remains, carry_over
from ballotbox_gateway.ledger.sqlite import create, open_ledger
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.copied import CopiedLog
from ballotbox_protocol.wire.checkpoint import CheckpointFault, verify_checkpoint
from ballotbox_protocol.wire.merkle import Tree
from ballotbox_protocol.wire.trust import Trusted

_NOTHING: Final = Extent(0, [], certain=False)


class Loss(NamedTuple):
    """Why a log cannot go on: leaves from `kept` on are lost, of `known` that have left a trace."""

    why: str
    kept: int
    known: int


class Mending:
    """Makes the ledger of one gateway again; `why` says what is wrong with the present one."""

    def __init__(
        self, config: Config, trusted: Trusted, identity: Identity, copied: CopiedLog | None
    ) -> None:
        self._path = config.file
        self._laws = config.laws
        self._trusted = trusted
        self._identity = identity
        self._copied = copied

    def mend(self, why: str) -> list[str]:
        """Put a whole ledger in place and return what to tell; raises Problem when it is lost.

        Nothing has been changed then.
        """
        remains = _open_remains(self._path, self._identity.origin)
        try:
            found = self._gather(remains, why)
            self._make(found.entries, why)
        except BaseException:
            if remains is not None:
                remains.close()
                remains.discard()
            raise
        if remains is not None:
            remains.close()
        told = [f"the ledger was damaged ({why}) and is whole again, {len(found.entries)} leaves"]
        if found.mended:
            told.append(f"restored from the second copy: {in_ranges(found.mended)}")
        made = making(self._path)
        try:
            if remains is not None:
                if lost := carry_over(remains.path, made):
                    told.append(f"not readable any more, and not needed: {', '.join(lost)}")
                remains.discard()
            aside = put_in_place(made, self._path)
        except OSError as error:
            raise _no_room(self._path, error) from error
        if aside is not None:
            told.append(f"what it was made from is kept for examination: {aside}")
        return told

    def _gather(self, remains: Remains | None, why: str) -> Salvage:
        extent = remains.extent() if remains else _NOTHING
        copied = self._copied
        known = max(extent.size, copied.size if copied else 0)
        media: list[Medium] = [remains.entries] if remains else []
        if copied:
            media.append(copied.entries)
        hints = copied.hash_of if copied else _no_hint
        found = salvage(media, known, Roster(self._trusted), hints)
        proved = self._proved(extent, found.tree())
        complete = copied is not None and copied.is_complete and copied.size == known
        certain = complete or (extent.certain and extent.size == known)
        if proved < known or not certain:
            raise closed(self._path, self._identity.origin, Loss(why, proved, known))
        return found

    def _proved(self, extent: Extent, tree: Tree) -> int:
        """Return the largest size at which a checkpoint of this gateway signs for the leaves."""
        heads = [self._copied.head] if self._copied else []
        for stored in extent.checkpoints:
            head = verify_checkpoint(stored.note, self._identity.origin, self._identity.key.public)
            if not isinstance(head, CheckpointFault) and head.size <= tree.size:
                heads.append(head)
                break
        sizes = [h.size for h in heads if h.size <= tree.size and tree.root(h.size) == h.root]
        return max(sizes, default=0)

    def _make(self, entries: Sequence[Entry], why: str) -> None:
        trusted, identity, made = self._trusted, self._identity, making(self._path)
        try:
            clear(made)
            create(made, Binding(identity.origin, trusted.digest, trusted.register.version))
            ledger = open_ledger(made)
            try:
                # Where the log does not tell what spoke against a count, the laws are asked.
                replay(Books(trusted, identity, ledger, load_laws(self._laws)), entries)
            finally:
                ledger.close()
        except Damaged as error:
            loss = Loss(f"{why}; {error}", 0, len(entries))
            raise closed(self._path, identity.origin, loss) from error
        except (LedgerFailure, OSError) as error:
            raise _no_room(self._path, error) from error


def closed(path: Path, origin: str, loss: Loss) -> Problem:
    """Return what to tell of a log that cannot go on, with the way out."""
    what = (
        f"{loss.why}. Leaves from {loss.kept} on cannot be restored (at least {loss.known} were "
        f"signed), so the log {origin} is closed"
    )
    remedy = (
        "If the newest ledger or the second copy is elsewhere, put it back. Else have a new origin "
        "entered in the register, set `origin` and `key_file` to it, and run "
        f"`ballotbox-gateway init --replace {origin} --kept {loss.kept}` with two officers' keys"
    )
    return Problem(str(path), what, remedy)


def _no_room(path: Path, error: Exception) -> Problem:
    what = f"is damaged, and a whole one cannot be written beside it: {error}"
    return Problem(str(path), what, "Make room on that disk, or mend it, and start again")


def _open_remains(path: Path, origin: str) -> Remains | None:
    if not path.is_file():
        return None
    try:
        remains = Remains(path)
    except LedgerFailure:
        return None
    found = remains.origin()
    if found not in (origin, None):
        remains.close()
        raise Problem(str(path), f"belongs to {found}, not to {origin}", "Correct the settings")
    return remains


def _no_hint(_index: int) -> None:
    return None
