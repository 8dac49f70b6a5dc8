"""What a person names on the command line for one source of a match."""

from dataclasses import dataclass, replace
from pathlib import Path

from ballotbox_protocol.election.law.law import Law
from ballotbox_tabulation.core.column_map import ColumnMap
from ballotbox_tabulation.core.station_count import Source
from ballotbox_tabulation.law_files import read_map
from ballotbox_tabulation.trust_files import UnusableInput


@dataclass(frozen=True, slots=True)
class Given:
    """What a person names on the command line for one source; `columns` may be everybody's map."""

    source: Source
    table: Path
    columns: Path | None
    own_columns: Path | None

    @property
    def option(self) -> str:
        """The option that names the table."""
        return f"--{self.source.value}"

    @property
    def map_option(self) -> str:
        """The option that names its map."""
        return f"{self.option}-columns" if self.own_columns else "--columns"

    def map_for(self, law: Law | None) -> ColumnMap:
        """Return its map of columns; raises UnusableInput."""
        path = self.own_columns or self.columns
        if path is None:
            unknown = "which column is which line? Name a map: --columns MAP.toml"
            own = f"{self.option}-columns for it alone"
            raise UnusableInput(f"{self.option} {self.table}: {unknown}, or {own}")
        # Results are not told apart by group here, and a group may have any number of values.
        return replace(read_map(path, law, self.map_option), group="")
