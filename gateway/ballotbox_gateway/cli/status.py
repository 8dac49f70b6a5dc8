"""`ballotbox-gateway status`: what a gateway has and what it waits for."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ballotbox_gateway.cli.options import config_option
from ballotbox_gateway.plain_text import plain
from ballotbox_gateway.service.times import span

if TYPE_CHECKING:
    from ballotbox_gateway.config import Config


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def status(config: "Config", *, as_json: bool) -> None:
    """Show boxes, counts by reason, roads and delivery, of a running or a stopped gateway."""
    from ballotbox_gateway.cli.asking import asking

    with asking(config) as ask:
        state = ask(ask="status")
    if as_json:
        click.echo(json.dumps(state, indent=2))
    else:
        click.echo("\n".join(map(plain, _lines(state))))


def _lines(state: dict[str, Any]) -> Iterator[str]:
    mode = state["mode"]
    if mode != "official":
        yield f"{mode.upper():<9} this is no official election: nothing of it counts"
    yield f"gateway   {state['origin']}, {'running' if state.get('running') else 'stopped'}"
    yield f"election  {state['election']} ({mode}), register {state['register_version']}"
    if state["log"] is not None:
        yield from _ledger_lines(state)
    yield from _process_lines(state)


def _ledger_lines(state: dict[str, Any]) -> Iterator[str]:
    from ballotbox_gateway.service.inspection import CONVICTED

    log, boxes = state["log"], state["boxes"]
    yield f"log       {log['size']} leaves, root {log['root'][:16]}…"
    states = ", ".join(f"{count} {name}" for name, count in boxes["by_state"].items()) or "none"
    yield f"boxes     {boxes['expected']} expected, {boxes['silent']} silent; reported: {states}"
    yield f"finals    {boxes['with_final']} accepted"
    for told in state["convicted_by"]:
        root = f"{told['root'][:16]}…"
        yield f"CONVICTED a box holds this log's checkpoint of {told['size']} leaves, root {root}"
    if state["convicted_by"]:
        yield f"          which this log is not: {CONVICTED}"
    for each in boxes["waiting"]:
        held = f"{each['reports']} held until report {each['for']} comes"
        yield f"waiting   box {each['box']}: {held}"
    for box in boxes["disputed"]:
        yield f"disputed  box {box}"
    for each in boxes["over_registered"]:
        more = f"{each['ballots']} ballots, {each['registered']} voters on the list"
        yield f"imbalance precinct {each['precinct']}: {more}"
    for title, counts in state["counts"].items():
        for reason, count in counts.items():
            yield f"{title:<11} {count:>8}  {reason}"


def _process_lines(state: dict[str, Any]) -> Iterator[str]:
    from ballotbox_gateway.service.forks import FORKED

    for each in state.get("forked_below", ()):
        roots = " and ".join(f"{root[:16]}…" for root in each["roots"])
        yield f"CONVICTED {each['origin']} signed two logs of {each['size']} leaves: roots {roots}"
        yield f"          {FORKED}"
    for road in state.get("roads", ()):
        trouble = f": {road['trouble']}" if road["trouble"] else ""
        yield f"road      {road['name']} {road['state']}{trouble}"
    if shards := state.get("shards"):
        part = f"{shards['held']} of {shards['of']} shards are ours"
        yield f"sharing   {part}, {shards['processes']} processes"
    for remark in state.get("broker_remarks", ()):
        yield f"BROKER    {remark}"
    yield from _hold_lines(state)
    yield from _warning_lines(state)
    upstream = state.get("upstream")
    if upstream:
        trouble = f": {upstream['trouble']}" if upstream["trouble"] else ""
        yield f"upward    {upstream['waiting']} leaves wait for {upstream['origin']}{trouble}"
        if upstream["waiting"]:
            yield f"          the oldest for {span(upstream['oldest_s'])}, {_drain(upstream)}"
    copy = state.get("second_copy")
    if copy:
        trouble = f": {copy['trouble']}" if copy["trouble"] else ""
        behind = (
            f"{copy['behind']} leaves behind for {copy['behind_s']} s" if copy["behind"] else ""
        )
        yield f"copy      {copy['directory']}: {behind or 'holds every leaf'}{trouble}"


def _warning_lines(state: dict[str, Any]) -> Iterator[str]:
    for each in state.get("certificates", ()):
        if each["trouble"]:
            yield f"CERTIFICATE {each['table']}: {each['trouble']}"
            yield f"          {each['remedy']}"
    for sender in state.get("over_quota", ()):
        yield f"OVER QUOTA {sender}: what is new of it is turned away for now"


def _hold_lines(state: dict[str, Any]) -> Iterator[str]:
    from ballotbox_gateway.core.ports import HOLDS

    if state.get("disk_full"):
        yield f"DISK FULL {state['disk_full']}"
    for hold in HOLDS[1:]:
        if trouble := state.get(hold.kind):
            yield f"NOT TAKING IN {trouble}"
            yield f"          {hold.remedy}"


def _drain(upstream: dict[str, Any]) -> str:
    if upstream["drain_s"] is None:
        return "time to drain unknown: nothing was receipted since the start"
    when = " once it answers" if upstream["trouble"] else ""
    rate = f"{upstream['leaves_per_s']:.3g} leaves a second"
    return f"about {span(upstream['drain_s'])} to drain{when}, at {rate}"
