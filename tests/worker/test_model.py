"""The model's client against an endpoint that lies, stalls, floods and breaks: late or bad answers are no answers."""

from __future__ import annotations

import gzip
import json
import socket
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from crawlers.guard import Guard, Refused
from pipeline.records import Question
from settings import Settings
from tests.worker.liar import Asked, Way, liar, says, send
from worker.deliver import NotReached, Request
from worker.deliver.http import GuardedClient
from worker.model import TIRED_AFTER, Model, OwnEndpoint, model_of
from worker.rounds import outside_of

QUESTION = Question(rules="say", material="what")


def endless(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def slow_loris(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "100000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def silent(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def hangs_up(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{")


def bomb(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
    send(handler, gzip.compress(b" " * 50_000_000), content_encoding="gzip")


def moved(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"", status=307, location="http://169.254.169.254/latest/meta-data")


def status(code: int) -> Way:
    return lambda asked, handler: send(handler, b'{"error": "sk-test"}', status=code)


def body(words: bytes) -> Way:
    return lambda asked, handler: send(handler, words)


@pytest.mark.parametrize(
    ("way", "why"),
    [
        (status(500), "status_500"),
        (status(429), "status_429"),
        (status(401), "status_401"),
        (moved, "status_307"),
        (endless, "too_long"),
        (slow_loris, "timed_out"),
        (silent, "timed_out"),
        (hangs_up, "unreachable"),
        (bomb, "compressed"),
        (body(b"not json"), "broken"),
        (body(b"[]"), "broken"),
        (body(b"\xff\xfe"), "broken"),
        (body(b'{"choices": []}'), "broken"),
        (body(b'{"choices": [{"message": {"content": null}}]}'), "broken"),
        (body(b'{"choices": [{"message": {"content": [{"text": "x"}]}}]}'), "broken"),
        (body(b"[" * 100_000), "broken"),
    ],
)
def test_a_bad_answer_is_none_in_bounded_time_and_counted(way: Way, why: str) -> None:
    with liar(way) as endpoint, capture_logs() as logs:
        began = time.monotonic()
        assert endpoint.model(ask_seconds=0.5).ask_all([QUESTION]) == [None]
        assert time.monotonic() - began < 2
    (line,) = logs
    assert (line["event"], line[why], line["log_level"]) == ("model asked", 1, "warning")
    assert "sk-test" not in json.dumps(line)


def test_answers_come_in_the_order_of_the_questions() -> None:
    def way(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        number = int(asked["messages"][1]["content"])
        time.sleep(0.02 * (9 - number))
        says(str(number))(asked, handler)

    with liar(way) as endpoint:
        questions = [Question(rules="say", material=str(n)) for n in range(10)]
        assert endpoint.model().ask_all(questions) == [str(n) for n in range(10)]


def test_a_question_asks_for_json_without_tools_and_carries_the_key_in_its_header_alone() -> None:
    with liar(says("{}")) as endpoint:
        endpoint.model(key="sk-secret").ask_all([QUESTION])
        (asked,) = endpoint.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in json.dumps(asked)
    assert asked["response_format"] == {"type": "json_object"}
    assert asked["messages"] == [{"role": "system", "content": "say"}, {"role": "user", "content": "what"}]
    assert not {"tools", "functions", "tool_choice"} & set(asked)


def test_an_endpoint_that_refuses_our_fields_is_asked_again_with_the_bare_minimum() -> None:
    def fussy(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        if set(asked) == {"model", "messages"}:
            says("fine")(asked, handler)
        else:
            send(handler, b'{"error": "unknown field"}', status=400)

    with liar(fussy) as endpoint:
        model = endpoint.model()
        assert model.ask_all([QUESTION]) == ["fine"]
        assert model.ask_all([QUESTION]) == ["fine"]
        assert len(endpoint.asked) == 3


def test_a_round_ends_in_time_however_many_questions_wait() -> None:
    with liar(silent) as endpoint:
        model = endpoint.model(ask_seconds=30.0, round_seconds=0.6)
        began = time.monotonic()
        assert model.ask_all([QUESTION] * 40) == [None] * 40
        assert time.monotonic() - began < 2


def test_what_came_in_time_is_kept_when_the_round_ends() -> None:
    def way(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
        (says("quick") if asked["messages"][1]["content"] == "quick" else silent)(asked, handler)

    with liar(way) as endpoint:
        questions = [Question(rules="say", material=m) for m in ("slow", "quick")]
        assert endpoint.model(ask_seconds=30.0, round_seconds=0.5).ask_all(questions) == [None, "quick"]


def test_a_model_that_keeps_failing_is_left_alone_for_a_while_and_then_asked_again() -> None:
    now = [0.0]
    with liar(status(500)) as endpoint:
        model = endpoint.model(clock=lambda: now[0])
        for _ in range(TIRED_AFTER + 2):
            model.ask_all([QUESTION])
        assert len(endpoint.asked) == TIRED_AFTER
        now[0] = 301.0
        model.ask_all([QUESTION])
        assert len(endpoint.asked) == TIRED_AFTER + 1


def test_nobody_is_asked_nothing() -> None:
    with liar(says("{}")) as endpoint:
        assert endpoint.model().ask_all([]) == []
        assert endpoint.asked == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/v1", "http://[::1]:{port}/v1", "http://localhost:{port}/v1", "http://10.0.0.1:{port}/v1"],
)
def test_without_an_exception_the_guard_lets_nothing_out_to_this_machine_or_its_network(url: str) -> None:
    with liar(says("{}")) as endpoint, capture_logs() as logs:
        assert Model(url.format(port=endpoint.port), "m").ask_all([QUESTION]) == [None]
        assert endpoint.asked == []
    assert logs[0]["refused_by_guard"] == 1


def test_a_dead_port_is_no_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        model = Model(f"http://127.0.0.1:{port}/v1", "m", guard=Guard(allow=[("127.0.0.1", port)]))
        assert model.ask_all([QUESTION]) == [None]


def test_an_installation_has_no_model_unless_it_names_one() -> None:
    assert model_of(Settings()) is None
    assert model_of(Settings(model_url="https://models.example.org/v1", model_name="m")) is not None


@pytest.mark.parametrize(
    "given",
    [{"model_url": "http://models.example.org/v1", "model_name": "m"}, {"model_url": "https://models.example.org/v1"}],
)
def test_half_a_setting_or_an_open_line_is_refused_in_words(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"https://|LAUNCHWATCH_MODEL_NAME"):
        Settings(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_model_of_ones_own_is_reached_by_http_where_a_setting_names_it(host: str) -> None:
    with liar(says("fine")) as endpoint:
        place = f"{host}:{endpoint.port}"
        model = model_of(Settings(model_url=f"http://{place}/v1", model_allow=place, model_name="m"))
        assert model is not None
        assert model.ask_all([QUESTION]) == ["fine"]


def test_a_model_of_ones_own_leads_nobody_further() -> None:
    with liar(says("taken")) as other:

        def elsewhere(asked: Asked, handler: BaseHTTPRequestHandler) -> None:
            send(handler, b"", status=307, location=f"{other.url}/chat/completions")

        with liar(elsewhere) as endpoint, capture_logs() as logs:
            place = f"127.0.0.1:{endpoint.port}"
            model = model_of(Settings(model_url=endpoint.url, model_allow=place, model_name="m"))
            assert model is not None
            assert model.ask_all([QUESTION]) == [None]
        assert other.asked == []
    assert logs[0]["status_307"] == 1


def test_the_exception_of_the_model_is_nobody_else_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAUNCHWATCH_HOME", str(tmp_path))
    with liar(says("taken")) as endpoint:
        monkeypatch.setenv("LAUNCHWATCH_MODEL_ALLOW", f"127.0.0.1:{endpoint.port}")
        monkeypatch.setenv("LAUNCHWATCH_MODEL_URL", endpoint.url)
        monkeypatch.setenv("LAUNCHWATCH_MODEL_NAME", "m")
        guard = outside_of(Settings()).guard
        with pytest.raises(Refused):
            guard.check(f"{endpoint.url}/feed.xml")
        assert not guard.permits("127.0.0.1", endpoint.port)
        with pytest.raises(NotReached):
            GuardedClient(guard).post(Request(url=f"{endpoint.url}/hook", body=b"{}", headers={}))
        assert endpoint.asked == []


@pytest.mark.parametrize(
    ("url", "address", "port", "may"),
    [
        ("http://127.0.0.1:8000/v1", "127.0.0.1", 8000, True),
        ("http://127.0.0.1:8000/v1", "::ffff:127.0.0.1", 8000, True),
        ("http://127.0.0.1:8000/v1", "127.0.0.1", 8001, False),
        ("http://127.0.0.1:8000/v1", "127.0.0.2", 8000, False),
        ("http://models.lan:8000/v1", "192.168.1.7", 8000, True),
        ("http://models.lan:8000/v1", "fd00::7", 8000, True),
        ("http://models.lan:8000/v1", "169.254.169.254", 8000, False),
        ("http://models.lan:8000/v1", "fe80::1", 8000, False),
        ("http://models.lan:8000/v1", "0.0.0.0", 8000, False),
        ("http://models.lan:8000/v1", "93.184.216.34", 8000, False),
        ("https://models.lan:8000/v1", "93.184.216.34", 8000, True),
        ("http://169.254.169.254:80/v1", "169.254.169.254", 80, False),
    ],
)
def test_one_s_own_endpoint_is_one_host_and_port(url: str, address: str, port: int, may: bool) -> None:
    guard = OwnEndpoint(url)
    assert guard.permits(address, port) is may
    with pytest.raises(Refused):
        guard.check("http://models.lan:8001/v1")


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("localhost", "http://localhost/v1"),
        ("localhost:1,localhost:2", "http://localhost:1/v1"),
        ("http://localhost:1", "http://localhost:1/v1"),
        ("localhost:1/v1", "http://localhost:1/v1"),
        ("localhost:99999", "http://localhost:99999/v1"),
        ("localhost:1", "http://localhost:2/v1"),
        ("localhost:1", "https://models.example.org/v1"),
        ("localhost:1", "ftp://localhost:1/v1"),
    ],
)
def test_an_exception_that_is_not_the_endpoint_s_is_refused_at_start(allow: str, url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(model_allow=allow, model_url=url, model_name="m")


def test_the_key_is_shown_nowhere() -> None:
    assert "sk-secret" not in repr(Settings(model_key="sk-secret"))
