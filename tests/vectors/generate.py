"""Writes vectors that are new. It never changes one that was frozen before.

    .venv/bin/python -m tests.vectors.generate

Ends with exit code 1, everything left as it was, when code no longer makes a frozen vector.
"""

import sys

from tests.vectors.frozen import MAKERS, as_text, changed, path_of, read_frozen


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
    return 0


if __name__ == "__main__":
    sys.exit(main())
