"""Published RFC 6962 proof vectors (transparency-dev/merkle): all verdicts must agree."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from ballotbox_protocol.wire.merkle import verify_consistency, verify_inclusion


def vectors(shared: Path, name: str) -> list[dict[str, Any]]:
    path = shared / "vectors" / "merkle" / name
    if not path.exists():
        pytest.skip(f"no published vectors: {path} is absent")
    loaded: list[dict[str, Any]] = json.loads(path.read_text())
    assert loaded, f"{path} is empty"
    return loaded


def proof_of(vector: dict[str, Any]) -> list[bytes]:
    return [b64decode(each) for each in vector["proof"] or []]


def test_inclusion_vectors(shared: Path) -> None:
    wrong = [
        vector["file"]
        for vector in vectors(shared, "inclusion.json")
        if vector["wantErr"]
        is verify_inclusion(
            b64decode(vector["leafHash"] or ""),
            vector["leafIdx"],
            vector["treeSize"],
            proof_of(vector),
            b64decode(vector["root"] or ""),
        )
    ]
    assert wrong == []


def test_consistency_vectors(shared: Path) -> None:
    wrong = [
        vector["file"]
        for vector in vectors(shared, "consistency.json")
        if vector["wantErr"]
        is verify_consistency(
            vector["size1"],
            vector["size2"],
            proof_of(vector),
            b64decode(vector["root1"] or ""),
            b64decode(vector["root2"] or ""),
        )
    ]
    assert wrong == []
