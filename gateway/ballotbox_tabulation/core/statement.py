"""What is said of a result that is to be published, and what forbids to compute or release it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ballotbox_protocol.wire.publication import Publication, Status
from ballotbox_protocol.wire.rules_release import RulesRelease
from ballotbox_protocol.wire.trust import Trusted
from ballotbox_tabulation.core.outcome import Published

#: Boxes in these states may still change the result.
_OPEN: Final = ("missing", "held", "quarantined", "disputed")


@dataclass(frozen=True, slots=True)
class Means:
    """What a result is made with, by digests: rules, program and configuration."""

    rules: bytes
    program: bytes
    configuration: bytes


def release_faults(release: RulesRelease, means: Means, trusted: Trusted) -> Iterator[str]:
    """Yield why nothing may be computed with these means under this release."""
    if release.election != trusted.digest:
        yield "the rules release is of another election"
    if not release.is_signed(trusted.register):
        yield "the rules release is not signed by two officers who may release in all precincts"
    for name, running, released in (
        ("program", means.program, release.program),
        ("rules file", means.rules, release.rules),
    ):
        if running != released:
            words = f"is {running.hex()}, released is {released.hex()}"
            yield f"the {name} is not the released one: it {words}"


def status_of(published: Published) -> Status:
    """Return what a result is as far as its boxes tell."""
    named = published.result.get("status")
    if named is not None:
        return Status[named.upper()]
    waiting = any(published.result["boxes"][state] for state in _OPEN)
    return Status.PRELIMINARY if waiting else Status.COMPLETE


def newest(known: Iterable[Publication | None]) -> Publication | None:
    """Return the publication with the highest version among those that are known."""
    return max(
        (each for each in known if each is not None), key=lambda each: each.version, default=None
    )


def draft_statement(
    published: Published,
    trusted: Trusted,
    means: Means,
    before: Publication | None,
    status: Status | None = None,
) -> Publication:
    """Return the unsigned statement of a result; raises InvalidField naming what it cannot say."""
    log = published.result["log"]
    return Publication(
        election=trusted.digest,
        mode=trusted.election.mode,
        status=status or status_of(published),
        version=1 if before is None else before.version + 1,
        previous=None if before is None else before.id,
        rules=means.rules,
        program=means.program,
        configuration=means.configuration,
        origin=log["origin"],
        size=log["size"],
        root=bytes.fromhex(log["root"]),
        result=bytes.fromhex(published.digest.removeprefix("sha256:")),
    )
