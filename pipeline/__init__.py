"""The thinking: pure functions over frozen records. No file, clock, setting, network or SQL in here."""
