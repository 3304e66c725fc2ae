"""`contraparte node …` from the outside: real processes, real folders, a real database."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
from typer.testing import CliRunner

from contraparte.node.commands import app

CLI = [sys.executable, "-m", "contraparte.node.cli", "node"]


class Databases:
    """Empty databases to found nodes on: files of their own on SQLite, named databases of the test's server else."""

    def __init__(self, is_postgres: bool) -> None:
        self.server = os.environ["DATABASE_URL"] if is_postgres else ""
        self.names: list[str] = []

    def make(self, template: str = "") -> str:
        """The address of a new database, "" on SQLite; `template` is the address of one to copy."""
        if not self.server:
            return ""
        name = f"node_{os.getpid()}_{len(self.names)}_{os.urandom(3).hex()}"
        copied = f' TEMPLATE "{self._name(template)}"' if template else ""
        self._execute(f'CREATE DATABASE "{name}"{copied}')
        self.names.append(name)
        address, _, query = self.server.partition("?")
        return address.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")

    def drop(self) -> None:
        for name in self.names:
            self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _name(self, url: str) -> str:
        return url.partition("?")[0].rsplit("/", 1)[1]

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="module")
def databases(request):
    made = Databases(request.config.getoption("--db") == "postgres")
    yield made
    made.drop()


@pytest.fixture(scope="module")
def founded(tmp_path_factory, databases):
    """One node founded by the command, to be copied by each test."""
    home, url = tmp_path_factory.mktemp("founded") / "home", databases.make()
    made = run("init", "--home", home, "--name", "Sonora", "--operator", "mx.fge-son", url=url)
    assert made.returncode == 0, made.stderr
    return home, url


@pytest.fixture
def node(tmp_path, founded, databases):
    """A node of this test's own: its home and its database's address."""
    home, url = founded
    shutil.copytree(home, tmp_path / "home")
    return tmp_path / "home", databases.make(template=url)


def environment(url: str = "") -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONTRAPARTE", "DATABASE_URL"))}
    return kept | ({"DATABASE_URL": url} if url else {})


def run(*arguments: object, url: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CLI, *map(str, arguments)], env=environment(url), capture_output=True, text=True, timeout=120, check=False
    )


def in_node(home: Path, code: str, url: str = "") -> str:
    """Run Python inside the node of `home`."""
    opened = f"from pathlib import Path\nfrom contraparte.start import open_home\nopen_home(Path({str(home)!r}))\n"
    done = subprocess.run(
        [sys.executable, "-c", opened + code],
        env=environment(url),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


ADD_AGENCY = (
    "from contraparte.directory.models import Agency\n"
    "Agency.objects.create(id='mx.fge-son', country='mx', name_en='Ministry', name_es='Fiscalía ñ', kind='prosecutor',"
    " operator='mx.fge-son', url='http://127.0.0.1:1', is_local=True)\n"
)
NAME = "from contraparte.directory.models import Agency\nprint(Agency.objects.get().name_es)\n"


def test_init_makes_a_node_for_its_owner_only(node):
    home, _ = node
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "node.toml").stat().st_mode) == 0o600
    keys = list((home / "keys").glob("*.key"))
    assert len(keys) == 5
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    published = json.loads((home / "public-keys.json").read_text())
    assert published["agency"] == "mx.fge-son"
    assert len(published["keys"]) == 5


def test_init_never_overwrites(node):
    home, url = node
    before = (home / "node.toml").read_bytes()
    again = run("init", "--home", home, "--name", "other", url=url)
    assert again.returncode != 0
    assert "not empty" in again.stderr
    assert (home / "node.toml").read_bytes() == before


@pytest.mark.parametrize(("option", "value"), [("--operator", "Sonora!"), ("--url", "ftp://x"), ("--url", "nowhere")])
def test_init_refuses_what_it_cannot_read_and_makes_nothing(tmp_path, option, value):
    home = tmp_path / "home"
    made = run("init", "--home", home, option, value)
    assert made.returncode != 0
    assert "no node was made" in made.stderr
    assert not home.exists()


@pytest.mark.parametrize("command", ["serve", "worker", "status", "migrate", "rejoin"])
def test_a_folder_without_a_node_is_named_and_left_alone(tmp_path, command):
    done = CliRunner().invoke(app, [command, "--home", str(tmp_path)])
    assert done.exit_code != 0
    assert "there is no node" in str(done.exception) + done.output
    assert not list(tmp_path.iterdir())


