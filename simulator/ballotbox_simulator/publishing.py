"""From an exported log to the results page, by the tabulation's own code."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ballotbox_simulator.authority import Authority
from ballotbox_tabulation.core.faults import Fault
from ballotbox_tabulation.core.log import open_log, read_leaves
from ballotbox_tabulation.core.outcome import Published, conclude
from ballotbox_tabulation.log_directory import directory_reader
from ballotbox_tabulation.page import page_pieces
from ballotbox_tabulation.result_files import write_result
from ballotbox_tabulation.second_opinion import NotWorkedOut, second_opinion


@dataclass(frozen=True, slots=True)
class PublishedPage:
    """The published result object and where its page lies."""

    result: Mapping[str, Any]
    page: Path


def tabulate_log(log: Path, authority: Authority, out: Path) -> PublishedPage | str:
    """Tabulate an exported log into `out`; returns why not, in words, when it was refused."""
    opened = open_log(directory_reader(log), authority.trusted)
    if isinstance(opened, Fault):
        return str(opened)
    program = f"ballotbox-tabulate {version('ballotbox-kit')}"
    try:
        concluded = conclude(opened, read_leaves(opened), authority.root, program, second_opinion)
    except NotWorkedOut as error:
        return str(error)
    if not isinstance(concluded, Published):
        return "; ".join(str(each) for each in (*concluded.faults, *concluded.gates)[:5])
    page = page_pieces(concluded, authority.trusted.election)
    files = write_result(out, concluded.pieces(), page)
    return PublishedPage(concluded.result, files.page)
