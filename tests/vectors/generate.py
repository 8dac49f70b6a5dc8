"""Writes vectors that are new, and the parts of `device/WIRE.md` that code makes.

    .venv/bin/python -m tests.vectors.generate

It never changes a vector that was frozen before: when code no longer makes one, it ends with exit
code 1 and leaves everything as it was.
"""

import sys
from pathlib import Path

from tests.vectors.frozen import MAKERS, as_text, changed, path_of, read_frozen
from tests.vectors.specification import renew

DOCUMENT = Path(__file__).resolve().parents[2] / "device" / "WIRE.md"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> int:
    made = {file: make() for file, make in MAKERS.items()}
    broken = {file: changed(vectors, read_frozen(file)) for file, vectors in made.items()}
    for file, names in broken.items():
        for name in names:
            say(f"{file}.json: {name!r} is made otherwise now: restore the code that made it")
    if any(broken.values()):
        return 1
    for file, vectors in made.items():
        frozen = read_frozen(file)
        known = {vector["name"] for vector in frozen}
        new = [vector for vector in vectors if vector["name"] not in known]
        path_of(file).write_text(as_text(file, frozen + new), "utf-8")
        say(f"{file}.json: {len(frozen)} kept, {len(new)} new")
    DOCUMENT.write_text(renew(DOCUMENT.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
