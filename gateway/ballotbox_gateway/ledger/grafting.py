"""Reading a ledger whose schema has rotten: all ledgers have the same, in the same place.

A ledger's first pages say which tables there are and where. Without them SQLite opens nothing,
however sound the rest is. They are written once, when the ledger is created, and a new ledger has
the same ones; so they are laid over a copy of the damaged file, which is then read like any other.
"""

import shutil
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import apsw

from ballotbox_gateway.core.ports import Binding
from ballotbox_gateway.ledger.placing import beside, clear
from ballotbox_gateway.ledger.sqlite import create
from ballotbox_protocol.election.identifiers import ElectionDigest

_PAGE: Final = 4_096
#: Where the header has the number of pages, and the list of free ones (sqlite.org/fileformat2).
_PAGES: Final = slice(28, 32)
_FREE: Final = slice(32, 40)


def grafted(path: Path) -> Path:
    """Return a copy of the file at `path` with the schema of a new ledger; raises OSError too.

    Raises LedgerFailure as `create` does. The copy is the caller's to clear.
    """
    new, copy = beside(path, ".schema"), beside(path, ".grafted")
    clear(new)
    clear(copy)
    try:
        create(new, Binding("none", ElectionDigest(bytes(32)), 1))
        with closing(apsw.Connection(str(new))) as connection:
            statement = "SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'"
            pages = [int(number) - 1 for (number,) in connection.execute(statement)]
        fresh = new.read_bytes()
    finally:
        clear(new)
    data = bytearray(path.read_bytes())
    for page in pages:
        part = slice(page * _PAGE, (page + 1) * _PAGE)
        data[part] = fresh[part]
    data[_PAGES] = (len(data) // _PAGE).to_bytes(4)
    data[_FREE] = bytes(8)
    copy.write_bytes(data)
    with suppress(FileNotFoundError):
        shutil.copyfile(beside(path, "-wal"), beside(copy, "-wal"))
    return copy
