"""The threat table: what is attacked, and what the suite cannot show yet."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Threat:
    """One row. `missing`: the part of its check that is not built or not shown here."""

    attack: str
    missing: str = ""


THREATS: dict[int, Threat] = {
    1: Threat("replay of a valid report"),
    2: Threat("replay from another election or from test mode"),
    3: Threat("a box restored from a snapshot"),
    4: Threat("a gateway restored from a snapshot, a database swapped"),
    5: Threat("a cloned key, a twin of a box"),
    6: Threat("two views for two observers", "witnesses that cosign and gossip"),
    7: Threat("a log truncated, its tail lost"),
    8: Threat("counters preloaded, negative or wrapped"),
    9: Threat("stuffing after the close"),
    10: Threat("an aggregate doubled", "the gate as a signed step of publication"),
    11: Threat("the wrong program or configuration", "a release leaf of program and settings"),
    12: Threat("a wrong or crafted election definition"),
    13: Threat(
        "unsigned or downgraded firmware",
        "a quote: what a box tells of its own firmware proves nothing",
    ),
    14: Threat("a forged officer"),
    15: Threat("topics spoofed, client ids as wildcards"),
    16: Threat("a stale report retained"),
    17: Threat("a will as state"),
    18: Threat(
        "a client id taken over again and again",
        "a rival with a copied certificate that never pauses",
    ),
    19: Threat("CBOR bombs"),
    20: Threat("bombs in codes on paper"),
    21: Threat("doubled keys, other forms of one message"),
    22: Threat("signatures in another form, keys of low order"),
    23: Threat("injection on a serial line"),
    24: Threat("clocks that jump"),
    25: Threat("a way round the quarantine"),
    26: Threat("a flood that fills the disk"),
    27: Threat("secrecy broken by order or time"),
    28: Threat("a key taken out of a box", "tapes collected and compared by observers"),
    29: Threat("an observer denied a copy", "witness cosignatures beside the copy"),
}
