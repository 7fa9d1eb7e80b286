"""Dates as the Admin API writes them: the text of a JavaScript `Date`, in the server's time zone (C55)."""

import time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date_text(seconds: float) -> str:
    """`Mon Nov 23 2026 21:18:57 GMT+0000 (Coordinated Universal Time)` for seconds since the epoch.

    Zones other than UTC are named as the C library does (`CET`); JavaScript's long names need a table of its own.
    """
    local = time.localtime(seconds)
    sign = "-" if local.tm_gmtoff < 0 else "+"
    hours, minutes = divmod(abs(local.tm_gmtoff) // 60, 60)
    zone = "Coordinated Universal Time" if local.tm_zone in ("UTC", "GMT+0") else local.tm_zone
    return (
        f"{_DAYS[local.tm_wday]} {_MONTHS[local.tm_mon - 1]} {local.tm_mday:02} {local.tm_year:04} "
        f"{local.tm_hour:02}:{local.tm_min:02}:{local.tm_sec:02} GMT{sign}{hours:02}{minutes:02} ({zone})"
    )
