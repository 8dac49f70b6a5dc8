"""People who carry a precinct's log to the centre on a stick, and its receipts back.

They do what `ballotbox-gateway export` and `import` do, by the same core, while the line upward is
cut. And they do it wrong: twice, to another place, with half of the files, with an old stick.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from ballotbox_gateway.core.carrying import Taken, misdirected, pack, take_back, take_in
from ballotbox_gateway.core.ports import DiskFull, LedgerFailure
from ballotbox_gateway.core.stick import MANIFEST_NAME, Manifest
from ballotbox_gateway.core.upward import UpwardBatch, UpwardFault, UpwardReply
from ballotbox_simulator.world.auditor import Breach
from ballotbox_simulator.world.faults import FaultKind, Strike
from ballotbox_simulator.world.gateway_node import GatewayNode
from ballotbox_simulator.world.gateway_process import UpwardAnswer
from ballotbox_simulator.world.ledgers import Killed
from ballotbox_simulator.world.polling_day import MINUTE
from ballotbox_simulator.world.stick_audit import (
    Standing,
    again_taken,
    packing_moved,
    part_taken,
    receipts_left,
    taken_wrongly,
    wrong_place_took,
)
from ballotbox_simulator.world.targets import precinct_of
from ballotbox_simulator.world.world import World

_WAY_MS: Final = 15 * MINUTE
_AGAIN_MS: Final = 5 * MINUTE
#: Where nobody answers a person comes back so often, and then leaves it to the line.
_TRIES: Final = 24

Files = dict[str, bytes]
_K = FaultKind


class _Away(Exception):
    """The gateway is not there, or has just died of its ledger."""


class _Below:
    """A node's outbox as `core.carrying` needs it."""

    def __init__(self, node: GatewayNode) -> None:
        if node.intake is None:
            raise _Away
        self._outbox, self._clock = node.intake.outbox, node.clock
        self.backlog, self.stretch = self._outbox.backlog, self._outbox.stretch
        self.conflict = self._outbox.conflict

    def take_back(self, upper: str, first: int, reply: UpwardReply) -> UpwardFault | None:
        return self._outbox.take_back(upper, first, reply, self._clock.unix())


def carry_on_a_stick(world: World, strike: Strike) -> None:
    """Cut a precinct's line upward for `lasts`, and have a person go."""
    precinct = precinct_of(world, strike)
    world.auditor.struck(strike.kind, precinct.gateway.name)
    precinct.uplink.cut(strike.lasts)
    Courier(world, precinct.gateway, strike).begin()


