"""The model's client against an endpoint that lies, stalls, floods and breaks: late or bad answers are no answers."""

from __future__ import annotations

import gzip
import json
import socket
import time
from http.server import BaseHTTPRequestHandler

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from crawlers.guard import Guard
from pipeline.records import Question
from settings import Settings
from tests.worker.liar import Asked, Way, liar, says, send
from worker.model import TIRED_AFTER, Model, model_of

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


def test_the_key_is_shown_nowhere() -> None:
    assert "sk-secret" not in repr(Settings(model_key="sk-secret"))