def test_serve_answers_and_stops_when_told(node):
    home, url = node
    port = free_port()
    server = subprocess.Popen(
        [*CLI, "serve", "--home", str(home), "--bind", f"127.0.0.1:{port}"],
        env=environment(url), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert f"listening on 127.0.0.1:{port}" in server.stdout.readline()
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/directory/zz/metadata/timestamp.json", timeout=20)
        assert refused.value.code == 404
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(90) == 0


def test_several_web_processes_need_postgresql(node):
    home, url = node
    if url:
        return
    refused = run("serve", "--home", home, "--bind", f"127.0.0.1:{free_port()}", "--processes", "2")
    assert refused.returncode != 0
    assert "PostgreSQL" in refused.stderr


def test_a_worker_works_until_told_to_stop_and_is_alone_on_sqlite(node):
    home, url = node
    first = subprocess.Popen(
        [*CLI, "worker", "--home", str(home)], env=environment(url) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert "at work" in first.stdout.readline()
        if not url:
            while not (home / "run" / "worker.lock").exists():
                assert first.poll() is None
            second = run("worker", "--home", home)
            assert second.returncode != 0
            assert "exchange.worker" in second.stderr or "worker" in second.stderr
    finally:
        first.send_signal(signal.SIGTERM)
        assert first.wait(90) == 0


def test_status_says_what_needs_a_person(node):
    home, url = node
    done = run("status", "--home", home, "--json", url=url)
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["problems"] == ["no directory is trusted yet"]
    assert report["migrations_pending"] == []
    assert report["road"]["outbox"] == 0
    told = {name: report["attachments"][name] for name in ("files", "bytes", "lost", "arriving", "leaving")}
    assert set(told.values()) == {0} and report["attachments"]["free_bytes"] > 0
    assert report["database"]["vendor"] == ("postgresql" if url else "sqlite")
    text = run("status", "--home", home, url=url)
    assert "no directory is trusted yet" in text.stdout


def test_a_backup_restores_what_was_there(node, tmp_path, databases):
    home, url = node
    in_node(home, ADD_AGENCY, url)
    for folder in ("attachments", "arriving"):
        (home / folder).mkdir(exist_ok=True)
        (home / folder / ("ab" * 16)).write_bytes(b"sealed")
    assert run("backup", tmp_path / "b.tar", "--home", home, "--keys-to", tmp_path / "k.tar", url=url).returncode == 0
    other = databases.make()
    made = run("restore", tmp_path / "b.tar", "--home", tmp_path / "new", "--keys", tmp_path / "k.tar", url=other)
    assert made.returncode == 0, made.stderr
    assert in_node(tmp_path / "new", NAME, other) == "Fiscalía ñ"
    # Files that are whole are in it; those on their way come again from their senders.
    assert (tmp_path / "new" / "attachments" / ("ab" * 16)).read_bytes() == b"sealed"
    assert not (tmp_path / "new" / "arriving" / ("ab" * 16)).exists()
    for key in (home / "keys").iterdir():
        assert (tmp_path / "new" / "keys" / key.name).read_bytes() == key.read_bytes()
    in_node(tmp_path / "new", "from contraparte.directory.actions import add_person\nadd_person('a', 'A')\n", other)


def test_a_backup_holds_neither_keys_nor_guard(node, tmp_path):
    home, url = node
    (home / "guard").mkdir(exist_ok=True)
    (home / "guard" / "x").write_text("head")
    assert run("backup", tmp_path / "b.tar", "--home", home, url=url).returncode == 0
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    with tarfile.open(tmp_path / "b.tar") as tar:
        assert not [name for name in tar.getnames() if name.startswith(("keys", "guard", "witness", "run", "books"))]


def test_nothing_is_replaced_by_a_backup_or_a_restore(node, tmp_path):
    home, url = node
    assert run("backup", tmp_path / "b.tar", "--home", home, url=url).returncode == 0
    assert run("backup", tmp_path / "b.tar", "--home", home, url=url).returncode != 0
    refused = run("restore", tmp_path / "b.tar", "--home", home, url=url)
    assert refused.returncode != 0
    assert "not empty" in refused.stderr


def test_a_restored_node_does_not_start_before_it_has_rejoined(node, tmp_path, databases):
    home, url = node
    assert run("backup", tmp_path / "b.tar", "--home", home, url=url).returncode == 0
    other = databases.make()
    assert run("restore", tmp_path / "b.tar", "--home", tmp_path / "new", url=other).returncode == 0
    for command in ("worker", "serve"):
        refused = run(command, "--home", tmp_path / "new", url=other)
        assert refused.returncode != 0
        assert "rejoin" in refused.stderr
    assert run("rejoin", "--home", tmp_path / "new", url=other).returncode == 0
    assert not (tmp_path / "new" / "restored.json").exists()


@pytest.mark.parametrize("command", ["init", "migrate", "serve", "worker", "status", "backup", "restore", "rejoin"])
def test_help_explains_every_command(command):
    shown = CliRunner().invoke(app, [command, "--help"], terminal_width=200)
    assert shown.exit_code == 0
    assert "Usage" in shown.output
    assert "--home" in shown.output
