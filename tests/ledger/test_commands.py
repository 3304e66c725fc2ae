"""The commands as a person runs them: processes of their own on a node's home."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contraparte.ledger import policies, queries
from contraparte.ledger.rounds import witness_round
from contraparte.protocol import commands
from contraparte.protocol.errors import LogChoiceError, LogUnknownError, MessageNotLoggedError
from contraparte.protocol.tlog_proof import TlogProof, TrustPolicy
from tests.ledger.conftest import NOW, SONORA, TRACING

stored = pytest.mark.django_db(transaction=True)
OURS = f"{SONORA}/{TRACING}/2026"
MESSAGE = "6f1c9f1e-94c4-4f43-8e2d-6a0f0a6a1b2c"


def verify(*args: object):
    return CliRunner().invoke(commands.app, ["verify", *map(str, args)])


@pytest.fixture
def proof_files(log_entries, peer, tmp_path: Path) -> tuple[Path, Path]:
    log_entries(270)
    log_entries(1, message_id=MESSAGE)
    witness_round(OURS, peer, now=NOW)
    log_entries(3)
    proof, policy = tmp_path / "one.tlog-proof", tmp_path / "trust.policy"
    (found,) = queries.prove_message(MESSAGE)
    proof.write_bytes(found.to_bytes())
    policy.write_text(policies.trust_policy(OURS))
    return proof, policy


@stored
def test_a_proof_is_verified_offline_under_the_peers_cosignature(proof_files):
    proof, policy = proof_files
    result = verify(proof, "--policy", policy, "--json", "--message-id", MESSAGE)
    told = json.loads(result.output)
    assert result.exit_code == 0
    assert (told["ok"], told["origin"], told["index"], told["size"]) == (True, OURS, 271, 272)
    assert told["leaf"]["message_id"] == MESSAGE
    assert list(told["witnesses"]) == [f"{TRACING}-1"]
    assert "proven: index 271" in verify(proof, "--policy", policy).output


@stored
def test_what_is_not_proven_exits_with_one_and_says_why(proof_files, tmp_path):
    proof, policy = proof_files
    assert verify(proof, "--policy", policy, "--message-id", MESSAGE.replace("6f", "7f")).exit_code == 1
    parsed = TlogProof.parse(proof.read_bytes())
    other = tmp_path / "other.tlog-proof"
    other.write_bytes(TlogProof(parsed.index - 1, parsed.path, parsed.checkpoint, parsed.extra).to_bytes())
    result = verify(other, "--policy", policy, "--json")
    assert (result.exit_code, json.loads(result.output)["code"]) == (1, "proof.invalid")
    other.write_bytes(TlogProof(parsed.index, parsed.path, parsed.checkpoint).to_bytes())
    assert verify(other, "--policy", policy).exit_code == 1
    leaf = tmp_path / "leaf"
    leaf.write_bytes(parsed.extra)
    assert verify(other, "--policy", policy, "--leaf", leaf).exit_code == 0
    other.write_bytes(b"nonsense")
    assert verify(other, "--policy", policy).exit_code == 1


@stored
def test_the_policy_of_a_log_names_its_keys_and_its_counterpart(proof_files, log_entries):
    policy = TrustPolicy.parse(policies.trust_policy(None).encode())
    assert [key.name for key in policy.logs] == [OURS]
    assert (list(policy.witnesses), policy.quorum) == ([f"{TRACING}-1"], TRACING)
    assert TrustPolicy.parse(policies.trust_policy(OURS, quorum="none").encode()).quorum == "none"
    log_entries(1, peer="us.atf")
    with pytest.raises(LogChoiceError):
        policies.trust_policy(None)
    with pytest.raises(LogUnknownError):
        policies.trust_policy(OURS.replace("2026", "2027"))
    # A peer whose witness key is not known yet: nobody can be asked for.
    assert TrustPolicy.parse(policies.trust_policy(f"{SONORA}/us.atf/2026").encode()).quorum == "none"


@stored
def test_a_message_nobody_logged_has_no_proof(log_entries):
    log_entries(1)
    with pytest.raises(MessageNotLoggedError):
        queries.prove_message(MESSAGE)


def run(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """The installed command in a process of its own, on a database of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONTRAPARTE_")}
    environment.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-c", SURROUNDED, *args, "--home", str(home)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )


