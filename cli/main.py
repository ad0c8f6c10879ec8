"""The `launchwatch` command: finds a command's file when it is called for, and turns every error into one clear line."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

import typer
from typer.core import TyperGroup

from cli.console import Refusal, complain, forget_interrupt, interrupt, undisturbed

COMMANDS = {
    "demo": "cli.demo",
    "up": "cli.up",
    "collect": "cli.collect",
    "ingest": "cli.ingest",
    "digest": "cli.digest",
    "search": "cli.search",
    "mcp": "cli.mcp",
    "events": "cli.events",
    "correct": "cli.correct",
    "companies": "cli.companies",
    "securities": "cli.securities",
    "themes": "cli.themes",
    "knowledge": "cli.knowledge",
    "sources": "cli.sources",
    "watches": "cli.watches",
    "alerts": "cli.alerts",
    "parse": "cli.parse",
    "tag": "cli.tag",
    "cluster": "cli.cluster",
    "check": "cli.check",
    "migrate": "cli.migrate",
    "backup": "cli.backup",
    "restore": "cli.restore",
    "replay": "cli.replay",
    "export": "cli.export",
    "doctor": "cli.doctor",
    "watchdog": "cli.watchdog",
    "serve": "cli.serve",
    "worker": "cli.worker",
    "beat": "cli.beat",
}
"""Where each command lives. A file is imported only when its command runs, so that `launchwatch tag` starts at once."""

LOGS_NOTHING = frozenset({"tag", "cluster", "parse", "companies", "securities"})
"""Commands that only think: they do not wait for the library that logs."""

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended."""


class Commands(TyperGroup):
    """The commands of COMMANDS, in that order, each imported on demand."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 the signature is Typer's
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 as above
        if cmd_name not in COMMANDS:
            return None
        with undisturbed():
            if cmd_name not in LOGS_NOTHING:
                import_module("cli.logs").start_logging("WARNING")
            module = import_module(COMMANDS[cmd_name])
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="AI news and model releases: one event once, with its facts, quotes and linked stocks.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"launchwatch {version('launchwatch')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print it."),
) -> None:
    """AI news and model releases: one event once, with its facts, quotes and linked stocks.

    Settings come from the environment (LAUNCHWATCH_HOME, LAUNCHWATCH_DATABASE_URL, ...) or a .env file.
    Exit codes: 0 fine, 1 the job failed, 2 wrong use.
    """


def main() -> None:
    """Run one command; every error ends as one line and an exit code."""
    forget_interrupt()
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, interrupt)
    try:
        app()
    except Refusal as refusal:
        complain(str(refusal))
        sys.exit(refusal.code)
    except KeyboardInterrupt:
        _stopped()
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            _stopped()  # Typer takes the interrupt for itself, and says nothing
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("LAUNCHWATCH_TRACEBACK"):
            raise
        complain(f"{type(error).__name__}: {error} (set LAUNCHWATCH_TRACEBACK=1 to see where)")
        sys.exit(1)


def _stopped() -> None:
    complain("stopped; what was finished is kept")
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
