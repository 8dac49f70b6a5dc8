"""The rules of the house that no linter knows. Each takes a name and a text, and yields faults."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

FILE_LINES_MAX = 400
# Bytes that were frozen once are data, and are read in one piece.
_FROZEN = ("tests", "vectors")
FUNCTION_LINES_MAX = 60

# A module is named by a noun of the domain; these names promise nothing.
_EMPTY_NAMES = {"common", "handler", "helper", "manager", "misc", "util"}

# Builtins through which a clock, a disk, a person, chance or an address in memory comes in.
_IMPURE_NAMES = {
    "__import__",
    "breakpoint",
    "eval",
    "exec",
    "hash",
    "id",
    "input",
    "open",
    "print",
}
# The same, reached through a library that is otherwise welcome. Matched on the last two names.
_IMPURE_ATTRIBUTES = {
    ("date", "today"),
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("utils", "random"),
    ("uuid", "uuid1"),
    ("uuid", "uuid4"),
    ("SigningKey", "generate"),
    ("PrivateKey", "generate"),
}
_IMPURE_IMPORTS = {("nacl.utils", "random"), ("uuid", "uuid1"), ("uuid", "uuid4")}

# Written in halves, so that this file keeps its own rules.
_OPEN_ENDS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
_MACHINE_PATHS = re.compile(r"(?<![\w./~-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me|op" + r"t)/[\w.]")
_REGISTRY_HOSTS = re.compile(
    r"pypi\.or" + r"g|pythonhoste" + r"d\.org|npmjs\.(?:or" + r"g|com)|debian\.or" + r"g"
    r"|--(?:extra-)?index-ur" + r"l|--find-link" + r"s\b"
)


def module_name(name: Path, _text: str) -> Iterator[str]:
    """No module is called by a word that could hold anything."""
    if name.suffix != ".py":
        return
    parts = {word.removesuffix("s") for word in name.stem.split("_")}
    for word in sorted(parts & _EMPTY_NAMES):
        yield f"{name}: `{word}` names nothing; name the module by what it is about"


def file_size(name: Path, text: str) -> Iterator[str]:
    """No Python file is longer than a reader's patience."""
    lines = text.count("\n")
    if name.suffix == ".py" and lines > FILE_LINES_MAX and name.parts[:2] != _FROZEN:
        yield f"{name}: {lines} lines, at most {FILE_LINES_MAX}: split it by purpose"


def function_size(name: Path, text: str) -> Iterator[str]:
    """No function is longer than a screen; its docstring is not counted."""
    if name.suffix != ".py":
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = _lines_of(node)
            if lines > FUNCTION_LINES_MAX:
                yield (
                    f"{name}:{node.lineno}: {node.name} has {lines} lines, "
                    f"at most {FUNCTION_LINES_MAX}"
                )


def pure_calls(name: Path, text: str) -> Iterator[str]:
    """Nothing pure calls what the import contracts cannot see: builtins and class methods."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = _dotted(node.func)
            if len(called) == 1 and called[0] in _IMPURE_NAMES:
                yield f"{name}:{node.lineno}: {called[0]}() in pure code"
            if tuple(called[-2:]) in _IMPURE_ATTRIBUTES:
                yield f"{name}:{node.lineno}: {'.'.join(called)}() in pure code"
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (node.module, alias.name) in _IMPURE_IMPORTS:
                    yield f"{name}:{node.lineno}: {node.module}.{alias.name} in pure code"


def open_ends(name: Path, text: str) -> Iterator[str]:
    """Nothing is left for later inside the tree."""
    return _lines_matching(_OPEN_ENDS, "an open end", name, text)


def machine_paths(name: Path, text: str) -> Iterator[str]:
    """No file knows where it was written."""
    return _lines_matching(_MACHINE_PATHS, "a path of one machine", name, text)


def registry_hosts(name: Path, text: str) -> Iterator[str]:
    """No file decides where packages come from."""
    return _lines_matching(_REGISTRY_HOSTS, "a package source", name, text)


def _lines_matching(pattern: re.Pattern[str], what: str, name: Path, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        found = pattern.search(line)
        if found:
            yield f"{name}:{number}: {what}: {found.group()}"


def _lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is None:
        return lines
    docstring = node.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def _dotted(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [*_dotted(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else [""]
