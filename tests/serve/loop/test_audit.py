from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from click.testing import Result
from marketplace import Marketplace
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from serve import audit, command_line
from serve.audit import OPERATOR, SYSTEM, AuditBrokenError, ChainHead
from serve.database.engine import Database
from serve.database.loop_tables import AuditEntry

LAST = 13
"""The number of the untouched log's last row."""


@pytest.fixture(scope="module")
def untouched(market: Marketplace) -> Database:
    """With the log of a case that went all the way."""
    complaint = market.complaint()
    market.decide(complaint)
    market.counter(complaint)
    market.decide(complaint, "dismissed")
    database = market.client.service.database
    with database.write() as session:
        session.execute(text("CREATE TABLE untouched_log AS SELECT * FROM audit_log"))
        session.execute(text("CREATE TABLE untouched_head AS SELECT * FROM audit_head"))
    return database


@pytest.fixture
def database(untouched: Database) -> Iterator[Database]:
    """May be tampered with."""
    yield untouched
    tamper(untouched, "DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM untouched_log")
    tamper(untouched, "DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM untouched_head")


def tamper(database: Database, statement: str) -> None:
    """As somebody who owns the database."""
    with database.write() as session:
        session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
        session.execute(text(statement))
        session.execute(text("ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only"))


def test_every_step_is_a_row(database: Database) -> None:
    with database.read() as session:
        actions = session.scalars(text("SELECT action FROM audit_log ORDER BY number")).all()
        actors = set(session.scalars(text("SELECT actor FROM audit_log")))
        known = set(session.scalars(text("SELECT id FROM api_keys")))
    assert actions == [
        "key created", "brand created", "reference added", "key created",
        "case opened", "listing decided", "case judged", "complaint filed", "listing decided", "complaint upheld",
        "counter-notice sent", "listing decided", "complaint overturned",
    ]  # fmt: skip
    assert actors <= known | {SYSTEM, OPERATOR}
    assert audit.verify(database).number == LAST


def test_a_step_holds_nobody_up_while_its_transaction_goes_on(database: Database) -> None:
    with database.write() as slow:
        audit.record(slow, actor="a", action="slow", subject="s", content={})
        with database.write() as quick:
            quick.execute(text("SET LOCAL lock_timeout = '1s'"))
            for action in ("quick", "quick again"):
                audit.record(quick, actor="a", action=action, subject="s", content={})
    with database.read() as session:
        actions = session.scalars(text("SELECT action FROM audit_log WHERE subject = 's' ORDER BY number")).all()
    assert actions == ["quick", "quick again", "slow"]
    assert audit.verify(database).number == LAST + 3


def test_a_step_of_what_was_rolled_back_is_no_row(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as session:
        audit.record(session, actor="a", action="undone", subject="s", content={})
        raise KeyError
    assert audit.verify(database).number == LAST


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"],
)
def test_the_database_refuses_changes(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="only be added to"), database.write() as session:
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE audit_log SET content = replace(content, 'in', 'un') WHERE number = 3", "row 3 was changed"),
        ("UPDATE audit_log SET actor = 'key_0' WHERE number = 5", "row 5 was changed"),
        ("UPDATE audit_log SET moment = moment + interval '1 microsecond' WHERE number = 1", "row 1 was changed"),
        ("DELETE FROM audit_log WHERE number = 3", "row 3 is missing"),
        ("DELETE FROM audit_log WHERE number = (SELECT max(number) FROM audit_log)", f"ends at row {LAST - 1}"),
    ],
)
def test_tampering_shows(database: Database, statement: str, words: str) -> None:
    tamper(database, statement)
    with pytest.raises(AuditBrokenError, match=words):
        audit.verify(database)


def test_a_chain_that_was_written_anew_does_not_pass_through_a_noted_head(database: Database) -> None:
    noted = audit.verify(database)
    tamper(database, "UPDATE audit_log SET actor = 'key_0' WHERE number = (SELECT number FROM audit_head)")
    with database.write() as session:
        last = session.get_one(AuditEntry, LAST)
        before = session.get_one(AuditEntry, LAST - 1).digest
        digest = audit.digest_of(last, previous=before)
    with database.write() as session:
        session.execute(text("UPDATE audit_head SET digest = :digest"), {"digest": digest})
    anew = "UPDATE audit_log SET digest = head.digest FROM audit_head AS head WHERE audit_log.number = head.number"
    tamper(database, anew)
    assert audit.verify(database).number == LAST
    with pytest.raises(AuditBrokenError, match="not the one that was noted"):
        audit.verify(database, noted=noted)


def test_a_log_that_was_cut_off_ends_before_the_noted_head(database: Database) -> None:
    with pytest.raises(AuditBrokenError, match="before the noted row 99"):
        audit.verify(database, noted=ChainHead(99, bytes(32)))


@pytest.fixture
def verify(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    settings = market.client.service.settings
    assert settings.database_url is not None
    monkeypatch.setenv("HALLMARK_HOME", str(settings.home))
    monkeypatch.setenv("HALLMARK_DATABASE_URL", settings.database_url.get_secret_value())
    return lambda *options: CliRunner().invoke(command_line.build(), ["audit", "verify", *options])


def test_the_command(database: Database, verify: Callable[..., Result]) -> None:
    done = verify()
    head = done.stdout.splitlines()[-1]
    assert (done.exit_code, head) == (0, str(audit.verify(database)))
    assert verify("--noted", head).exit_code == 0
    assert verify("--noted", "9:beef").exit_code == 2
    tamper(database, "DELETE FROM audit_log WHERE number = (SELECT max(number) FROM audit_log)")
    broken = verify()
    assert broken.exit_code == 1
    assert f"ends at row {LAST - 1}" in broken.stderr
