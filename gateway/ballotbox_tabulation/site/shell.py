"""What is the same on every page of one kind, made once; a page fills the gaps left in it."""

import re
import secrets
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


class Shell:
    """One template whose pages all lie equally deep; `shared` is what every page is given."""

    def __init__(
        self, environment: "Environment", name: str, shared: Mapping[str, Any], way_up: str
    ) -> None:
        """Make what is around the pages; `way_up` leads from them to the folder of the language."""
        self._template = environment.get_template(name)
        self._shared = {**shared, "home": way_up, "root": f"../{way_up}"}
        # No name in a result can be one of these marks: nobody knows them before.
        self._marks = [secrets.token_hex(16) for _ in range(3)]
        gaps = dict(zip(("title_mark", "main_mark", "page"), self._marks, strict=True))
        around = environment.get_template("site/shell.html").render(self._shared | gaps)
        self._parts = re.split(f"({'|'.join(self._marks)})", around)

    def page(self, name: str, told: Mapping[str, Any]) -> bytes:
        """Return the page that lies at `name`."""
        context = self._template.new_context({**self._shared, "page": name, **told})
        title, main = (self._template.blocks[block](context) for block in ("title", "main"))
        filled = dict(zip(self._marks, (title, main, (name,)), strict=True))
        return "".join(
            chain.from_iterable(filled.get(part, (part,)) for part in self._parts)
        ).encode()
