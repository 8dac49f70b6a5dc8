"""A box for somebody else's test: a real process on a real pseudo-terminal, held in the hand.

    with start_box("try-out") as box:    # made by: ballotbox-sim election try-out
        box.open_poll()
        box.feed("HOME", 0, [[0], [1]])

A gateway, or whatever is tested, opens `box.path` as its serial port.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ballotbox_device.host.control_client import Control, Refusal
from ballotbox_device.host.problem import Problem
from ballotbox_device.host.state import empty_copy, open_state

Answer = dict[str, Any]
Marks = Sequence[Sequence[int]]

_RUN: Final = "from ballotbox_device.cli import main; main()"
_END_S: Final = 30


class BoxStopped(Exception):
    """The process of the box has ended; the message is what it said."""


def start_box(
    place: Path | str,
    number: int = 1,
    *,
    profile: str = "generic",
    road: Sequence[str] = ("--pty",),
    fresh: bool = False,
) -> "Box":
    """Start box `number` of a folder as `ballotbox-sim election` makes it; raises BoxStopped.

    road: the options of `ballotbox-device run` that lead to a gateway; without any it waits on a
    pseudo-terminal of its own. fresh: with the id and keys of that box and an empty memory, which
    is gone when the box is closed; a gateway that heard it before takes it for one set back.
    """
    folder = Path(place)
    scratch = tempfile.TemporaryDirectory(prefix="ballotbox-")
    state = folder / f"box-{number}"
    if fresh:
        state = empty_copy(open_state(state), Path(scratch.name) / "state").path
    options = {
        "state": state,
        "election": folder / "election.cose",
        "register": folder / "register.cose",
        "root": (folder / "root.txt").read_text(encoding="utf-8").strip(),
        "passphrase-file": folder / "officer.passphrase",
        "profile": profile,
        "control": Path(scratch.name) / "box",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    arguments += [f"--officer-key={path}" for path in sorted(folder.glob("officer-*.key"))]
    return Box([*arguments, *road], scratch)


class Box:
    """A running box; every call returns when the box has done all that follows from it."""

    def __init__(
        self, arguments: Sequence[str], scratch: "tempfile.TemporaryDirectory[str]"
    ) -> None:
        self._scratch = scratch
        self._process = subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-c", _RUN, "run", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        told = json.loads(self._first_line())
        #: What a gateway opens; empty on another road.
        self.path: str = told.get("serial", "")
        self.control = Path(told["control"])
        self._control = Control(self.control)

    def _first_line(self) -> str:
        assert self._process.stdout is not None  # noqa: S101 (it was asked for)
        line = self._process.stdout.readline()
        if not line:
            _, complaint = self._process.communicate()
            self._scratch.cleanup()
            raise BoxStopped(complaint.strip())
        return line

    def ask(self, do: str, **fields: Any) -> Answer:  # noqa: ANN401 (any JSON)
        """Ask anything that device/CONTROL.md lists; raises control_client.Refusal."""
        return self._control.ask(do, **fields)

    # Voters

    def feed(self, style: str | int, sheet: int, marks: Marks, **paper: Any) -> Answer:  # noqa: ANN401
        """Feed a sheet with these marks; `paper`: what else device/CONTROL.md has for `feed`."""
        return self.ask("feed", style=style, sheet=sheet, marks=marks, **paper)

    def jam_next(self) -> None:
        """Let the next sheet jam in the scanner."""
        self.scan_next("jam")

    def scan_next(self, fault: str) -> None:
        """Let something go wrong with the next sheet in the scanner."""
        self.ask("next_scan", fault=fault)

    def drop_next(self, drop: str) -> None:
        """Let the next sheet drop like this."""
        self.ask("next_drop", drop=drop)

    def answer_voter(self, *, insists: bool) -> Answer:
        """Let the voter who was asked decide."""
        return self.ask("answer_voter", insists=insists)

    # Officers

    def open_poll(self) -> None:
        """Print the zero report and open, with the first two officers."""
        self.act("print_zero", "open")

    def close_poll(self) -> None:
        """Close and make the final report, with the first two officers."""
        self.act("close", "finish")

    def act(self, *buttons: str, officers: Sequence[str] = ("officer-1", "officer-2")) -> None:
        """Press buttons; these officers present their tokens wherever two are asked for.

        Raises control_client.Refusal for the first step that the box refuses.
        """
        for button in buttons:
            answer = self.ask("press", button=button)
            if answer["panel"]["question"] == "officers":
                answer = self.ask("present", officers=list(officers))
            _require_done(button, answer)

    def answer_dropped(self, *, dropped: bool | None = None) -> Answer:
        """Answer whether the sheet is in the container; None: somebody looks."""
        return self.ask("answer_dropped", **({} if dropped is None else {"dropped": dropped}))

    # Power

    def cut_power(self) -> None:
        """Take all power away, now."""
        self.ask("cut_power")

    def power_on(self) -> Answer:
        """Give it back; the box boots."""
        return self.ask("power_on")

    # What can be seen

    def panel(self) -> Answer:
        """Return what stands on the front."""
        panel: Answer = self.ask("panel")["panel"]
        return panel

    def paper(self) -> Answer:
        """Return where the sheets physically are."""
        return self.ask("paper")

    def reports(self) -> list[Answer]:
        """Return all reports that the box keeps, in order; `cose` is the signed one in hex."""
        count = self.panel()["reports"]
        return [self.ask("report", sequence=sequence)["report"] for sequence in range(count)]

    def close(self) -> None:
        """Switch the box off for good and take its process away."""
        try:
            # It may have ended by itself.
            with suppress(Problem):
                self.ask("shutdown")
        finally:
            self._control.close()
            try:
                self._process.communicate(timeout=_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
            self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()


def _require_done(button: str, answer: Answer) -> None:
    for said in answer.get("said", ()):
        if said["says"] == "refused":
            possible = ", ".join(said["allowed"]) or "nothing"
            problem = f"{said['why']}: the poll is {said['state']}, where {possible} can be pressed"
            raise Refusal(button, problem)
