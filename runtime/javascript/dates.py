"""Date (ECMA-262 section 21.4). The local time zone of scripts is UTC, whatever the machine's."""

import math
import re
import time
from collections.abc import Sequence
from typing import Final

from egc.runtime.javascript.convert import NAN, is_number, number, primitive, string
from egc.runtime.javascript.values import (
    DATE_PROTOTYPE,
    UNDEFINED,
    Builtin,
    Object,
    Value,
    Values,
    range_error,
    type_error,
)

_DAY: Final = 86_400_000
_LIMIT: Final = 8.64e15
_DAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZONE: Final = "GMT+0000 (Coordinated Universal Time)"
_ISO = re.compile(
    r"([+-]\d{6}|\d{4})(?:-(\d\d)(?:-(\d\d))?)?"
    r"(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_SPOKEN = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(?:([A-Za-z]{3,9})\.?\s+(\d{1,2})|(\d{1,2})[\s-]+([A-Za-z]{3,9}))[,\s-]+(\d{4})"
    r"(?:[,\s]+(\d{1,2}):(\d\d)(?::(\d\d))?\s*([AaPp][Mm])?)?"
    r"(?:\s*(?:(?:GMT|UTC|Z)?([+-]\d\d:?\d\d)?)?)?(?:\s*\([^()]*\))?",
    re.ASCII,
)
_SLASHES = re.compile(
    r"(\d{1,4})[/-](\d{1,2})[/-](\d{1,4})(?:[,\s]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?\s*([AaPp][Mm])?)?"
    r"\s*(Z|GMT|UTC)?([+-]\d\d:?\d\d)?",
    re.ASCII,
)


class Date(Object):
    """A Date: milliseconds since the epoch, NaN for an invalid one."""

    __slots__ = ("time",)

    kind = "Date"

    def __init__(self, time: float) -> None:
        super().__init__(None, DATE_PROTOTYPE)
        self.time = clipped(time)


def now() -> float:
    """Milliseconds since the epoch."""
    return float(int(time.time() * 1000))


def clipped(value: float) -> float:
    """TimeClip."""
    if not math.isfinite(value) or abs(value) > _LIMIT:
        return NAN
    return float(math.trunc(value)) + 0.0


