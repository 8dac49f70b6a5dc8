"""What tables of the settings are made of: strict tables, ports, logs, paths beside the file."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from ballotbox_protocol.election.identifiers import InvalidField
from ballotbox_protocol.election.register import require_origin


def from_config_folder(path: Path, info: ValidationInfo) -> Path:
    """Return a path that starts from the folder of the settings file, unless it is absolute."""
    folder = (info.context or {}).get("folder", Path())
    return Path(folder) / path.expanduser()


def is_loopback(host: str) -> bool:
    """Tell whether this names an address of this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _origin(text: str) -> str:
    try:
        require_origin(text, "origin")
    except InvalidField as error:
        raise ValueError(error.problem) from error
    return text


FilePath = Annotated[Path, Field(strict=False), AfterValidator(from_config_folder)]
Port = Annotated[int, Field(ge=1, le=65535)]
Origin = Annotated[str, AfterValidator(_origin)]


class Table(BaseModel):
    """A table that takes no field which it does not know, and no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
