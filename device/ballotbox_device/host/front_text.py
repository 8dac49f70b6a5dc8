"""The front of a box as plain text, from what the control socket answers as `panel`."""

from typing import Any, Final

_WIDTH: Final = 72
_QUESTIONS: Final = {
    "voter": "the voter: insist or back",
    "dropped": "an answer: in, out or look",
    "officers": "two officers ({role}): officers NAME NAME",
}


def front_text(panel: dict[str, Any]) -> str:
    """Return the screen in its frame, then counters, lights, buttons and what is waited for."""
    edge = f"+{'-' * (_WIDTH - 2)}+"
    screen = [f"| {line:<{_WIDTH - 4}.{_WIDTH - 4}} |" for line in panel["screen"]]
    return "\n".join((edge, *screen, edge, *_below(panel)))


def _below(panel: dict[str, Any]) -> list[str]:
    if not panel["power"]:
        return [f"OFF   battery {panel['battery']} %"]
    lights = "  ".join(
        f"{name} {'ok' if good else 'RED'}" for name, good in panel["lights"].items()
    )
    lines = [
        "   ".join(
            (
                panel["state"].upper(),
                *(f"{name} {panel[name]}" for name in ("accepted", "lifetime", "reports")),
                f"battery {panel['battery']} %",
            )
        ),
        f"lights   {lights}",
        *(f"warning  {warning}" for warning in panel["warnings"]),
        f"buttons  {' '.join(f'[{each}]' for each in panel['buttons']) or 'none'}",
    ]
    if panel["question"] is not None:
        lines.append(f"waits for {_QUESTIONS[panel['question']].format(role=panel['role'])}")
    return lines