# The command line of the ledger with keys in memory: the same seed in every process.
SURROUNDED = textwrap.dedent(
    """
    import sys
    from contraparte.ledger import commands
    from pathlib import Path
    from contraparte import start
    home = Path(sys.argv[sys.argv.index("--home") + 1])
    start.open_home(home, migrate=True)
    from contraparte.ledger import registry
    from contraparte.protocol.keys import PrivateKey, Purpose
    class Keys:
        def private_key(self, agency_id, purpose):
            return PrivateKey.of(agency_id, purpose, (agency_id + purpose).encode().ljust(32)[:32])
        def verifying_keys(self, agency_id, purpose):
            return [self.private_key(agency_id, purpose).public()]
    class Peers:
        def is_local(self, agency): return agency.startswith("mx.")
        def address(self, agency): return ""
        def speaks_for(self, caller, agency): return caller == agency
    registry.install(keys=Keys(), peers=Peers())
    registry._cross_checks.clear()
    if sys.argv[1] == "fill":
        from datetime import UTC, datetime
        from django.db import transaction
        from contraparte.ledger.actions import Entry, append
        from contraparte.ledger.rules.leaves import Direction, Kind
        now = datetime(2026, 3, 4, tzinfo=UTC)
        entry = Entry("mx.fge-son", "us.ntc", Kind.MESSAGE_RELEASED, Direction.OUT,
                      "6f1c9f1e-94c4-4f43-8e2d-6a0f0a6a1b2c", bytes(32), None, None, now)
        with transaction.atomic():
            append([entry], now=now)
    else:
        commands.app()
    """
)


def test_a_node_is_checked_proven_and_spoilt_from_the_command_line(tmp_path):
    home, proof, policy = tmp_path / "home", tmp_path / "m.tlog-proof", tmp_path / "policy"
    assert run(home, "fill").returncode == 0
    checked = run(home, "fsck", "--json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["leaves"] == 2
    assert run(home, "prove", MESSAGE, "-o", str(proof)).returncode == 0
    assert run(home, "policy", "-o", str(policy), "--quorum", "none").returncode == 0
    assert verify(proof, "--policy", policy).exit_code == 0
    assert run(home, "prove", MESSAGE.replace("6f", "7f"), "-o", str(proof)).returncode == 1
    assert run(home, "prove", "nonsense", "-o", str(proof)).returncode == 1
    import sqlite3

    with sqlite3.connect(home / "node.sqlite3") as database:
        (data,) = database.execute('SELECT data FROM ledger_leaf WHERE "index" = 1').fetchone()
        database.execute('UPDATE ledger_leaf SET data = ? WHERE "index" = 1', [data[:-1] + b"\0"])
    database.close()
    spoilt = run(home, "fsck")
    assert spoilt.returncode == 1
    assert f"first bad leaf: {OURS} index 1" in spoilt.stdout


def test_verifying_offline_loads_no_django_and_nothing_of_the_writer(proof_files_plain):
    proof, policy = proof_files_plain
    code = (
        "import sys\n"
        "from contraparte.node.cli import assemble\n"
        "try:\n"
        f"    assemble()(['tlog', 'verify', {str(proof)!r}, '--policy', {str(policy)!r}])\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "loaded = [name for name in sys.modules if name.split('.')[0] in ('django', 'sqlite3', 'pysqlite3')\n"
        "          or name.startswith('contraparte.ledger.') and name != 'contraparte.ledger.commands']\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "proven" in done.stdout


@pytest.fixture
def proof_files_plain(tmp_path: Path) -> tuple[Path, Path]:
    """A proof from a log of one leaf, made without a database."""
    from contraparte.ledger.rules.leaves import Kind
    from contraparte.protocol.keys import Purpose, generate
    from contraparte.protocol.notes import Checkpoint, Note, SignatureType, VerifierKey, sign_note
    from contraparte.protocol.tlog import leaf_hash
    from tests.ledger.peer import leaf

    key, data = generate(SONORA, Purpose.LOG), leaf(Kind.LOG_OPENED)
    text = Checkpoint(OURS, 1, leaf_hash(data)).text()
    note = Note(text, (sign_note(text, OURS, key.public().raw, key.sign),)).to_bytes()
    proof, policy = tmp_path / "one.tlog-proof", tmp_path / "policy"
    proof.write_bytes(TlogProof(0, (), note, data).to_bytes())
    policy.write_text(f"log {VerifierKey(OURS, SignatureType.ED25519, key.public().raw)}\nquorum none\n")
    return proof, policy
