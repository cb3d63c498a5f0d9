from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from waiting import eventually

from serve.database.embedded import (
    EmbeddedPostgres,
    EmbeddedPostgresError,
    make_socket_folder,
    open_path_to,
    socket_folder,
)
from serve.database.keeper import Keeper

HOLD = """
import sys
from pathlib import Path
import structlog
from serve.database.embedded import EmbeddedPostgres
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.url, flush=True)
sys.stdin.read()
server.close()
"""


def answers(server: EmbeddedPostgres) -> bool:
    try:
        with psycopg.connect(server.url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


@pytest.fixture
def server(tmp_path: Path):
    made = EmbeddedPostgres(tmp_path / "postgres")
    yield made
    made.start()  # a test that failed may have left it running
    made.close()


def other_process(server: EmbeddedPostgres) -> subprocess.Popen[bytes]:
    """A process that uses the server until its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(server.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent.parent.parent,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"postgresql://")
    return process


def test_it_starts_keeps_data_and_stops(server: EmbeddedPostgres) -> None:
    with server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('é')")
    assert not answers(server)
    with server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT word, length(word) FROM kept").fetchone() == ("é", 1)


def test_the_last_of_several_handles_stops_it(server: EmbeddedPostgres) -> None:
    first, second = EmbeddedPostgres(server.folder), EmbeddedPostgres(server.folder)
    first.start()
    second.start()
    first.close()
    assert answers(server)
    first.close()  # closing twice is no harm
    assert answers(server)
    second.close()
    assert not answers(server)


def test_it_outlives_the_process_that_started_it_while_another_uses_it(server: EmbeddedPostgres) -> None:
    process = other_process(server)
    server.start()
    process.communicate()
    assert process.returncode == 0
    assert answers(server)
    server.close()
    assert not answers(server)


def test_a_killed_process_does_not_keep_it_running(server: EmbeddedPostgres) -> None:
    process = other_process(server)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    server.start()
    assert answers(server)
    server.close()
    assert not answers(server)


def test_a_killed_server_is_started_again(server: EmbeddedPostgres) -> None:
    server.start()
    pid = int((server.folder / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    while answers(server):
        time.sleep(0.01)
    time.sleep(0.2)  # its children see it and end
    server.close()
    server.start()
    assert answers(server)


def killed(server: EmbeddedPostgres) -> None:
    """Kill the server that runs."""
    os.kill(int((server.folder / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    while answers(server):
        time.sleep(0.01)


def test_a_server_that_dies_under_its_users_is_started_again(server: EmbeddedPostgres) -> None:
    with server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
        connection.commit()
        assert not server.start_again()
        with Keeper(server, look_seconds=0.1):
            for _ in range(2):
                killed(server)
                eventually(lambda: answers(server), seconds=20)
        with psycopg.connect(server.url) as again:
            assert again.execute("SELECT number FROM kept").fetchone() == (1,)
    assert not answers(server), "the last user stopped it, and nobody starts it again"


def test_no_server_starts_beside_what_works_on_for_a_killed_one(server: EmbeddedPostgres) -> None:
    """Two at work on the same files would ruin them."""
    with server:
        with psycopg.connect(server.url) as connection:
            (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone() or ()
            count = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
            busy = threading.Thread(target=lambda: suppressed(connection, count))
            busy.start()
            time.sleep(0.3)  # it counts, and looks at nothing else
            killed(server)
            with pytest.raises(EmbeddedPostgresError, match="still in use"):
                server.start_again()
            os.kill(pid, signal.SIGTERM)
            busy.join()
        eventually(lambda: started_again(server), seconds=20)
        assert answers(server)


def suppressed(connection: psycopg.Connection, query: str) -> None:
    with contextlib.suppress(psycopg.OperationalError):
        connection.execute(query)


def started_again(server: EmbeddedPostgres) -> bool:
    with contextlib.suppress(EmbeddedPostgresError):
        return server.start_again()
    return False


def test_data_that_are_gone_are_not_replaced_by_none(server: EmbeddedPostgres, tmp_path: Path) -> None:
    with server:
        killed(server)
        server.folder.rename(tmp_path / "away")
        with pytest.raises(EmbeddedPostgresError, match="put them back"):
            server.start_again()
        assert not server.folder.exists()
        (tmp_path / "away").rename(server.folder)
        eventually(lambda: started_again(server), seconds=20)


def test_only_its_account_may_enter_and_no_network_is_listened_on(server: EmbeddedPostgres) -> None:
    with server, psycopg.connect(server.url) as connection:
        assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


@pytest.mark.parametrize("name", ["long" * 30, "a b%20&c,d'é"])
def test_a_path_that_no_socket_can_have(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "postgres"
    server = EmbeddedPostgres(folder)
    with server:
        assert answers(server)
        assert stat.S_IMODE(socket_folder(folder).stat().st_mode) == 0o700
    assert not answers(server)
    socket_folder(folder).rmdir()


def test_a_socket_folder_that_somebody_else_may_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.database.embedded.SOCKET_PATH_BYTES", len(os.fsencode(tmp_path)) + 45)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / ("long" * 20)
    trap = socket_folder(folder)
    assert trap.parent == tmp_path
    trap.mkdir()
    trap.chmod(0o777)
    with pytest.raises(EmbeddedPostgresError, match="somebody else"):
        make_socket_folder(folder, account=None)


def test_other_files_and_other_versions_are_refused(tmp_path: Path) -> None:
    strange = EmbeddedPostgres(tmp_path / "strange")
    strange.folder.mkdir()
    (strange.folder / "letter.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="no PostgreSQL data"):
        strange.start()
    assert (strange.folder / "letter.txt").read_text() == "mine"
    old = EmbeddedPostgres(tmp_path / "old")
    old.folder.mkdir()
    (old.folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedPostgresError, match="PostgreSQL 16"):
        old.start()


def test_the_way_is_opened_for_passing_through_only(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "home"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o700)
    open_path_to(inner)
    assert stat.S_IMODE(inner.parent.stat().st_mode) == 0o701
