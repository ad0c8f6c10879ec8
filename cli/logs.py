"""What is logged, and where: one event with named values a line, on standard error."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def start_logging(level: str, wanted: str = "text") -> None:
    """Log from a level on: `text` for a person, `json` a line for a machine, `auto` by whether a terminal reads it."""
    as_json = is_json(wanted)
    structlog.configure(
        processors=[
            *_SHARED,
            *([structlog.processors.format_exc_info] if as_json else []),
            _last(as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def bridge(level: str, wanted: str) -> None:
    """What libraries log goes the same way: one form of line in a process."""
    as_json = is_json(wanted)
    handler = logging.StreamHandler(sys.stderr)
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _last(as_json)]
    before = [structlog.stdlib.add_logger_name, *_SHARED]
    before += [structlog.processors.format_exc_info] if as_json else []
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def is_json(wanted: str) -> bool:
    """Whether lines are JSON."""
    return wanted == "json" or (wanted == "auto" and not sys.stderr.isatty())


def _last(as_json: bool) -> structlog.typing.Processor:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
