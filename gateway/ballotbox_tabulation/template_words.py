"""Templates with the words of one language put in when they are compiled, not when they are filled.

A page of a station has some fifty words and there are 100,000 stations: what is the same on every
page becomes part of the text around it. Words that only a page knows are translated as it is made.
"""

from gettext import NullTranslations
from typing import Any

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

_TRANSLATES = ("_", "gettext")


class WordsInPlace(Environment):
    """An environment of templates in one language; what it makes is what gettext would make."""

    def __init__(self, translations: NullTranslations, **settings: Any) -> None:  # noqa: ANN401 - jinja's own
        super().__init__(autoescape=True, extensions=["jinja2.ext.i18n"], **settings)
        self._words = _Words(translations)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template: nodes.Template = self._words.visit(super()._parse(source, name, filename))
        return template


class _Words(NodeTransformer):
    def __init__(self, translations: NullTranslations) -> None:
        self._gettext = translations.gettext

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802 - jinja's name
        """Return the translated words in place of a call that asks for them."""
        self.generic_visit(node)
        named = isinstance(node.node, nodes.Name) and node.node.name in _TRANSLATES
        if not named or len(node.args) != 1 or not isinstance(node.args[0], nodes.Const):
            return node
        words = Markup(self._gettext(node.args[0].value))  # noqa: S704 - our templates' own words
        if not node.kwargs:
            return nodes.Const(words % {}, lineno=node.lineno)
        pairs = [nodes.Pair(nodes.Const(each.key), each.value) for each in node.kwargs]
        values = nodes.Dict(pairs, lineno=node.lineno)
        return nodes.Mod(nodes.Const(words), values, lineno=node.lineno)
