"""The settings file of one installation, and the elections that it serves.

A file as most have it is one election. Where it holds tables `[[election]]`, each of them over what
stands above them is the settings of one; serial lines, the HTTP intake, the local page and the
screen in the room and the metrics belong to all of them.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from ballotbox_gateway.config import Config
from ballotbox_gateway.config_errors import explain
from ballotbox_gateway.config_roads import Mqtt
from ballotbox_gateway.problem import Problem

_TABLE: Final = "election"
#: Roads that cannot be had twice: what comes by them is given to the election it names.
_SHARED: Final = ("serial", "http", "page", "screen", "metrics")
_FIX: Final = "Correct that [[election]] table"


@dataclass(frozen=True)
class Installation:
    """The settings of each election that one gateway process serves; one of them, or several."""

    path: Path
    elections: tuple[Config, ...]

    @property
    def several(self) -> bool:
        """Whether a person has to say which election is meant."""
        return len(self.elections) > 1

    @property
    def names(self) -> str:
        """The choices, for a person."""
        return ", ".join(str(each.name) for each in self.elections if each.name)

    def one(self, name: str | None) -> Config:
        """Return the settings of the election named; raises Problem that names the choices."""
        if name is None and not self.several:
            return self.elections[0]
        remedy = f"Name one with --election: {self.names}" if self.names else "Leave it out"
        if name is None:
            raise Problem(str(self.path), f"serves {len(self.elections)} elections", remedy)
        found = [each for each in self.elections if each.name == name]
        if not found:
            raise Problem("--election", f"there is no {name!r} in {self.path}", remedy)
        return found[0]

    def chosen(self, name: str | None) -> tuple[Config, ...]:
        """Return the settings of all elections, or of the one named; raises Problem."""
        return self.elections if name is None else (self.one(name),)


def load_installation(path: Path) -> Installation:
    """Return the settings in a TOML file; relative paths in it start from its folder.

    Raises Problem, whose text names file, election, field and fix, on one screen.
    """
    data = _read(path)
    if _TABLE not in data:
        return Installation(path, (_config(path, data, str(path)),))
    tables = data.pop(_TABLE)
    if not (isinstance(tables, list) and tables and all(isinstance(e, dict) for e in tables)):
        raise Problem(str(path), "election: must be a repeated table", "Write it [[election]]")
    elections = tuple(_election(path, data, at, table) for at, table in enumerate(tables))
    installation = Installation(path, elections)
    _require_apart(installation)
    return installation


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        remedy = "Name it with --config; `ballotbox-gateway init` at a terminal makes it"
        raise Problem(str(path), "there is no such file", remedy) from error
    except OSError as error:
        raise Problem(str(path), str(error.strerror).lower(), "Make the file readable") from error
    except UnicodeDecodeError as error:
        raise Problem(str(path), "is not UTF-8 text", "Save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise Problem(str(path), f"is not TOML: {error}", "Correct that line") from error


def _config(path: Path, data: Mapping[str, Any], where: str) -> Config:
    try:
        return Config.model_validate(data, context={"folder": path.parent})
    except ValidationError as error:
        raise explain(where, error, Config) from error


def _election(path: Path, common: Mapping[str, Any], at: int, table: dict[str, Any]) -> Config:
    where = f"{path}, {_TABLE}[{at}]"
    if "name" not in table:
        what = "name: is missing (Short name of this election for `--election` and the log)"
        raise Problem(where, what, _FIX)
    for road in _SHARED:
        if road in table:
            what = f"{road}: belongs to all elections"
            raise Problem(where, what, f"Move the table {road} above the first [[election]]")
    return _config(path, _over(common, table), where)


def _over(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return `own` with what it does not say taken from `common`, table by table."""
    merged = dict(common)
    for name, value in own.items():
        below = merged.get(name)
        both = isinstance(value, dict) and isinstance(below, dict)
        merged[name] = _over(below or {}, value) if both else value
    return merged


def _client_id(broker: Mqtt | None) -> object:
    return broker and broker.client_id


def _certificate(broker: Mqtt | None) -> object:
    # A broker that knows clients by their certificates has one session for each of them.
    tls = broker and broker.tls
    return tls and tls.certificate_file


#: What two elections may not have in common, and None for what one does not have.
_APART: Final[Mapping[str, Callable[[Config], object]]] = {
    "name": lambda config: config.name,
    # A key of one mode is none of another, and yet nobody should hold it for both.
    "root": lambda config: config.root.rpartition(":")[2],
    "origin": lambda config: config.origin,
    "ledger_file": lambda config: config.ledger_file and config.ledger_file.resolve(),
    "postgresql.schema": lambda config: config.postgresql and str(config.postgresql),
    "second_copy": lambda config: config.second_copy and config.second_copy.resolve(),
    "control_socket": lambda config: config.control.resolve(),
    "upstream.origin": lambda config: config.upstream and config.upstream.origin,
    "mqtt.client_id": lambda config: _client_id(config.mqtt),
    "mqtt.tls.certificate_file": lambda config: _certificate(config.mqtt),
    "below.client_id": lambda config: _client_id(config.below),
    "below.tls.certificate_file": lambda config: _certificate(config.below),
}


def _require_apart(installation: Installation) -> None:
    """Raise Problem when two elections share what would let one cross into the other."""
    for field, part in _APART.items():
        seen: dict[object, str | None] = {}
        for config in installation.elections:
            value = part(config)
            if value is not None and value in seen:
                what = f"{field}: is the same for {seen[value]} and {config.name}"
                remedy = "Give each [[election]] its own"
                raise Problem(str(installation.path), what, remedy)
            seen[value] = config.name
