"""The options by which a watch is described, the same for `add`, `edit` and `try`, and the watch that they make."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_type_hints

import typer
from pydantic import ValidationError

from cli.console import Refusal
from knowledge.index import KnowledgeBase
from pipeline.records import Watch
from pipeline.watch_faults import faults

Texts = list[str] | None

FIELDS = {
    "company": "companies",
    "product": "products",
    "modality": "modalities",
    "type": "event_types",
    "layer": "layers",
    "theme": "themes",
    "security": "securities",
    "word": "words",
    "session": "sessions",
    "to": "destinations",
    "minimum": "minimum_importance",
    "tier": "minimum_tier",
    "lang": "language",
}
"""The record's name for an option, where it is another one."""


def _options(
    company: Annotated[Texts, typer.Option(help="An id; may be given again.")] = None,
    product: Annotated[Texts, typer.Option(help="A product's id.")] = None,
    modality: Annotated[Texts, typer.Option(help="text, image, video, ...")] = None,
    type: Annotated[Texts, typer.Option(help="model_release, funding, ...")] = None,
    layer: Annotated[Texts, typer.Option(help="large_model, small_model, application_content, ...")] = None,
    theme: Annotated[Texts, typer.Option(help="A theme's id.")] = None,
    security: Annotated[Texts, typer.Option(help="300364.SZ, NASDAQ:NVDA, ...")] = None,
    direct_only: Annotated[bool | None, typer.Option(help="Securities only by their own events.")] = None,
    word: Annotated[Texts, typer.Option(help="A word that must stand in a title or quote.")] = None,
    minimum: Annotated[float | None, typer.Option(min=0, max=100, help="The least importance, 0 to 100.")] = None,
    tier: Annotated[int | None, typer.Option(min=1, max=3, help="A source of that tier or better: 1, 2, 3.")] = None,
    rumours: Annotated[bool | None, typer.Option(help="Tell rumours too.")] = None,
    lens: Annotated[str | None, typer.Option(help="By which lens importance is reckoned.")] = None,
    owner: Annotated[str | None, typer.Option(help="Whose watch it is.")] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en.")] = None,
    to: Annotated[Texts, typer.Option(help="Where to tell it: a channel's URL; may be given again.")] = None,
    cadence: Annotated[str | None, typer.Option(help="at_once, hourly, daily or sessions.")] = None,
    daily_at: Annotated[str | None, typer.Option(help="When the daily brief comes: 08:00.")] = None,
    session: Annotated[Texts, typer.Option(help="shanghai:before_open, new_york:after_close, ...")] = None,
    quiet: Annotated[str | None, typer.Option(help="Hours without messages: 22:00-07:30.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The zone of these times: Asia/Shanghai.")] = None,
    heartbeat: Annotated[bool | None, typer.Option(help="Say once a day that all is quiet.")] = None,
) -> None:
    """What a watch may be told."""


def described(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes its own parameters and the options of a watch, these as one mapping `given`."""
    own = inspect.signature(command)
    options = inspect.signature(_options).parameters

    def run(**values: Any) -> None:
        given = {name: values.pop(name) for name in options}
        command(**values, given={name: value for name, value in given.items() if value is not None})

    kept = [parameter for parameter in own.parameters.values() if parameter.name != "given"]
    merged = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*kept, *options.values())]
    hints = get_type_hints(command, include_extras=True) | get_type_hints(_options, include_extras=True)
    named = [parameter.replace(annotation=hints[parameter.name]) for parameter in merged]
    run.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]  # Typer reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in named}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def made(old: Watch | None, given: Mapping[str, Any], knowledge: KnowledgeBase, **more: Any) -> Watch:
    """The watch that the options describe, or the old one with what they change. Refuses what is not sound, and says why."""
    changed = {FIELDS.get(name, name): value for name, value in given.items()} | more
    if changed.get("sessions"):
        changed.setdefault("cadence", "sessions")
    elif changed.get("cadence", "sessions") != "sessions":
        changed.setdefault("sessions", ())
    kept = old.model_dump() if old else {}
    try:
        watch = Watch.model_validate(kept | changed)
    except ValidationError as error:
        raise Refusal("; ".join(map(_in_words, error.errors())), code=2) from error
    if wrong := faults(watch, knowledge):
        raise Refusal("; ".join(f"--{line}" for line in wrong), code=2)
    return watch


def _in_words(error: Any) -> str:
    names = {field: option for option, field in FIELDS.items()}
    field = str(error["loc"][0]) if error["loc"] else ""
    option = f"--{names.get(field, field).replace('_', '-')}: " if field else ""
    return option + str(error["msg"]).removeprefix("Value error, ")
