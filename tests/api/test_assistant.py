"""The assistant's tools, asked by the protocol's own client: over stdio and over HTTP, against the real command."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.api.conftest import KEY, House, kimi
from tests.servers import free_port

NOW = datetime(2024, 3, 18, 4, 0, tzinfo=UTC)
TOOLS = {"search", "events", "event", "digest", "company"}

Ask = Callable[[Client], Coroutine[Any, Any, Any]]


@pytest.fixture(scope="module")
def home(house: House) -> Path:
    house.bring(kimi(NOW))
    return house.home


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[str]:
    port = free_port()
    env = os.environ | {"LAUNCHWATCH_HOME": str(home), "LAUNCHWATCH_PORT": str(port), "LAUNCHWATCH_ADMIN_KEY": KEY}
    process = subprocess.Popen([sys.executable, "-m", "cli.main", "mcp", "--http"], env=env, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{base}/healthz")
            break
        except httpx.ConnectError:
            time.sleep(0.1)
    yield f"{base}/mcp"
    process.terminate()
    process.wait(20)


def over_stdio(home: Path, ask: Ask) -> Any:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "cli.main", "mcp"], env={"LAUNCHWATCH_HOME": str(home)}, cwd=Path.cwd()
    )

    async def go() -> Any:
        async with Client(parameters) as client:
            return await ask(client)

    return asyncio.run(go())


def over_http(url: str, ask: Ask) -> Any:
    async def go() -> Any:
        keyed = httpx2.AsyncClient(headers={"Authorization": f"Bearer {KEY}"})
        async with keyed as http, Client(streamable_http_client(url, http_client=http)) as client:
            return await ask(client)

    return asyncio.run(go())


async def everything(client: Client) -> dict[str, Any]:
    """One call of each tool, and two that must be refused in words."""
    listed = await client.list_tools()
    found = await client.call_tool("search", {"query": "月之暗面 上下文"})
    first = found.structured_content["result"][0]["id"]
    calls = {
        "events": await client.call_tool("events", {"since": "2024-03-18"}),
        "event": await client.call_tool("event", {"id": first}),
        "digest": await client.call_tool("digest", {"period": "2024-W12"}),
        "company": await client.call_tool("company", {"name": "Moonshot AI"}),
        "wrong": await client.call_tool("search", {"query": "colour:red"}),
        "missing": await client.call_tool("event", {"id": "nothing"}),
    }
    return {"tools": listed.tools, "first": first, "found": found} | calls


def check(told: dict[str, Any]) -> None:
    assert {tool.name for tool in told["tools"]} == TOOLS
    assert all(tool.annotations.read_only_hint for tool in told["tools"])
    assert told["found"].structured_content["result"][0]["companies"] == ["moonshot-ai"]
    assert told["events"].structured_content["result"][0]["id"] == told["first"]
    event = told["event"].structured_content
    assert any(fact["value"] == 2_000_000 and "200 万字" in fact["quote"] for fact in event["facts"])
    assert event["stocks"]
    assert all(stock["reason_zh"] and stock["evidence"] and stock["as_of"] for stock in event["stocks"])
    assert "200万字" in json.dumps(told["digest"].structured_content, ensure_ascii=False).replace(" ", "")
    assert told["company"].structured_content["id"] == "moonshot-ai"
    assert told["wrong"].is_error
    assert "is no filter" in told["wrong"].content[0].text
    assert told["missing"].is_error
    assert "no event has the id" in told["missing"].content[0].text


def test_an_assistant_that_starts_the_command_gets_every_tool(home: Path) -> None:
    check(over_stdio(home, everything))


def test_an_assistant_over_http_gets_the_same(served: str) -> None:
    check(over_http(served, everything))


def test_without_a_key_nobody_comes_in(served: str) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert httpx.post(served, json=asked).status_code == 401
    assert httpx.post(served, json=asked, headers={"Authorization": "Bearer wrong"}).status_code == 401
