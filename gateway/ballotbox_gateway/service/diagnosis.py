"""Everything that helps somebody far away to see what is wrong, in one document without secrets.

No key, passphrase or password file is opened for it, and no report is copied: what is written about
a log is its size, its root and whether they are as signed.
"""

import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from ballotbox_gateway.adapters.trust_files import load_trusted
from ballotbox_gateway.config import Config
from ballotbox_gateway.log_lines import utc
from ballotbox_gateway.plain_text import plain
from ballotbox_gateway.problem import Problem
from ballotbox_gateway.service.desk import ENTRIES_AT_ONCE, decoded_entry
from ballotbox_gateway.service.preflight import preflight
from ballotbox_protocol.wire.checkpoint import CheckpointFault, verify_checkpoint
from ballotbox_protocol.wire.merkle import Frontier, leaf_hash

UNIT: Final = "ballotbox-gateway"
_JOURNAL_LINES: Final = 200
_JOURNAL_PATIENCE_S: Final = 20.0
#: What a field of the settings may hold that is for nobody else.
_HIDDEN: Final = "(hidden)"

Ask = Callable[..., dict[str, Any]]


def diagnosis(
    config: Config, beside: Sequence[Config], ask: Callable[[], Ask | Problem]
) -> dict[str, Any]:
    """Return the document, as JSON-able values.

    beside: the other elections of the same settings. ask: gives what asks the gateway, or why it
    cannot be asked.
    """
    told: dict[str, Any] = {"made": utc(time.time()), **_program(), "settings": redacted(config)}
    told["check"] = [
        {"well": each.well, "line": plain(each.line)} for each in preflight(config, beside)
    ]
    told["disk"] = list(_disks(config))
    # Only now: of a stopped gateway the ledger is open in one place at a time.
    asking = ask()
    if isinstance(asking, Problem):
        told |= {part: {"problem": str(asking)} for part in ("status", "log", "faults")}
    else:
        told["status"] = _part(lambda: asking(ask="status"))
        told["log"] = _part(lambda: log_integrity(config, asking))
        told["faults"] = _part(lambda: asking(ask="faults"))
    told["journal"] = _journal()
    return told


def _part(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what was found, or what was in the way: one part that fails ends no other."""
    try:
        return look()
    except Problem as problem:
        return {"problem": str(problem)}


def _program() -> dict[str, str]:
    return {
        "program": version("ballotbox-kit"),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def redacted(config: Config) -> dict[str, Any]:
    """Return the settings that are set, without names that open anything."""
    told = config.model_dump(mode="json", exclude_unset=True)
    for broker in (told.get(table) or {} for table in ("mqtt", "below", "upstream")):
        if "username" in broker:
            broker["username"] = _HIDDEN
    for table, field in (("upstream", "url"), *(("serial", "port"),) * len(config.serial)):
        rows = told.get(table) or []
        for row in rows if isinstance(rows, list | tuple) else [rows]:
            row[field] = _without_user(row[field])
    return told


def _without_user(address: str) -> str:
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    if separator and "@" in host:
        return f"{scheme}://{_HIDDEN}@{host.rpartition('@')[2]}{slash}{path}"
    return address


def _disks(config: Config) -> Iterator[dict[str, Any]]:
    folders = {"ledger": config.folder, "second copy": config.second_copy}
    for name, folder in folders.items():
        if folder is None:
            continue
        try:
            usage, files = (
                shutil.disk_usage(folder),
                _sizes(folder, (config.ledger_file or config.control).name),
            )
        except OSError as error:
            yield {"of": name, "folder": str(folder), "problem": str(error.strerror)}
            continue
        yield {"of": name, "folder": str(folder), "free": usage.free, "total": usage.total} | files


def _sizes(folder: Path, ledger: str) -> dict[str, Any]:
    return {"files": {path.name: path.stat().st_size for path in sorted(folder.glob(f"{ledger}*"))}}


def log_integrity(config: Config, ask: Ask) -> dict[str, Any]:
    """Return size and root of the log, and whether all leaves together are what is signed."""
    head = ask(ask="checkpoint")
    if head["checkpoint"] is None:
        return {"size": 0, "as_signed": True}
    key = load_trusted(config).register.gateway_keys[config.origin]
    signed = verify_checkpoint(head["checkpoint"].encode(), config.origin, key)
    if isinstance(signed, CheckpointFault):
        return {"size": head["size"], "as_signed": False, "problem": signed.name}
    tree = Frontier()
    while tree.size < signed.size:
        stop = min(signed.size, tree.size + ENTRIES_AT_ONCE)
        part = ask(ask="entries", first=tree.size, stop=stop)["entries"]
        if not part:
            return {"size": signed.size, "as_signed": False, "problem": f"ends at {tree.size}"}
        tree.extend(leaf_hash(decoded_entry(texts)[0] or b"") for texts in part)
    as_signed = tree.root() == signed.root
    return {"size": signed.size, "root": signed.root.hex(), "as_signed": as_signed}


def _journal() -> list[str]:
    """Return the last lines of the service in the system's journal, where there is one."""
    program = shutil.which("journalctl")
    if program is None:
        return []
    command = [program, "-u", UNIT, "-n", str(_JOURNAL_LINES), "-o", "short-iso", "--no-pager"]
    try:
        done = subprocess.run(  # noqa: S603 - nothing in it comes from outside
            command, capture_output=True, text=True, timeout=_JOURNAL_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"no journal: {error}"]
    return [plain(line) for line in done.stdout.splitlines()]
