"""The small faults that can be planted in one file, one at a time.

The operators are mutmut's, and three of ours for what it leaves alone: a condition that is a plain
value, a call made for its effect, a loop. Of mutmut nothing else is used. Its own runner keeps all
mutants of a function beside the original and jumps between them, so it passes over what stands in
a class or a module and over every property; record layouts, tables of laws and row spans stand
there. It also picks the tests by itself, and asks for one folder of sources.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

#: Calls that only the type checker hears, or whose arguments are all that they have.
_LEFT_ALONE = m.Call(func=m.Name("assert_never") | m.Name("cast"))
_PLAIN_CALL = m.Call(func=m.Name("len") | m.Name("isinstance"))
_DECLARED = m.Assign(targets=[m.AssignTarget(m.Name("__slots__") | m.Name("__all__"))]) | m.Assign(
    value=m.Call(func=m.Name("TypeVar"))
)
_TYPE_ALIAS = m.Assign(value=m.Subscript() | m.BinaryOperation(operator=m.BitOr()))
_DOCSTRING = m.SimpleStatementLine([m.Expr(m.SimpleString() | m.ConcatenatedString())])
_UNREACHABLE = m.MatchCase(pattern=m.MatchAs(pattern=None, name=None))
_CLAIM = m.Arg(keyword=m.Name("strict"))
_CALLED_FOR_EFFECT = m.SimpleStatementLine([m.Expr(m.Call(func=~m.Name("assert_never")))])
#: Conditions that the library changes by themselves; of all others only their parts.
_NEGATED_BY_LIBRARY = m.Comparison() | m.BooleanOperation() | m.UnaryOperation(operator=m.Not())


@dataclass(frozen=True)
class Mutant:
    """One fault: `number` counts the faults of its file, `within` is the function or class."""

    file: Path
    number: int
    line: int
    within: str
    module: cst.Module
    was: cst.CSTNode
    becomes: cst.CSTNode

    def source(self) -> str:
        """Return the text of the file with the fault in it."""
        return self.module.deep_replace(self.was, self.becomes).code  # type: ignore[union-attr]


def mutants_of(root: Path, file: Path) -> list[Mutant]:
    """Return every fault of `root / file`, in the order of the text, always the same.

    What no test can see by construction is left out: annotations, decorators, imports, docstrings,
    declarations of names, arms that the type checker proves unreachable, `strict=` of a zip, the
    wording of sentences.
    """
    wrapper = MetadataWrapper(cst.parse_module((root / file).read_text(encoding="utf-8")))
    search = _Search(file, wrapper.module)
    wrapper.visit(search)
    return search.found


class _Search(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, file: Path, module: cst.Module) -> None:
        super().__init__()
        self.found: list[Mutant] = []
        self._file = file
        self._module = module
        self._names: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._names.append(node.name.value)
        if _is_left_alone(node, at_top=not self._names):
            return False
        line = self.get_metadata(PositionProvider, node).start.line  # type: ignore[union-attr]
        for changed in _changes(node):
            within = ".".join(self._names)
            number = len(self.found)
            self.found.append(Mutant(self._file, number, line, within, self._module, node, changed))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._names.pop()


def _is_left_alone(node: cst.CSTNode, *, at_top: bool) -> bool:
    if isinstance(node, cst.Annotation | cst.Decorator | cst.Import | cst.ImportFrom):
        return True
    if at_top and m.matches(node, _TYPE_ALIAS):
        return True
    return any(m.matches(node, each) for each in (_LEFT_ALONE, _DECLARED, _DOCSTRING, _CLAIM))


def _changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield from _ours(node)
    if m.matches(node, _PLAIN_CALL):
        return
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from _telling(node, operator(node))


def _ours(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.If | cst.While | cst.CompIf):
        if not m.matches(node.test, _NEGATED_BY_LIBRARY):
            yield node.with_changes(test=_negated(node.test))
    elif m.matches(node, _CALLED_FOR_EFFECT):
        yield node.with_changes(body=[cst.Pass()])
    elif isinstance(node, cst.For):
        yield node.with_changes(iter=cst.Tuple([]))


def _negated(test: cst.BaseExpression) -> cst.UnaryOperation:
    return cst.UnaryOperation(
        cst.Not(), test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    )


def _telling(node: cst.CSTNode, changes: Any) -> Iterator[cst.CSTNode]:
    """Leave out what says nothing new."""
    if isinstance(node, cst.SimpleString):
        # A name or a format matters or it does not; other letters tell no more. How a sentence is
        # worded is nobody's contract; that there is one is seen where None is put in its place.
        yield from () if " " in node.value else list(changes)[:1]
        return
    for changed in changes:
        if isinstance(node, cst.Call) and _is_no_call(node, changed):
            continue
        if isinstance(node, cst.Match) and any(
            m.matches(case, _UNREACHABLE) and case not in changed.cases for case in node.cases
        ):
            continue
        yield changed


def _is_no_call(node: cst.Call, changed: cst.Call) -> bool:
    """Tell whether an argument is lost that is not named, which Python itself refuses."""
    lost = [each for each in node.args if each not in changed.args]
    if any(m.matches(each, _CLAIM) for each in lost):
        return True
    return len(changed.args) < len(node.args) and any(each.keyword is None for each in lost)
