"""German: 5. März 2026, 14:30."""

DATE_FORMAT = "j. M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j. M Y, H:i"
SHORT_DATETIME_FORMAT = "j. M, H:i"
SECONDS_FORMAT = "j. M Y, H:i:s"
