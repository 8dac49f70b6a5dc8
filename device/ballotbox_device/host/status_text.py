"""The status of a box as a person reads it."""

from typing import Any


def status_lines(told: dict[str, Any]) -> list[str]:
    """Return the lines for what `inspection.status` found about a box that serves an election."""
    counters = ", ".join(f"{name} {count}" for name, count in told["counters"].items())
    slots, journal = told["slots"], told["journal"]
    lines = [
        f"Box       {told['box']}, boots {told['boots']}",
        f"Election  {told['election']}",
        f"Poll      {told['state']}",
        f"Sheets    {counters}",
        f"Slots     {slots['counted']} of {slots['all']} counted",
        f"Journal   {journal['records']} records, {journal['bytes']} bytes",
    ]
    if journal["torn"]:
        lines.append(f"          {journal['torn']} bytes unfinished: cut at the next boot")
    lines.append(f"Copies    {_copies(told['copies'])}")
    lines.append(f"Logs      {', '.join(told['logs']) or 'none has answered yet'}")
    lines.append(f"Reports   {len(told['reports'])}")
    return lines + [_report_line(report) for report in told["reports"]]


def _copies(copies: dict[str, Any]) -> str:
    if copies["all"] == 1:
        return "1: this box has no second copy of its memory"
    if copies["alike"]:
        return f"{copies['all']}, alike"
    return f"{copies['all']}, not alike: written to just now, or one is mended at the next boot"


def _report_line(report: dict[str, Any]) -> str:
    answers = ", ".join(f"{log}: {answer}" for log, answer in report["answers"].items())
    head = f"  {report['sequence']:>4}  {report['kind']:<12}  {report['id'][:16]}"
    return f"{head}  {answers or 'no answer yet'}"
