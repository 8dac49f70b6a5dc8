"""The terminal's front panel without a terminal: commands in, the screen after each out."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from ballotbox_device.host.control_client import Control, Refusal
from ballotbox_device.host.front_text import front_text
from ballotbox_device.host.panel_commands import HELP, command
from ballotbox_protocol.election.identifiers import InvalidField


def play(control: Control, lines: Iterable[str], show: Callable[[str], None]) -> bool:
    """Run commands line by line and show the front after each; tell whether all were obeyed."""
    is_well = True
    for line in lines:
        text = line.strip()
        if text == "quit":
            break
        if text and not text.startswith("#"):
            show(f"> {text}")
            is_well &= _one(control, text, show)
    return is_well


def _one(control: Control, text: str, show: Callable[[str], None]) -> bool:
    if text == "help":
        show(HELP)
        return True
    answer, problem = obeyed(control, text)
    show(problem or answer_text(answer))
    return not problem


def obeyed(control: Control, text: str) -> tuple[dict[str, Any], str]:
    """Return the answer to one command and "", or nothing and what was wrong with it."""
    try:
        asked = command(text) or {"do": "panel"}
        return control.ask(**asked), ""
    except (InvalidField, Refusal) as error:
        return {}, f"! {error.field}: {error.problem}"


def answer_text(answer: dict[str, Any]) -> str:
    """Return the front, and before it what else was answered."""
    panel = answer.pop("panel")
    answer.pop("said", None)
    told = [_beside(name, value) for name, value in answer.items()]
    return "\n".join([*told, front_text(panel)])


def _beside(name: str, value: object) -> str:
    if name == "tapes" and isinstance(value, list):
        return "\n\n".join("\n".join(tape) for tape in value)
    return f"{name}: {json.dumps(value, ensure_ascii=False)}"