def day_of(year: int, month: int, day: float) -> float:
    """MakeDay: days since the epoch; months beyond a year carry over."""
    year, month = year + month // 12, month % 12
    if abs(year) > 400_000:
        return NAN
    era, rest = divmod(year - (month < 2), 400)
    shifted = (month + 10) % 12
    day_in_year = (153 * shifted + 2) // 5
    return era * 146_097 + rest * 365 + rest // 4 - rest // 100 + day_in_year - 719_468 + day - 1


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month (from 0) and day of days since the epoch."""
    days += 719_468
    era, rest = divmod(days, 146_097)
    year = (rest - rest // 1460 + rest // 36_524 - rest // 146_096) // 365
    in_year = rest - (365 * year + year // 4 - year // 100)
    shifted = (5 * in_year + 2) // 153
    month = (shifted + 2) % 12
    return year + era * 400 + (month < 2), month, in_year - (153 * shifted + 2) // 5 + 1


def made(parts: Sequence[float]) -> float:
    """The time of year, month, day, hours, minutes, seconds, milliseconds, in UTC."""
    filled = [*parts, *(0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)[len(parts) :]]
    if not all(math.isfinite(part) for part in filled):
        return NAN
    year, month, day, hours, minutes, seconds, milliseconds = (math.trunc(part) for part in filled)
    if max(abs(year), abs(month)) > 10_000_000:
        return NAN
    days = day_of(year, month, day)
    return clipped(days * _DAY + hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + milliseconds)


def fields(when: float) -> list[int]:
    """Year, month, day, hours, minutes, seconds, milliseconds, and the day of the week."""
    days, rest = divmod(int(when), _DAY)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds, milliseconds = divmod(rest, 1000)
    return [*date_of(days), hours, minutes, seconds, milliseconds, (days + 4) % 7]


def parse(text: str) -> float:
    """Date.parse: ISO 8601, and the forms that dates are written in; NaN for anything else."""
    found = _ISO.fullmatch(text)
    if found and found[1] != "-000000":
        year, month, day, hours, minutes, seconds, fraction, zone = found.groups()
        values = [
            int(value or other)
            for value, other in ((year, 0), (month, 1), (day, 1), (hours, 0), (minutes, 0), (seconds, 0))
        ]
        if not _in_range(values):
            return NAN
        milliseconds = int((fraction or "0").ljust(3, "0")[:3])
        values[1] -= 1
        return clipped(made([*values, milliseconds]) - _offset(zone))
    spoken = _SPOKEN.fullmatch(text.strip())
    if spoken:
        name, first, second, other, year, hours, minutes, seconds, half, zone = spoken.groups()
        month_name = (name or other)[:3].title()
        if month_name not in _MONTHS:
            return NAN
        return _civil(
            int(year), _MONTHS.index(month_name) + 1, int(first or second), hours, minutes, seconds, half, zone
        )
    slashed = _SLASHES.fullmatch(text.strip())
    if slashed:
        one, two, three, hours, minutes, seconds, _, half, _, zone = slashed.groups()
        if len(one) == 4:
            return _civil(int(one), int(two), int(three), hours, minutes, seconds, half, zone)
        return _civil(_century(three), int(one), int(two), hours, minutes, seconds, half, zone)
    return NAN


def _century(year: str) -> int:
    value = int(year)
    return value + (2000 if value < 50 else 1900) if len(year) <= 2 else value


def _civil(
    year: int,
    month: int,
    day: int,
    hours: str | None,
    minutes: str | None,
    seconds: str | None,
    half: str | None,
    zone: str | None,
) -> float:
    hour = int(hours or 0)
    if half:
        if not 1 <= hour <= 12:
            return NAN
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    values = [year, month, day, hour, int(minutes or 0), int(seconds or 0)]
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and values[4] < 60 and values[5] < 60):
        return NAN
    values[1] -= 1
    return clipped(made(values) - _offset(zone))


def _in_range(values: Sequence[int]) -> bool:
    _, month, day, hours, minutes, seconds = values
    if hours == 24:
        return minutes == seconds == 0 and 1 <= month <= 12 and 1 <= day <= 31
    return 1 <= month <= 12 and 1 <= day <= 31 and hours < 24 and minutes < 60 and seconds < 60


def _offset(zone: str | None) -> float:
    if zone is None or zone == "Z":
        return 0.0
    digits = zone[1:].replace(":", "")
    return (1 if zone[0] == "+" else -1) * (int(digits[:2]) * 60 + int(digits[2:])) * 60_000.0


# ---- Text


def _year(year: int) -> str:
    return f"{'-' if year < 0 else ''}{abs(year):04d}" if year >= 0 else f"-{abs(year):06d}"


def date_text(when: float) -> str:
    """`Tue Nov 24 2026 02:57:44 GMT+0000 (Coordinated Universal Time)`."""
    if when != when:
        return "Invalid Date"
    return f"{_day_text(when)} {_time_text(when)}"


def _day_text(when: float) -> str:
    year, month, day, *_, weekday = fields(when)
    return f"{_DAYS[weekday]} {_MONTHS[month]} {day:02d} {_year(year)}"


def _time_text(when: float) -> str:
    _, _, _, hours, minutes, seconds, _, _ = fields(when)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d} {_ZONE}"


def iso_text(when: float) -> str:
    """`2026-11-24T02:57:44.000Z`."""
    year, month, day, hours, minutes, seconds, milliseconds, _ = fields(when)
    shown = f"{year:04d}" if 0 <= year <= 9999 else f"{'-' if year < 0 else '+'}{abs(year):06d}"
    return f"{shown}-{month + 1:02d}-{day:02d}T{hours:02d}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}Z"


def _utc_text(when: float) -> str:
    year, month, day, hours, minutes, seconds, _, weekday = fields(when)
    return f"{_DAYS[weekday]}, {day:02d} {_MONTHS[month]} {_year(year)} {hours:02d}:{minutes:02d}:{seconds:02d} GMT"


def _locale_date(when: float) -> str:
    year, month, day, *_ = fields(when)
    return f"{month + 1}/{day}/{year}"


def _locale_time(when: float) -> str:
    _, _, _, hours, minutes, seconds, _, _ = fields(when)
    return f"{hours % 12 or 12}:{minutes:02d}:{seconds:02d} {'AM' if hours < 12 else 'PM'}"


def _date(this: Value) -> Date:
    if not isinstance(this, Date):
        raise type_error("this is not a Date object.")
    return this


def _text_method(name: str) -> Builtin:
    makers = {
        "toString": date_text,
        "toDateString": _day_text,
        "toTimeString": _time_text,
        "toUTCString": _utc_text,
        "toGMTString": _utc_text,
        "toLocaleString": lambda when: f"{_locale_date(when)}, {_locale_time(when)}",
        "toLocaleDateString": _locale_date,
        "toLocaleTimeString": _locale_time,
    }

    def native(this: Value, arguments: Values) -> Value:
        if name.startswith("toLocale") and any(argument is not UNDEFINED for argument in arguments):
            raise type_error(f"{name} with a locale or options is not supported")
        when = _date(this).time
        return makers[name](when) if when == when else "Invalid Date"

    return Builtin(native, name, 0)


def _to_iso(this: Value, arguments: Values) -> Value:
    when = _date(this).time
    if when != when:
        raise range_error("Invalid time value")
    return iso_text(when)


def _to_json(this: Value, arguments: Values) -> Value:
    found = primitive(this, "number")
    if is_number(found) and not math.isfinite(number(found)):
        return None
    return _to_iso(this, ())


_PARTS: Final = ("FullYear", "Month", "Date", "Hours", "Minutes", "Seconds", "Milliseconds")


def _getter(index: int, name: str) -> Builtin:
    def native(this: Value, arguments: Values) -> Value:
        when = _date(this).time
        return fields(when)[index] if when == when else NAN

    return Builtin(native, name, 0)


def _setter(index: int, name: str, count: int) -> Builtin:
    def native(this: Value, arguments: Values) -> Value:
        date = _date(this)
        given = [number(argument) for argument in arguments[:count]] or [NAN]
        if date.time != date.time and index > 0:
            return NAN
        parts: list[float] = list(fields(date.time if date.time == date.time else 0.0)[:7])
        parts[index : index + len(given)] = given
        date.time = made(parts)
        return date.time

    return Builtin(native, name, count)


def _get_time(this: Value, arguments: Values) -> Value:
    return _date(this).time


def _set_time(this: Value, arguments: Values) -> Value:
    date = _date(this)
    date.time = clipped(number(arguments[0] if arguments else UNDEFINED))
    return date.time


def _offset_minutes(this: Value, arguments: Values) -> Value:
    when = _date(this).time
    return 0 if when == when else NAN


def _get_year(this: Value, arguments: Values) -> Value:
    when = _date(this).time
    return fields(when)[0] - 1900 if when == when else NAN


def _value_of(this: Value, arguments: Values) -> Value:
    return _date(this).time


def _methods() -> dict[str, Value]:
    found: dict[str, Value] = {}
    for zone in ("", "UTC"):
        for index, part in enumerate(_PARTS):
            found[f"get{zone}{part}"] = _getter(index, f"get{zone}{part}")
            count = {0: 3, 1: 2, 2: 1, 3: 4, 4: 3, 5: 2, 6: 1}[index]
            found[f"set{zone}{part}"] = _setter(index, f"set{zone}{part}", count)
        found[f"get{zone}Day"] = _getter(7, f"get{zone}Day")
    names = ("toString", "toDateString", "toTimeString", "toUTCString", "toGMTString")
    for name in (*names, "toLocaleString", "toLocaleDateString", "toLocaleTimeString"):
        found[name] = _text_method(name)
    found["getTime"] = Builtin(_get_time, "getTime", 0)
    found["setTime"] = Builtin(_set_time, "setTime", 1)
    found["getTimezoneOffset"] = Builtin(_offset_minutes, "getTimezoneOffset", 0)
    found["getYear"] = Builtin(_get_year, "getYear", 0)
    found["valueOf"] = Builtin(_value_of, "valueOf", 0)
    found["toISOString"] = Builtin(_to_iso, "toISOString", 0)
    found["toJSON"] = Builtin(_to_json, "toJSON", 1)
    return found


DATE_PROTOTYPE.properties.update(_methods())


def _components(arguments: Values) -> float:
    parts = [number(argument) for argument in arguments[:7]]
    year = parts[0]
    if math.isfinite(year) and 0 <= math.trunc(year) <= 99:
        parts[0] = 1900.0 + math.trunc(year)
    return made(parts)


def _construct(arguments: Values) -> Value:
    if not arguments:
        return Date(now())
    if len(arguments) > 1:
        return Date(_components(arguments))
    value = arguments[0]
    if isinstance(value, Date):
        return Date(value.time)
    value = primitive(value)
    return Date(parse(value) if isinstance(value, str) else number(value))


def _called(this: Value, arguments: Values) -> Value:
    return date_text(now())


def _now(this: Value, arguments: Values) -> Value:
    return now()


def _parse(this: Value, arguments: Values) -> Value:
    return parse(string(arguments[0] if arguments else UNDEFINED))


def _utc(this: Value, arguments: Values) -> Value:
    return _components(arguments or (UNDEFINED,))


DATE = Builtin(_called, "Date", 7, _construct)
DATE.properties.update(
    {
        "now": Builtin(_now, "now", 0),
        "parse": Builtin(_parse, "parse", 1),
        "UTC": Builtin(_utc, "UTC", 7),
        "prototype": DATE_PROTOTYPE,
    }
)
DATE_PROTOTYPE.properties["constructor"] = DATE
