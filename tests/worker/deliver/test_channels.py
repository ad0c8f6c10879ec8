"""Every channel against its vendor on loopback: a real yes is sent, all else is not, however politely it is put."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from pipeline.records import Alert
from tests.factories import make_alert
from tests.worker.deliver import vendors
from tests.worker.deliver.vendors import Judge, said, serving
from worker.deliver import (
    Answer,
    Outcome,
    Refused,
    Sent,
    Unknown,
    destination,
    dingtalk,
    feishu,
    mail,
    send,
    wecom,
)
from worker.deliver.outcome import NotReached, Request

NOW = datetime(2024, 3, 18, 9, 30, tzinfo=UTC)
KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"o" * 32).decode()
BOT = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"

GOOD: dict[str, tuple[str, Callable[[], Judge]]] = {
    "webhook": (f"webhook+https://example.com/hook#{SECRET}", lambda: vendors.receiver(SECRET, NOW.timestamp())),
    "wecom": (f"wecom://{KEY}", lambda: vendors.wecom(KEY)),
    "feishu": (f"feishu://{KEY}?secret=abc123", lambda: vendors.feishu(KEY, "abc123", NOW.timestamp())),
    "dingtalk": (f"dingtalk://{KEY}?secret=SECabc", lambda: vendors.dingtalk(KEY, "SECabc", NOW.timestamp())),
    "slack": ("slack://T000AAA/B000BBB/XXXXXXXXXXXX", lambda: vendors.slack("T000AAA/B000BBB/XXXXXXXXXXXX")),
    "telegram": (f"telegram://{BOT}/-100123", lambda: vendors.telegram(BOT, "-100123")),
}
LONG = make_alert(title="长" * 500, body="\n".join(f"第{n}行 " + "很长的文字" * 40 for n in range(200)))


def tell(url: str, judge: Judge, alert: Alert | None = None, **given: Any) -> Outcome:
    with serving(judge) as vendor:
        return send(alert or make_alert(), destination(url), vendor, NOW, **given)


@pytest.mark.parametrize("channel", GOOD)
def test_a_vendor_that_checks_everything_takes_the_message(channel: str) -> None:
    url, judge = GOOD[channel]
    assert isinstance(tell(url, judge()), Sent)


@pytest.mark.parametrize("channel", GOOD)
def test_a_very_long_alert_is_cut_to_what_the_vendor_takes_and_keeps_its_id(channel: str) -> None:
    url, judge = GOOD[channel]
    with serving(judge()) as vendor:
        assert isinstance(send(LONG, destination(url), vendor, NOW), Sent)
        assert LONG.id in vendor.calls[0][2].decode() + str(vendor.calls[0][1])


WRONG = {
    "webhook": f"webhook+https://example.com/hook#{OLD_SECRET}",
    "wecom": "wecom://00000000-wrong-key",
    "feishu": f"feishu://{KEY}?secret=wrong",
    "dingtalk": f"dingtalk://{KEY}?secret=wrong",
    "slack": "slack://T000AAA/B000BBB/YYYYYYYYYYYY",
    "telegram": f"telegram://{BOT}/-100999",
}


@pytest.mark.parametrize("channel", GOOD)
def test_a_wrong_key_or_signature_is_a_refusal_with_the_vendors_words(channel: str) -> None:
    outcome = tell(WRONG[channel], GOOD[channel][1]())
    assert isinstance(outcome, Refused)
    assert len(outcome.reason) > 5


REFUSALS: list[tuple[str, vendors.Said, dict[str, Any]]] = [
    ("wecom", said(200, {"errcode": 45009, "errmsg": "api freq out of limit"}), {"retry": True, "wait": 60.0}),
    ("wecom", said(200, {"errcode": 93000, "errmsg": "invalid webhook url"}), {"retry": False, "gone": True}),
    ("wecom", said(200, {"errcode": -1, "errmsg": "system busy"}), {"retry": True}),
    ("wecom", said(200, {"errcode": 40058, "errmsg": "too long"}), {"retry": False, "gone": False}),
    ("feishu", said(200, {"code": 11232, "msg": "frequency limited"}), {"retry": True, "wait": 60.0}),
    ("feishu", said(200, {"code": 9499, "msg": "Bad Request", "data": {}}), {"retry": False}),
    ("feishu", said(200, {"code": 9499, "msg": "too many request"}), {"retry": True}),
    ("feishu", said(200, {"code": 19024, "msg": "Key Words Not Found"}), {"retry": False}),
    ("feishu", said(200, {"code": 19001, "msg": "token invalid"}), {"retry": False, "gone": True}),
    ("feishu", said(200, {"StatusCode": 19021, "StatusMessage": "sign"}), {"retry": False}),
    ("dingtalk", said(200, {"errcode": 130101, "errmsg": "send too fast"}), {"retry": True, "wait": 600.0}),
    ("dingtalk", said(200, {"errcode": 410100, "errmsg": "too fast"}), {"retry": True, "wait": 600.0}),
    ("dingtalk", said(200, {"errcode": 310000, "errmsg": "keywords not in content"}), {"retry": False}),
    ("dingtalk", said(200, {"errcode": 400102, "errmsg": "robot is stopped"}), {"retry": False, "gone": True}),
    ("slack", said(403, "action_prohibited"), {"retry": False}),
    ("slack", said(404, "channel_not_found"), {"retry": False, "gone": True}),
    ("slack", said(410, "channel_is_archived"), {"retry": False, "gone": True}),
    ("slack", said(429, "rate_limited", Retry_After="30"), {"retry": True, "wait": 30.0}),
    ("slack", said(500, "rollup_error"), {"retry": True}),
    ("slack", said(200, {"ok": False, "error": "no_service"}), {"retry": False, "gone": True}),
    (
        "telegram",
        said(429, {"ok": False, "error_code": 429, "description": "Too Many", "parameters": {"retry_after": 7}}),
        {"retry": True, "wait": 7.0},
    ),
    (
        "telegram",
        said(403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked"}),
        {"retry": False, "gone": True},
    ),
    (
        "telegram",
        said(200, {"ok": False, "error_code": 400, "description": "can't parse entities"}),
        {"retry": False, "gone": False},
    ),
    ("webhook", said(410, "gone"), {"retry": False, "gone": True}),
    ("webhook", said(429, "slow", Retry_After="120"), {"retry": True, "wait": 120.0}),
    ("webhook", said(429, "slow", Retry_After="Mon, 18 Mar 2024 09:31:00 GMT"), {"retry": True, "wait": 60.0}),
    ("webhook", said(302, "", Location="https://example.org/"), {"retry": True}),
    ("webhook", said(500, "oops"), {"retry": True}),
    ("webhook", said(400, "oops"), {"retry": True}),
]


@pytest.mark.parametrize(("channel", "answer", "wants"), REFUSALS)
def test_a_documented_refusal_is_never_taken_for_sent(
    channel: str, answer: vendors.Said, wants: dict[str, Any]
) -> None:
    outcome = tell(GOOD[channel][0], lambda *_: answer)
    assert isinstance(outcome, Refused)
    assert {name: getattr(outcome, name) for name in wants} == wants


NAMED = [
    (channel, field, code, kind)
    for channel, field, module in (
        ("wecom", "errcode", wecom),
        ("feishu", "code", feishu),
        ("dingtalk", "errcode", dingtalk),
    )
    for kind, codes in (("busy", module.BUSY), ("passing", module.PASSING), ("gone", module.GONE))
    for code in sorted(codes)
]


@pytest.mark.parametrize(("channel", "field", "code", "kind"), NAMED)
@pytest.mark.parametrize("status", [200, 400])
def test_every_code_that_is_named_is_judged_as_named_whatever_the_status(
    channel: str, field: str, code: int, kind: str, status: int
) -> None:
    answer = Answer(status, {}, json.dumps({field: code, "errmsg": "as told", "msg": "as told"}).encode())
    read = {"wecom": wecom.read, "feishu": feishu.read, "dingtalk": dingtalk.read}[channel]
    outcome = read(answer, NOW)
    assert isinstance(outcome, Refused)
    assert (outcome.retry, outcome.gone, outcome.wait is not None) == (kind != "gone", kind == "gone", kind == "busy")
    assert "as told" in outcome.reason


CHATS = [channel for channel in GOOD if channel != "webhook"]


@pytest.mark.parametrize("channel", CHATS)
@pytest.mark.parametrize(
    "body",
    ["", "<html>Please log in</html>", "null", "[]", "{}", '{"errcode": true, "code": true, "ok": 1}', "\xff" * 9],
)
def test_an_answer_that_is_not_the_vendors_own_leaves_us_unsure(channel: str, body: str) -> None:
    assert isinstance(tell(GOOD[channel][0], lambda *_: said(200, body.encode("latin-1"))), Unknown)


@pytest.mark.parametrize("channel", CHATS)
@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_gave_up_leaves_us_unsure(channel: str, status: int) -> None:
    assert isinstance(tell(GOOD[channel][0], lambda *_: said(status, "<html>")), Unknown)


@pytest.mark.parametrize("channel", GOOD)
def test_hanging_up_after_the_request_leaves_us_unsure(channel: str) -> None:
    assert isinstance(tell(GOOD[channel][0], vendors.silent), Unknown)


@pytest.mark.parametrize("channel", GOOD)
def test_nobody_listening_is_a_refusal_to_try_again(channel: str) -> None:
    with serving(vendors.silent) as vendor:
        pass
    outcome = send(make_alert(), destination(GOOD[channel][0]), vendor, NOW)
    assert isinstance(outcome, Refused)
    assert outcome.retry


def test_a_burst_beyond_the_limit_is_refused_not_lost() -> None:
    with serving(vendors.wecom(KEY, limit=20)) as vendor:
        outcomes = [send(make_alert(id=f"a{n}"), destination(f"wecom://{KEY}"), vendor, NOW) for n in range(25)]
    assert [type(outcome) for outcome in outcomes] == [Sent] * 20 + [Refused] * 5


def test_a_webhook_keeps_its_id_on_every_try_and_signs_with_both_secrets_in_rotation() -> None:
    url = f"webhook+https://example.com/hook#{OLD_SECRET},{SECRET}"
    with serving(vendors.receiver(SECRET, NOW.timestamp())) as vendor:
        outcomes = [send(make_alert(), destination(url), vendor, NOW, repeat=repeat) for repeat in (False, True)]
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert len({headers["webhook-id"] for _, headers, _ in vendor.calls}) == 1
    assert len({body for _, _, body in vendor.calls}) == 1
    assert len(vendor.calls[0][1]["webhook-signature"].split(" ")) == 2


def test_a_webhook_body_changed_by_one_byte_fails_its_signature() -> None:
    judge = vendors.receiver(SECRET, NOW.timestamp())
    outcome = tell(
        f"webhook+https://example.com/hook#{SECRET}",
        lambda path, headers, body: judge(path, headers, body[:-1] + b" "),
    )
    assert isinstance(outcome, Refused)
    assert "bad signature" in outcome.reason


@pytest.mark.parametrize("channel", CHATS)
def test_a_repeat_is_marked_where_the_channel_cannot_tell(channel: str) -> None:
    url, judge = GOOD[channel]
    with serving(judge()) as vendor:
        send(make_alert(), destination(url), vendor, NOW, repeat=True)
    text = json.dumps(json.loads(vendor.calls[0][2]), ensure_ascii=False)
    assert "重复" in text
    assert "alert" in text


def test_secrets_show_in_no_representation() -> None:
    where = destination(GOOD["feishu"][0])
    assert "abc123" not in repr(where) + str(where)
    assert KEY not in repr(where)
    request = Request(url=f"https://example.com/{KEY}", headers={"x": KEY}, body=b"")
    assert KEY not in repr(request)


def test_the_guard_s_no_is_a_refusal() -> None:
    class Guarded:
        def post(self, request: Request) -> Any:
            raise NotReached("not a public address")

    outcome = send(make_alert(), destination(GOOD["webhook"][0]), Guarded(), NOW)
    assert isinstance(outcome, Refused)
    assert "not a public address" in outcome.reason


# ---- mail -----------------------------------------------------------------------------------------------------------


def post(
    alert: Alert | None = None, answers: dict[str, str] | None = None, *, repeat: bool = False
) -> tuple[Outcome, list[bytes]]:
    with vendors.post_office(answers) as office:
        server = mail.Server(host="127.0.0.1", port=office.port, sender="watch@example.com", security="none")
        where = destination("mailto:analyst@example.com")
        outcome = send(alert or make_alert(), where, vendors.Vendor(vendors.silent), NOW, repeat=repeat, server=server)
    return outcome, office.mails


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_mail_has_a_stable_id_a_plain_and_an_html_part() -> None:
    outcome, [raw] = post(make_alert(title="标题 <b>", body="第一行\nhttps://example.com/a"))
    assert isinstance(outcome, Sent)
    message = message_from_bytes(raw, policy=default)
    assert message["Message-ID"] == "<alert_0123@example.com>"
    assert message["Subject"] == "标题 <b>"
    assert "第一行" in _part(message, "plain")
    assert "标题 &lt;b&gt;" in _part(message, "html")


def test_a_repeated_mail_keeps_its_id() -> None:
    _, [raw] = post(repeat=True)
    message = message_from_bytes(raw, policy=default)
    assert message["Message-ID"] == "<alert_0123@example.com>"
    assert "repeat" in message["Subject"]


@pytest.mark.parametrize(
    ("answers", "retry"),
    [
        ({"rcpt": "550 no such user"}, False),
        ({"rcpt": "450 greylisted"}, True),
        ({"mail": "530 log in first"}, False),
        ({"end": "552 too big"}, False),
        ({"end": "451 try later"}, True),
        ({"banner": "421 not now"}, True),
    ],
)
def test_a_mail_servers_no_is_a_refusal(answers: dict[str, str], retry: bool) -> None:
    outcome, _ = post(answers=answers)
    assert isinstance(outcome, Refused)
    assert outcome.retry is retry


def test_a_mail_server_that_falls_silent_after_the_message_leaves_us_unsure() -> None:
    assert isinstance(post(answers={"end": ""})[0], Unknown)


def test_a_header_cannot_be_broken_out_of() -> None:
    outcome, [raw] = post(make_alert(title="hello\r\nBcc: everyone@example.com\n\nbody"))
    assert isinstance(outcome, Sent)
    assert message_from_bytes(raw, policy=default)["Bcc"] is None


def test_without_a_mail_server_the_refusal_says_so() -> None:
    where = destination("mailto:analyst@example.com")
    outcome = send(make_alert(), where, vendors.Vendor(vendors.silent), NOW)
    assert outcome == Refused("no mail server is set", retry=False)
