"""The terminal's front panel for a person: the front, its lit buttons, and a line to type in."""

from typing import Any, ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Footer, Input, RichLog, Static

from ballotbox_device.host.control_client import Control
from ballotbox_device.host.front_text import front_text
from ballotbox_device.host.panel_commands import HELP
from ballotbox_device.host.panel_script import answer_text, obeyed


class TerminalPanel(App[None]):
    """Shows one box and does to it what is typed or clicked."""

    CSS = """
    #front { height: auto; padding: 0 1; }
    #buttons { height: 3; }
    #log { height: 1fr; border: round $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "do('jam')", "Jam next"),
        Binding("f3", "do('drop unsure_fell')", "Unsure drop"),
        Binding("f4", "do('cut')", "Cut power"),
        Binding("f5", "do('on')", "Power on"),
        Binding("f6", "do('cover open')", "Open cover"),
        Binding("f7", "do('cover closed')", "Close cover"),
        Binding("f8", "do('look')", "Look"),
        Binding("f1", "do('help')", "Help"),
        Binding("ctrl+q", "quit", "Quit"),
    ]

    def __init__(self, control: Control) -> None:
        super().__init__()
        self._control = control
        self._lit: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay the front out."""
        yield Static(id="front", markup=False)
        yield Horizontal(id="buttons")
        yield RichLog(id="log", wrap=True)
        yield Input(placeholder="feed HOME 0 0 1 — or help", id="line")
        yield Footer()

    async def on_mount(self) -> None:
        """Show the box as it is."""
        self.query_one("#line", Input).focus()
        await self._do("panel")

    @on(Input.Submitted)
    async def _typed(self, event: Input.Submitted) -> None:
        event.input.clear()
        await self._do(event.value.strip() or "panel")

    @on(Button.Pressed)
    async def _clicked(self, event: Button.Pressed) -> None:
        await self._do(str(event.button.label))

    async def action_do(self, text: str) -> None:
        """Do what a key stands for."""
        await self._do(text)

    async def _do(self, text: str) -> None:
        if text == "quit":
            self.exit()
            return
        log = self.query_one("#log", RichLog)
        if text == "help":
            log.write(HELP)
            return
        answer, problem = obeyed(self._control, text)
        if problem:
            log.write(f"> {text}\n{problem}")
            return
        await self._show(answer["panel"])
        told = [str(each["says"]) for each in answer.get("said", ())]
        log.write(f"> {text}   {' '.join(told)}")
        if answer.keys() - {"panel", "said"}:
            log.write(answer_text(answer))

    async def _show(self, panel: dict[str, Any]) -> None:
        self.query_one("#front", Static).update(front_text(panel))
        lit = tuple(panel["buttons"])
        if lit != self._lit:
            self._lit = lit
            row = self.query_one("#buttons", Horizontal)
            await row.remove_children()
            await row.mount(*(Button(name) for name in lit))
