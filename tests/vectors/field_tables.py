"""The fields of every document of `device/WIRE.md`: where each stands, its type and its limit."""

from typing import NamedTuple

COUNT = "count"
WIDE = "wide"
DIGEST = "bstr"
BYTES_32, BYTES_16, BYTES_8, BYTES_64 = "32 bytes", "16 bytes", "8 bytes", "64 bytes"


class Row(NamedTuple):
    """One field: its key as the table shows it, and the path to it in the decoded document."""

    key: str
    path: tuple[int, ...]
    field: str
    type: str
    limit: str


FIELDS: dict[str, tuple[Row, ...]] = {
    "header": (
        Row("1", (1,), "algorithm", "int", "−19, Ed25519 (RFC 9864)"),
        Row("4", (4,), "key id of the signer", "bstr", BYTES_8),
        Row("16", (16,), "type (RFC 9596)", "tstr", "one of the types below"),
    ),
    "definition": (
        Row("0", (0,), "format", "uint", "1"),
        Row("1", (1,), "name", "tstr", "name"),
        Row("2", (2,), "mode", "uint", "codes of modes"),
        Row("3", (3,), "day", "tstr", "a day of the calendar, YYYY-MM-DD"),
        Row("4", (4,), "contests", "array", "1 to 64; names differ"),
        Row("4[i]", (4, 0), "contest", "array of 4", ""),
        Row("4[i][0]", (4, 0, 0), "its name", "tstr", "name"),
        Row("4[i][1]", (4, 0, 1), "its kind", "uint", "codes of contests"),
        Row("4[i][2]", (4, 1, 2), "votes allowed", "uint", "1 to options; 1 unless CHOOSE_UP_TO"),
        Row("4[i][3]", (4, 0, 3), "options", "array", "1 to 512; names differ"),
        Row("4[i][3][j][0]", (4, 0, 3, 0, 0), "option's name", "tstr", "name"),
        Row(
            "4[i][3][j][1]",
            (4, 0, 3, 0, 1),
            "candidates to prefer",
            "uint",
            "0 to 512; 0 unless PARTY_LIST",
        ),
        Row("5", (5,), "ballot styles", "array", "1 to 1,024; codes differ"),
        Row("5[i][0]", (5, 0, 0), "style's code", "tstr", "name"),
        Row("5[i][1]", (5, 0, 1), "its sheets", "array", "1 to 8; no contest twice"),
        Row("5[i][1][j]", (5, 0, 1, 1), "a sheet's contests", "array of uint", "1 or more indexes"),
        Row("6", (6,), "precincts", "array", "1 to 200,000; numbers differ"),
        Row("6[i][0]", (6, 0, 0), "precinct's number", "uint", COUNT),
        Row("6[i][1]", (6, 0, 1), "its name", "tstr", "name"),
        Row("6[i][2]", (6, 0, 2), "registered voters", "uint", COUNT),
        Row("6[i][3]", (6, 0, 3), "its styles", "array of uint", "1 or more indexes, none twice"),
        Row("7", (7,), "register signers", "array of bstr", "1 to 16 public keys, none twice"),
        Row("8", (8,), "policy", "array of 7 or 2", "see below"),
        Row("8[0]", (8, 0), "overvoted sheets", "uint", "codes of handling"),
        Row("8[1]", (8, 1), "blank sheets", "uint", "codes of handling"),
        Row("8[2]", (8, 2), "undervoted sheets", "uint", "codes of handling"),
        Row("8[3]", (8, 3), "sheets with a marginal mark", "uint", "codes of handling"),
        Row("8[4]", (8, 4), "percent of a target that make a mark", "uint", "8[5] to 100"),
        Row("8[5]", (8, 5), "percent that make a marginal mark", "uint", "1 or more"),
        Row("8[6]", (8, 6), "sheets must bear the stamp", "uint", "0 or 1"),
    ),
    "register": (
        Row("0", (0,), "format", "uint", "1"),
        Row("1", (1,), "election digest", "bstr", BYTES_32),
        Row("2", (2,), "version", "uint", "1 to 2^31 − 1"),
        Row("3", (3,), "boxes", "array", "no box and epoch twice"),
        Row("3[i][0]", (3, 0, 0), "box", "bstr", BYTES_16),
        Row("3[i][1]", (3, 0, 1), "its public key", "bstr", BYTES_32),
        Row("3[i][2]", (3, 1, 2), "key epoch", "uint", COUNT),
        Row("3[i][3]", (3, 0, 3), "precinct", "uint", "a number of the definition"),
        Row(
            "3[i][4]",
            (3, 0, 4),
            "firmware allowed",
            "array of bstr",
            "1 or more digests of 32 bytes",
        ),
        Row("3[i][5]", (3, 2, 5), "closure", "array of 2 or null", ""),
        Row("3[i][5][0]", (3, 2, 5, 0), "closed as", "uint", "codes of closures"),
        Row("3[i][5][1]", (3, 2, 5, 1), "positions", "array", "no origin twice"),
        Row("3[i][5][1][j][0]", (3, 2, 5, 1, 0, 0), "origin id", "bstr", BYTES_16),
        Row("3[i][5][1][j][1]", (3, 2, 5, 1, 0, 1), "first leaf index", "uint", WIDE),
        Row("4", (4,), "gateways", "array", "no origin twice"),
        Row("4[i][0]", (4, 0, 0), "origin", "tstr", "origin"),
        Row("4[i][1]", (4, 0, 1), "its public key", "bstr", BYTES_32),
        Row("5", (5,), "officers", "array", ""),
        Row("5[i][0]", (5, 0, 0), "officer's public key", "bstr", BYTES_32),
        Row("5[i][1]", (5, 1, 1), "roles", "uint", "sum of role codes"),
        Row("5[i][2]", (5, 0, 2), "precinct", "uint or null", "null: all precincts"),
    ),
    "report": (
        Row("0", (0,), "version", "uint", "1"),
        Row("1", (1,), "kind", "uint", "codes of reports"),
        Row("2", (2,), "election digest", "bstr", BYTES_32),
        Row("3", (3,), "precinct", "uint", COUNT),
        Row("4", (4,), "box", "bstr", BYTES_16),
        Row("5", (5,), "key epoch", "uint", COUNT),
        Row("6", (6,), "boot count", "uint", COUNT),
        Row("7", (7,), "sequence", "uint", COUNT),
        Row("8", (8,), "previous", "bstr", "32 bytes; zeros in sequence 0"),
        Row("9", (9,), "journal", "array of 2", ""),
        Row("9[0]", (9, 0), "records", "uint", WIDE),
        Row("9[1]", (9, 1), "root", "bstr", BYTES_32),
        Row("10", (10,), "counters", "map", "the keys 0 to 7"),
        Row("11", (11,), "votes", "array of uint", "final, correction; counts, see below"),
        Row("12", (12,), "firmware", "array of 2", ""),
        Row("12[0]", (12, 0), "digest", "bstr", BYTES_32),
        Row("12[1]", (12, 1), "sequence", "uint", COUNT),
        Row("13", (13,), "state", "array of 2", ""),
        Row("13[0]", (13, 0), "poll state", "uint", "codes of states"),
        Row("13[1]", (13, 1), "debug", "uint", "0 or 1"),
        Row("14", (14,), "clock", "array of 3", ""),
        Row("14[0]", (14, 0), "Unix time", "uint", "wide, seconds"),
        Row("14[1]", (14, 1), "quality", "uint", "codes of clocks"),
        Row("14[2]", (14, 2), "time since boot", "uint", "wide, milliseconds"),
        Row("15", (15,), "incident", "array of 2", "incident only"),
        Row("15[0]", (15, 0), "code", "uint", "codes of incidents"),
        Row("15[1]", (15, 1), "detail", "uint", COUNT),
        Row("16", (16,), "corrected report", "bstr", "correction only; its id, 32 bytes"),
        Row("17", (17,), "new key", "bstr", "rotation only; 32 bytes"),
        Row("18", (18,), "proof of the new key", "bstr", "rotation only; 64 bytes"),
        Row("19", (19,), "checkpoint held", "array of 3 or null", "null: none yet"),
        Row("19[0]", (19, 0), "origin id", "bstr", BYTES_16),
        Row("19[1]", (19, 1), "size", "uint", WIDE),
        Row("19[2]", (19, 2), "root", "bstr", BYTES_32),
        Row("23", (23,), "officers' signatures", "array", "0 to 8"),
        Row("23[i][0]", (23, 0, 0), "key id", "bstr", BYTES_8),
        Row("23[i][1]", (23, 0, 1), "signature", "bstr", BYTES_64),
    ),
    "counters": (
        Row("0", (0,), "presented: sheets that entered the transport", "uint", COUNT),
        Row("1", (1,), "accepted: sheets known to have dropped into the box", "uint", COUNT),
        Row("2", (2,), "returned: sheets given back to the voter", "uint", COUNT),
        Row("3", (3,), "pending: sheets taken in of which more is not yet known", "uint", COUNT),
        Row("4", (4,), "portable: those accepted that came from a portable box", "uint", COUNT),
        Row(
            "5", (5,), "box: the box counter, read from the slots that hold choices", "uint", COUNT
        ),
        Row("6", (6,), "ballots: accepted first sheets", "uint", COUNT),
        Row("7", (7,), "lifetime: sheets accepted since the box was made", "uint", COUNT),
    ),
    "ruling": (
        Row("[0]", (0,), "election digest", "bstr", BYTES_32),
        Row("[1]", (1,), "kind", "uint", "codes of rulings"),
        Row("[2]", (2,), "report id", "bstr", BYTES_32),
        Row("[3]", (3,), "officers' signatures", "array", "0 to 8; 2 needed"),
        Row("[3][i][0]", (3, 0, 0), "key id", "bstr", BYTES_8),
        Row("[3][i][1]", (3, 0, 1), "signature", "bstr", BYTES_64),
    ),
    "refusal": (
        Row("[0]", (0,), "origin", "tstr", "origin"),
        Row("[1]", (1,), "report id", "bstr", BYTES_32),
        Row("[2]", (2,), "reason", "uint", "codes of reasons, 120 to 199"),
        Row("[3]", (3,), "gateway time", "uint", "wide, Unix seconds"),
    ),
    "resend": (
        Row("[0]", (0,), "election digest", "bstr", BYTES_32),
        Row("[1]", (1,), "box", "bstr", BYTES_16),
        Row("[2]", (2,), "origin", "tstr", "origin"),
        Row("[3]", (3,), "sequence", "uint", COUNT),
    ),
    "hello": (
        Row("[0]", (0,), "election digest", "bstr", BYTES_32),
        Row("[1]", (1,), "box", "bstr", BYTES_16),
        Row("[2]", (2,), "challenge", "bstr", BYTES_16),
        Row("[3]", (3,), "boot count", "uint", COUNT),
        Row("[4]", (4,), "sequence of the next report", "uint", COUNT),
    ),
    "clearance": (
        Row("[0]", (0,), "election digest", "bstr", BYTES_32),
        Row("[1]", (1,), "box", "bstr", BYTES_16),
        Row("[2]", (2,), "id of its last report", "bstr", BYTES_32),
    ),
    "reprint": (
        Row("[0]", (0,), "election digest", "bstr", BYTES_32),
        Row("[1]", (1,), "box", "bstr", BYTES_16),
        Row("[2]", (2,), "id of the report to print", "bstr", BYTES_32),
        Row("[3]", (3,), "number of the copy", "uint", "count, from 2"),
    ),
    "leaf": (
        Row("[0]", (0,), "version", "uint", "1"),
        Row("[1]", (1,), "type", "uint", "codes of leaves"),
        Row("[2]", (2,), "report id", "bstr", BYTES_32),
        Row("[3]", (3,), "verdict", "uint", "codes of verdicts"),
        Row("[4]", (4,), "reason", "uint", "codes of reasons"),
        Row("[5]", (5,), "digest of the ruling behind it", "bstr or null", "32 bytes; RULING only"),
        Row("[6]", (6,), "gateway time", "uint", "wide, Unix seconds"),
    ),
    "receipt": (
        Row("0", (0,), "version", "uint", "1"),
        Row("1", (1,), "leaf", "bstr", "1 to 4,096 bytes, the canonical bytes"),
        Row("2", (2,), "index of the leaf", "uint", "0 to 2^63 − 2"),
        Row("3", (3,), "inclusion proof", "array of bstr", "0 to 63 hashes of 32 bytes, bottom up"),
        Row("4", (4,), "checkpoint", "bstr", "1 to 4,096 bytes, a note"),
    ),
}
