"""Due dates against the State Council's notices for 2025 and 2026, copied by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from serve.loop.working_days import CALENDAR, Country, TimeZone, due_date

SHANGHAI = ZoneInfo("Asia/Shanghai")
FREE = [  # first and last day of each holiday
    ("2025-01-01", "2025-01-01"), ("2025-01-28", "2025-02-04"), ("2025-04-04", "2025-04-06"),
    ("2025-05-01", "2025-05-05"), ("2025-05-31", "2025-06-02"), ("2025-10-01", "2025-10-08"),
    ("2026-01-01", "2026-01-03"), ("2026-02-15", "2026-02-23"), ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"), ("2026-06-19", "2026-06-21"), ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
]  # fmt: skip
MADE_UP = {
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14", "2026-02-28",
    "2026-05-09", "2026-09-20", "2026-10-10",
}  # fmt: skip


def works(day: date) -> bool:
    if any(first <= day.isoformat() <= last for first, last in FREE):
        return False
    return day.weekday() < 5 or day.isoformat() in MADE_UP


def counted(day: date, *, working_days: int) -> date:
    while working_days:
        day += timedelta(days=1)
        working_days -= works(day)
    return day


@settings(max_examples=100)
@given(st.datetimes(datetime(2025, 1, 1), datetime(2026, 10, 10), timezones=st.just(UTC)))
def test_ten_thousand_due_dates_agree_with_the_table(first: datetime) -> None:
    for hours in range(0, 1_700, 17):
        opened = first + timedelta(hours=hours)
        due = due_date(opened, country="CN", time_zone="Asia/Shanghai")
        day = opened.astimezone(SHANGHAI).date()
        assert due.day == counted(day, working_days=5)
        assert due.announced.astimezone(SHANGHAI).date() == counted(day, working_days=4) + timedelta(days=1)
        assert due.expires == datetime.combine(due.day + timedelta(days=1), datetime.min.time(), tzinfo=SHANGHAI)
        assert due.calendar == CALENDAR


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2025-09-30T02:00Z", "2025-10-14"),  # 9, 10, 11 (a Saturday that is made up), 13, 14
        ("2026-02-12T02:00Z", "2026-02-26"),  # 13, 14 (made up), 24, 25, 26
        ("2025-06-09T15:59Z", "2025-06-16"),  # a minute before midnight in Shanghai
        ("2025-06-09T16:00Z", "2025-06-17"),  # midnight
    ],
)
def test_around_holidays_and_midnight(opened: str, due: str) -> None:
    found = due_date(datetime.fromisoformat(opened), country="CN", time_zone="Asia/Shanghai")
    assert found.day == date.fromisoformat(due)


def test_another_country_has_other_holidays() -> None:
    opened = datetime(2025, 12, 23, 12, tzinfo=UTC)
    assert due_date(opened, country="DE", time_zone="Europe/Berlin").day == date(2026, 1, 2)
    assert due_date(opened, country="CN", time_zone="Asia/Shanghai").day == date(2025, 12, 30)


@pytest.mark.parametrize(("kind", "value"), [(Country, "XX"), (Country, "china"), (TimeZone, "Asia/Beijing")])
def test_what_no_calendar_or_clock_knows_is_refused(kind: object, value: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)
