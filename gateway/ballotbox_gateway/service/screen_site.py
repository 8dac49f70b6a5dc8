"""What the screen in the room shows, and the marks that officers set on it.

However many look, each election is read at most once a second, by one question to the loop that
owns its ledger. Each door has a site of its own; the marks are theirs together.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from ballotbox_gateway.adapters.http_questions import Busy, Questions
from ballotbox_gateway.adapters.screen_http import Look
from ballotbox_gateway.adapters.token_file import officer_with
from ballotbox_gateway.config_pages import Screen
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.screen_alarms import Alarm, Patience, alarms_of
from ballotbox_gateway.service.screen_board import MODES, Board, board_of
from ballotbox_gateway.service.screen_marks import Marks, Seen
from ballotbox_gateway.service.screen_words import LANGUAGES, UNREAD, Language, chosen, language

if TYPE_CHECKING:
    from jinja2 import Environment

_log: Final = logging.getLogger(__name__)

#: How long what was read is shown to whoever asks.
FRESH_S: Final = 1.0
#: For the loop to answer.
PATIENCE_S: Final = 5.0


class Watched(Protocol):
    """One election as the screen sees it; `screen` is called on the loop that owns its ledger."""

    @property
    def origin(self) -> str:
        """The name of its log here."""
        ...

    def screen(self) -> dict[str, Any]:
        """Return what is shown of it; raises LedgerFailure."""
        ...


@dataclass
class _Shown:
    """An election, what was read of it last, and the boards made of that."""

    name: str
    office: Watched
    read: dict[str, Any] | None = None
    until: float = 0.0
    alarms: Sequence[Alarm] = ()
    made: dict[tuple[str, bool], str] = field(default_factory=dict)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


class ScreenSite:
    """The pages of the screen, for all elections that a gateway serves; on the server's loop."""

    def __init__(
        self,
        offices: Mapping[str, Watched],
        questions: Questions,
        settings: Screen,
        marks: Marks,
        now: Callable[[], int] = lambda: int(time.time()),
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        """Show these elections by their short names.

        `now` returns Unix seconds, `tick` seconds that only go forward.
        """
        self._shown = {name: _Shown(name, office) for name, office in offices.items()}
        self._marks = marks
        self._questions = questions
        self._patience = Patience(settings.stalled_after_min, settings.silent_after_min)
        self._tokens = settings.token_file
        self._now = now
        self._tick = tick
        self._templates = _templates()

    async def page(self, look: Look) -> str:
        """Return a whole page; raises Problem and Busy."""
        words = chosen(*look.languages)
        if look.election is None and len(self._shown) > 1:
            listed = [(name, await self._read(name)) for name in self._shown]
            told = [(name, read["election"], read["mode"]) for name, read in listed]
            return self._filled("elections.html", words, elections=told)
        name = self._named(look.election)
        board = await self._board(name, words, local=look.local)
        return self._filled(
            "page.html",
            words,
            name=name,
            board=board,
            read=self._require_read(name),
            origin=self._shown[name].office.origin,
        )

    async def live(self, look: Look) -> str:
        """Return the part of a page that changes; raises Problem and Busy."""
        return await self._board(
            self._named(look.election), chosen(*look.languages), local=look.local
        )

    async def form(self, look: Look, alarm: str, wrong: str = "") -> str:
        """Return the page on which an officer marks an alarm as seen; raises Problem and Busy."""
        words, name = chosen(*look.languages), self._named(look.election)
        await self._read(name)
        found = self._alarm(name, alarm)
        what, do = words.say(found.what), words.say(found.do)
        told = {"what": what, "do": do, "urgent": found.urgent, "wrong": words.say(wrong)}
        read = self._require_read(name)
        return self._filled("seen.html", words, name=name, alarm=alarm, read=read, **told)

    async def mark(self, look: Look, alarm: str, token: str) -> bool:
        """Mark an alarm as seen by the officer with this token, False when nobody has it.

        Raises Problem and Busy.
        """
        name = self._named(look.election)
        if self._tokens is None:
            remedy = "Name a file in screen.token_file"
            raise Problem("token", "no officer has one", remedy)
        await self._read(name)
        found = self._alarm(name, alarm)
        officer = officer_with(self._tokens, token)
        if officer is None:
            _log.warning("screen: a token that nobody has was typed")
            return False
        self._marks.set(name, found.id, Seen(officer, self._now()))
        self._shown[name].made.clear()
        _log.info("screen: %s has seen the alarm: %s", officer, language("en").say(found.what))
        return True

    def problem(self, look: Look, problem: str) -> str:
        """Return a page that tells what is in the way."""
        return self._filled("problem.html", chosen(*look.languages), problem=problem)

    def _alarm(self, name: str, alarm: str) -> Alarm:
        for each in self._shown[name].alarms:
            if each.id == alarm:
                return each
        raise Problem("alarm", "is over, or has changed", "Go back to the screen")

    def _named(self, election: str | None) -> str:
        name = election or next(iter(self._shown))
        if name not in self._shown:
            raise Problem("election", "there is none of that name", "Open /room")
        return name

    async def _board(self, name: str, words: Language, *, local: bool) -> str:
        await self._read(name)
        shown, key = self._shown[name], (words.code, local)
        if key not in shown.made:
            board = self._made(shown, words)
            marking = local and self._tokens is not None
            shown.made[key] = self._filled(
                "board.html", words, board=board, name=name, marking=marking
            )
        return shown.made[key]

    def _made(self, shown: _Shown, words: Language) -> Board:
        assert shown.read is not None  # noqa: S101 - `_read` came before
        return board_of(shown.read, shown.alarms, self._marks.of(shown.name), words, self._now())

    def _require_read(self, name: str) -> dict[str, Any]:
        read = self._shown[name].read
        assert read is not None  # noqa: S101 - `_read` came before
        return read

    async def _read(self, name: str) -> dict[str, Any]:
        """Return what is known of an election, read anew when it is older than a second."""
        shown = self._shown[name]
        async with shown.reading:
            if shown.read is None or self._tick() >= shown.until:
                await self._ask(shown)
        return self._require_read(name)

    async def _ask(self, shown: _Shown) -> None:
        try:
            read = await self._questions.ask(shown.office.screen, PATIENCE_S)
        except Busy:
            # What was read before is better than nothing, and the page says when that was.
            if shown.read is None:
                raise
        else:
            shown.read = read | {"at": self._now()}
            shown.alarms = alarms_of(shown.read, self._patience, self._now())
        shown.until = self._tick() + FRESH_S
        shown.made.clear()

    def _filled(self, template: str, words: Language, **values: object) -> str:
        every = [language(code) for code in LANGUAGES]
        unread = words.say(UNREAD) if words.unread else ""
        return self._templates.get_template(template).render(
            _=words.say, words=words, every=every, unread=unread, modes=MODES, **values
        )


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("ballotbox_gateway"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
