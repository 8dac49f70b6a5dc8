"""What the tables of the settings file are made of: a strict table, ports, and paths beside it."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo


def from_config_folder(path: Path, info: ValidationInfo) -> Path:
    """Return a path that starts from the folder of the settings file, unless it is absolute."""
    folder = (info.context or {}).get("folder", Path())
    return Path(folder) / path.expanduser()


FilePath = Annotated[Path, Field(strict=False), AfterValidator(from_config_folder)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Table(BaseModel):
    """A table that takes no field which it does not know, and no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
