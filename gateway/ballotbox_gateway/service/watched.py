"""What is asked of all elections at once when somebody looks whether they are well."""

import shutil
from collections.abc import Sequence
from typing import Any

from ballotbox_gateway.adapters.http_questions import Busy, Questions
from ballotbox_gateway.adapters.metrics_http import PATIENCE_S
from ballotbox_gateway.service.office import Office


class WatchedOffices:
    """The elections of this process, asked on the loop that owns their ledgers."""

    def __init__(self, offices: Sequence[Office], questions: Questions) -> None:
        self._offices = offices
        self._questions = questions

    async def states(self) -> list[dict[str, Any]]:
        """Return the status of each, with the room on its disk in bytes; raises Busy."""
        states = await self._questions.ask(self._asked, PATIENCE_S)
        for office, state in zip(self._offices, states, strict=True):
            if "problem" in state:
                raise Busy(str(state["problem"]))
            state["disk_free"] = shutil.disk_usage(office.config.folder).free
        return states

    def _asked(self) -> list[dict[str, Any]]:
        return [office.answer({"ask": "status"}) for office in self._offices]
