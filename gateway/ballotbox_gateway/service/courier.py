"""What the commands `export` and `import` do with a stick, in words for the person who carries it.

Whatever goes wrong with one folder leaves the others, and all that is stored already, as they are.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ballotbox_gateway.adapters.stick_folder import StickFolder, folders_on
from ballotbox_gateway.core.carrying import Taken, misdirected, pack, take_back, take_in
from ballotbox_gateway.core.stick import MANIFEST_NAME, STANDING_NAME, Manifest
from ballotbox_gateway.core.upward import UpwardFault
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.carrying_desk import AskedGateway
from ballotbox_protocol.wire.trust import Trusted

_WRITTEN: Final = ("leaves-", "receipts-")


class Said(NamedTuple):
    """One line for the person; `well` unless something is to mend."""

    well: bool
    line: str


def export(medium: Path, gateway: AskedGateway, trusted: Trusted, origin: str, upper: str) -> range:
    """Write what waits for `upper` to a stick and return the leaves; raises Problem.

    An earlier export to the same stick gives way only when this one is complete.
    """
    _require_known(trusted, upper)
    folder = StickFolder.on(medium, origin, upper)
    first, stop, kept = 0, 0, {MANIFEST_NAME}
    for name, data in pack(gateway, origin, upper, trusted.digest.hex()):
        folder.write(name, data)
        kept.add(name)
        if name == MANIFEST_NAME:
            manifest = Manifest.from_bytes(data)
            first, stop = manifest.first, manifest.stop
    if stop:
        folder.forget(_outdated(folder, kept, first))
    return range(first, stop)


def _outdated(folder: StickFolder, kept: set[str], first: int) -> list[str]:
    """Return the files of earlier exports, and the receipts that are stored already."""
    old = [name for name in folder.names if name.startswith(_WRITTEN) and name not in kept]
    waiting = [name for name in old if name.startswith("receipts-") and _stop_in(name) > first]
    return [*(name for name in old if name not in waiting), STANDING_NAME]


def _stop_in(name: str) -> int:
    digits = name.removesuffix(".json").rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _require_known(trusted: Trusted, upper: str) -> None:
    if upper not in trusted.register.gateway_keys:
        what = "is no gateway of the register in use"
        remedy = "Name one with --to, as the register spells it, or take in the newer register"
        raise Problem(upper, what, remedy)


def carry_in(medium: Path, gateway: AskedGateway, trusted: Trusted, origin: str) -> Iterator[Said]:
    """Take from a stick whatever is for this gateway; raises Problem when there is no stick."""
    found = False
    for folder in folders_on(medium):
        found = True
        try:
            yield from _folder(folder, gateway, trusted, origin)
        except Problem as problem:
            yield Said(well=False, line=str(problem))
    if not found:
        what = "has nothing of a gateway on it"
        remedy = f"Run `ballotbox-gateway export {medium}` at the gateway below"
        raise Problem(str(medium), what, remedy)


def _folder(
    folder: StickFolder, gateway: AskedGateway, trusted: Trusted, origin: str
) -> Iterator[Said]:
    manifest = folder.manifest()
    wrong = misdirected(manifest, origin, trusted.digest.hex())
    if wrong is not None:
        raise Problem(str(folder.path), wrong.problem, wrong.fix)
    if origin == manifest.origin:
        yield from _came_back(folder, manifest, gateway)
    else:
        yield from _from_below(folder, manifest, gateway, trusted)


def _from_below(
    folder: StickFolder, manifest: Manifest, gateway: AskedGateway, trusted: Trusted
) -> Iterator[Said]:
    key = trusted.register.gateway_keys.get(manifest.origin)
    if key is None:
        remedy = "Give this gateway the newer register, or look where this stick comes from"
        raise Problem(manifest.origin, "is no gateway of the register in use", remedy)
    unwritten: Problem | None = None
    for taken in take_in(manifest, folder.read, key, gateway.admit):
        before = all(folder.holds(name, data) for name, data in taken.files)
        for name, data in taken.files:
            try:
                folder.write(name, data)
            except Problem as problem:
                unwritten = problem
        yield _said(manifest, taken, unwritten, before=before)
    if unwritten is not None:
        again = "import it here once more: nothing is taken twice, and the receipts come again"
        remedy = f"Make room on the stick, and {again}"
        raise Problem(unwritten.where, unwritten.what, remedy)


def _said(manifest: Manifest, taken: Taken, unwritten: Problem | None, *, before: bool) -> Said:
    """Return the line about one stretch. before: its receipts were on the stick already."""
    if taken.fault is not None:
        return Said(well=False, line=f"{manifest.origin}: {_in_words(taken.fault)}")
    leaves = f"from     {manifest.origin}: leaves {taken.first} to {taken.stop}"
    if taken.returned is None:
        return Said(
            well=True,
            line=f"{leaves} stand here already, up to {taken.expected}; "
            "their receipts come with a newer export",
        )
    where = "its receipts are on the stick" if unwritten is None else "receipts not written"
    taken_in = "were taken in before and not again" if before else "taken in"
    return Said(well=True, line=f"{leaves} {taken_in}, {where}")


def _came_back(folder: StickFolder, manifest: Manifest, gateway: AskedGateway) -> Iterator[Said]:
    before = gateway.backlog(manifest.upper).start
    names = folder.names
    faults = list(take_back(manifest, names, folder.read, gateway))
    after = gateway.backlog(manifest.upper)
    upper = manifest.upper
    if after.start > before:
        line = f"back     {upper}: leaves {before} to {after.start} receipted"
        yield Said(well=True, line=f"{line}, {len(after)} still wait")
    elif not faults and after.start >= manifest.stop:
        line = f"back     {upper}: all receipts of this stick were stored before"
        yield Said(well=True, line=f"{line}, {len(after)} leaves still wait")
    elif not faults:
        what = "has no receipts for what waits here"
        remedy = f"Carry it to {upper} first, or export anew: `ballotbox-gateway export`"
        raise Problem(str(folder.path), what, remedy)
    for fault in faults:
        yield Said(well=False, line=f"{upper}: {_in_words(fault)}")


def _in_words(fault: UpwardFault) -> str:
    return f"{fault.field} {fault.problem}. {fault.fix[:1].upper()}{fault.fix[1:]}"
