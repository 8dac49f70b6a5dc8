"""Do boxes that show the same certificate share what it costs, and see a new one?"""

import os
from pathlib import Path

from ballotbox_protocol.election.identifiers import BoxId
from ballotbox_simulator.rehearse.job import own
from ballotbox_simulator.rehearse.secured import Certificates
from ballotbox_simulator.rehearse.shared_tls import SharedTls


def test_one_context_serves_all_boxes_until_a_file_is_replaced(tmp_path: Path) -> None:
    files = Certificates(tmp_path / "certificates")
    one, other = (SharedTls(files.ca, files.boxes, files.boxes_key) for _ in range(2))

    first = one.context()
    assert other.context() is first
    os.utime(files.boxes, (1, 1))

    assert one.context() is not first


def test_each_box_may_have_files_and_a_name_of_its_own() -> None:
    assert own("/keys/{box}.pem", BoxId(bytes(15) + b"\x07")) == f"/keys/{'0' * 30}07.pem"
    assert own("/keys/all.pem", BoxId(bytes(16))) == "/keys/all.pem"
