"""Rows put into the text of a knowledge file: what stands there, comments and all, stays as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

_WIDTH = 150


def written(row: Mapping[str, Any]) -> str:
    """A row as YAML, one field a line; fields without a value are left out, lists stand on one line."""
    kept = {name: _plain(value) for name, value in row.items() if value not in (None, (), [], {}, "")}
    return "".join(f"{name}: {_value(value)}" for name, value in kept.items())


def with_row(text: str, row: Mapping[str, Any]) -> str:
    """A file of a list of rows with one more at its end; an empty text becomes a list of one."""
    root = yaml.compose(text, Loader=yaml.SafeLoader) if text.strip() else None
    if isinstance(root, yaml.MappingNode):
        text = _as_item(text)
    elif isinstance(root, yaml.SequenceNode) and root.flow_style:
        text = "".join(_as_item(written(one)) for one in yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506
    return _ended(text) + _as_item(written(row))


def with_member(text: str, row: Mapping[str, Any]) -> str:
    """A theme's file with one more member row, after those that stand there."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    item = _as_item(written(row))
    for key, value in root.value if isinstance(root, yaml.MappingNode) else []:
        if key.value == "members":
            return _with_item(text, key, value, item)
    return f"{_ended(text)}members:\n{item}"


def with_fields(text: str, row_id: str, fields: Mapping[str, Any]) -> str:
    """A file with some fields of one row written anew, each on a line of its own; `KeyError` where the row is not there."""
    for name, value in fields.items():
        row = _row(text, row_id)
        line = written({name: value})
        held = next(((key, node) for key, node in row.value if key.value == name), None)
        last_key, last = row.value[-1]
        indent = " " * last_key.start_mark.column
        if held is None:
            end = _next_line(text, _last_leaf(last).end_mark)
            text = _ended(text[:end]) + indent + line + text[end:]
        else:
            start, end = held[0].start_mark.index, _next_line(text, _last_leaf(held[1]).end_mark)
            text = text[:start] + line + text[end:]
    return text


def _row(text: str, row_id: str) -> yaml.MappingNode:
    """A row that stands line by line, by its id."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for node in root.value if isinstance(root, yaml.SequenceNode) else [root]:
        fields = node.value if isinstance(node, yaml.MappingNode) and not node.flow_style else ()
        if isinstance(node, yaml.MappingNode) and any(k.value == "id" and v.value == row_id for k, v in fields):
            return node
    raise KeyError(row_id)


def _with_item(text: str, key: yaml.Node, value: yaml.Node, item: str) -> str:
    """The list with the item: after its last one where it stands line by line, else spread out."""
    if isinstance(value, yaml.SequenceNode) and value.value and not value.flow_style:
        after = _next_line(text, _last_leaf(value).end_mark)
        return _ended(text[:after]) + _indented(item, value.start_mark.column) + text[after:]
    inline = text[value.start_mark.index : value.end_mark.index]
    held = yaml.load(inline, Loader=yaml.BaseLoader) or []  # noqa: S506 every value as the text that it is
    spread = "".join(_as_item(written(one)) for one in held)
    return f"{text[: key.start_mark.index]}members:\n{spread}{item}" + text[_next_line(text, value.end_mark) :]


def _last_leaf(node: yaml.Node) -> yaml.Node:
    while isinstance(node, yaml.CollectionNode) and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node


def _next_line(text: str, mark: yaml.Mark) -> int:
    """Where the line after a mark begins: the mark itself where it stands at a line's beginning."""
    ends = text.find("\n", mark.index)
    return mark.index if mark.column == 0 else len(text) if ends < 0 else ends + 1


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _value(value: Any) -> str:
    """A field's value and the end of its line; text that another reader of YAML could take for something else is quoted."""
    said = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=_WIDTH, sort_keys=False)
    return said.removesuffix("...\n")


def _as_item(row: str) -> str:
    lines = row.splitlines(keepends=True)
    return "".join(("- " if number == 0 else "  " if line.strip() else "") + line for number, line in enumerate(lines))


def _indented(item: str, column: int) -> str:
    return "".join(" " * column + line for line in item.splitlines(keepends=True))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