class Courier:
    """One person with one stick, between one gateway and the centre."""

    def __init__(self, world: World, below: GatewayNode, strike: Strike) -> None:
        self._world = world
        self._below = below
        self._centre = world.centre
        self._strike = strike
        self._stick: Files = {}
        self._stale: Files = {}
        self._left = _TRIES

    def begin(self) -> None:
        """Go when something may have gathered."""
        self._after(_WAY_MS, self._export)

    # What people do, one after the other

    def _export(self) -> None:
        before = self._standing(self._below)
        election = self._below.trusted.digest.hex()
        sender = _Below(self._below)
        files = dict(pack(sender, self._below.name, self._centre.name, election))
        self._audit(self._below, packing_moved(before, self._standing(self._below)))
        if not files:
            return
        kind = self._strike.kind
        if kind is _K.STICK_STALE and not self._stale:
            self._stale = files
            self._after(_WAY_MS, self._export)
            return
        self._stick = files
        first = {
            _K.STICK_TO_THE_WRONG_PLACE: self._misdirect,
            _K.STICK_COPIED_IN_PART: self._carry_part,
        }
        self._after(_WAY_MS, first.get(kind, self._carry))

    def _misdirect(self) -> None:
        others = [node for node in self._world.gateways if node not in (self._below, self._centre)]
        for node in others:
            before = self._standing(node)
            taken = self._carried(self._stick, node)
            self._audit(node, wrong_place_took(before, self._standing(node), taken))
        self._after(_WAY_MS, self._carry)

    def _carry_part(self) -> None:
        before = self._standing(self._centre)
        taken = self._carried(self._in_part(), self._centre)
        self._audit(self._centre, part_taken(before, self._standing(self._centre), taken))
        self._after(_WAY_MS, self._carry)

    def _in_part(self) -> Files:
        """Return the stick with its last stretch cut short, or missing."""
        name = max(each for each in self._stick if each.startswith("leaves-"))
        data = self._stick[name]
        part = {name: data[: self._strike.detail % len(data)]} if self._strike.detail % 3 else {}
        return {each: content for each, content in self._stick.items() if each != name} | part

    def _carry(self) -> None:
        taken = self._bring(self._stick)
        for each in taken:
            self._stick |= dict(each.files)
        again = self._strike.kind is _K.STICK_CARRIED_TWICE
        self._after(_AGAIN_MS if again else _WAY_MS, self._carry_again if again else self._return)

    def _carry_again(self) -> None:
        # The line or another stick may have brought more meanwhile: then it is an old one.
        before = self._standing(self._centre)
        taken = self._carried(self._stick, self._centre)
        if before.taken >= self._manifest(self._stick).stop:
            self._audit(self._centre, again_taken(before, self._standing(self._centre)))
        for each in taken:
            self._stick |= dict(each.files)
        self._after(_WAY_MS, self._return)

    def _return(self) -> None:
        if self._below.gone:
            return
        if self._stale:
            self._bring(self._stale)
        self._take_back(self._stick)
        if self._strike.kind is _K.STICK_CARRIED_TWICE:
            before = self._standing(self._below)
            self._take_back(self._stick)
            self._audit(self._below, again_taken(before, self._standing(self._below)))

    # How they do it

    def _bring(self, stick: Files) -> Sequence[Taken]:
        before = self._standing(self._centre)
        taken = self._carried(stick, self._centre)
        after = self._standing(self._centre)
        stop = self._manifest(stick).stop
        self._audit(self._centre, taken_wrongly(before, after, stop, taken))
        return taken

    def _carried(self, stick: Files, node: GatewayNode) -> list[Taken]:
        """Import a stick at a gateway, as the command does."""
        manifest = self._manifest(stick)
        if misdirected(manifest, node.name, node.trusted.digest.hex()) is not None:
            return []
        key = node.trusted.register.gateway_keys.get(manifest.origin)
        if key is None:
            return []

        def admit(batch: UpwardBatch) -> UpwardAnswer:
            answer = node.take_in(batch.to_json())
            if answer is None:
                raise _Away
            return answer

        return list(take_in(manifest, stick.get, key, admit))

    def _take_back(self, stick: Files) -> None:
        before = self._standing(self._below)
        faults = list(take_back(self._manifest(stick), stick, stick.get, _Below(self._below)))
        whole = sorted(name for name in stick if name.startswith("receipts-"))
        after = self._standing(self._below)
        if whole and whole[-1].endswith(f"{self._manifest(stick).stop:012}.json"):
            self._audit(self._below, receipts_left(after, self._manifest(stick).stop, faults))
        if after.delivered > before.delivered:
            self._world.auditor.healthy(self._below.name)
        self._below.grown()

    def _standing(self, node: GatewayNode) -> Standing:
        return Standing.of(node.ledger, self._below.name, self._centre.name)

    @staticmethod
    def _manifest(stick: Files) -> Manifest:
        return Manifest.from_bytes(stick[MANIFEST_NAME])

    def _audit(self, node: GatewayNode, words: Iterable[str]) -> None:
        for each in words:
            self._world.auditor.object_to(Breach.LAW, node.name, each)

    def _after(self, delay: int, step: Callable[[], None]) -> None:
        self._world.schedule.after(delay, self._try, step)

    def _try(self, step: Callable[[], None]) -> None:
        """Take a step, or come back for it when a gateway is away, full or has died of it."""
        self._world.transcript.note("courier", step.__name__.strip("_"), self._below.name)
        try:
            step()
        except (_Away, DiskFull):
            self._come_back(step)
        except (LedgerFailure, Killed) as fault:
            self._below.fail(fault)
            self._come_back(step)

    def _come_back(self, step: Callable[[], None]) -> None:
        self._left -= 1
        if self._left and not self._below.gone:
            self._after(_AGAIN_MS, step)
