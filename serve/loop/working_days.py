"""When a case is due: working days of the rights holder's country, make-up working days included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.metadata import version
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import AfterValidator

WORKING_DAYS = 5
"""Working days that a rights holder has; the day on which the case opens does not count."""

CALENDAR = f"holidays {version('holidays')}"
"""What the working days were read from; stored with every due date."""


NOWHERE = frozenset({"localtime", "posixrules", "Factory"})
"""Names in a machine's time zone database that are of no zone."""


def _known_country(code: str) -> str:
    if code not in holidays.list_supported_countries(include_aliases=False):
        raise ValueError("must be the ISO 3166 code of a country with a known calendar, such as CN")
    return code


def _known_time_zone(name: str) -> str:
    if name not in available_timezones() or name in NOWHERE:
        raise ValueError("must be the IANA name of a time zone, such as Asia/Shanghai")
    return name


Country = Annotated[str, AfterValidator(_known_country)]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]


@dataclass(frozen=True, slots=True)
class DueDate:
    """The last working day on which an answer counts, and the moments that follow from it."""

    day: date
    expires: datetime
    """The end of `day` where the rights holder is."""

    announced: datetime
    """One working day before `expires`."""

    calendar: str = CALENDAR


def due_date(opened: datetime, *, country: str, time_zone: str) -> DueDate:
    """The due date of a case that opens at `opened` (with a time zone).

    A weekend day that a government declares a working day counts, as China does around its long holidays. For years
    that are not announced yet, the calendar knows the statutory holidays only; the stored date does not change later.
    """
    zone = ZoneInfo(time_zone)
    first = opened.astimezone(zone).date()
    calendar = _calendar(country, first.year)
    day = calendar.get_nth_working_day(first, WORKING_DAYS)
    return DueDate(
        day=day,
        expires=_end_of(day, zone=zone),
        announced=_end_of(calendar.get_nth_working_day(day, -1), zone=zone),
    )


@lru_cache
def _calendar(country: str, year: int) -> holidays.HolidayBase:
    """The calendar of `year` and its neighbours, complete, so that threads may share it: it is only read."""
    return holidays.country_holidays(country, years=range(year - 1, year + 2), expand=False)


def _end_of(day: date, *, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
