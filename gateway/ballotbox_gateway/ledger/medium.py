"""The errors of a ledger's medium, as the port has them; a sick one is asked nothing more."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar, cast

import apsw

from ballotbox_gateway.core.ports import Damaged, DiskFull, LedgerFailure, ReadOnly

#: What SQLite says of a file whose content cannot be right.
ROTTEN: Final = (apsw.CorruptError, apsw.NotADBError)


class OnMedium(Protocol):
    """What lies on a medium; `sick` is the error that ended its use, if any."""

    path: Path
    sick: str | None

    @property
    def refuses_writing(self) -> bool:
        """Whether the last error was a refusal to write, with nothing written."""
        ...


P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=OnMedium)
Method = Callable[Concatenate[S, P], R]


def on_medium(method: Method[S, P, R]) -> Method[S, P, R]:
    """Turn the medium's errors into the port's."""

    @wraps(method)
    def guarded(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        if self.sick is not None:
            raise LedgerFailure(f"{self.path}: failed before: {self.sick}; start again")
        try:
            return method(self, *args, **kwargs)
        except apsw.FullError as error:
            raise DiskFull(f"{self.path}: the disk is full: {error}") from error
        except apsw.Error as error:
            if isinstance(error, apsw.ReadOnlyError) or self.refuses_writing:
                raise ReadOnly(f"{self.path}: the disk is read-only now: {error}") from error
            self.sick = str(error)
            kind = Damaged if isinstance(error, ROTTEN) else LedgerFailure
            raise kind(f"{self.path}: {error}") from error

    return cast("Method[S, P, R]", guarded)
