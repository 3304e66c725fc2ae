"""Everything refused on purpose, as one tree.

    ContraparteError
    ├── InputError             somebody typed or sent what cannot be read; names the field
    ├── ProtocolError          bytes from elsewhere break a clause of the protocol
    ├── PolicyError            a rule of this node or of the accord forbids it
    ├── StateError             right in itself, but not now: names what is allowed now
    └── NodeError              this node cannot do it: keys, files, peers

`code` is stable: peers, pages and translators rely on it. The words are elsewhere (`problems.py` of each room),
in both languages; a guard test holds the two together.
"""

from typing import Any


class ContraparteError(Exception):
    """Refused on purpose. `params` fill the translated text and hold no message content."""

    code = "error"

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(self.code, params)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code} ({told})" if told else self.code


class InputError(ContraparteError):
    """What was typed or sent cannot be read. Carries `field` where one is to blame."""

    code = "input"


class ProtocolError(ContraparteError):
    """Bytes from another node break a clause of the protocol."""

    code = "protocol"


class PolicyError(ContraparteError):
    """A rule of this node or of the accord forbids it."""

    code = "policy"


class StateError(ContraparteError):
    """Not possible in the present state."""

    code = "state"


class NodeError(ContraparteError):
    """This node cannot do it: a key, a file or a peer is missing."""

    code = "node"


# --- protocol: identifiers, bounds, message, envelope, receipts, log ---


class ProofError(ProtocolError):
    """A Merkle proof does not prove what it claims. `reason` names the first thing wrong, `field` where."""

    code = "proof.invalid"

# --- directory ---

# --- ledger ---

# --- exchange ---

# --- books ---

# --- traces ---

# --- web and node ---
