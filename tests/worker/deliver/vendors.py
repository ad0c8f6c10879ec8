"""Vendors on loopback: an HTTP server that checks requests and answers as the real ones do, and a small SMTP server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from worker.deliver.outcome import Answer, NoAnswer, NotReached, Request

Said = tuple[int, dict[str, str], bytes]
Judge = Callable[[str, dict[str, str], bytes], Said]


def said(status: int, body: Any, **headers: str) -> Said:
    """An answer of JSON, or of text as it stands."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, raw


class Vendor:
    """A local server that answers every POST as `judge` says, and keeps what it took for sent."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.port = 0

    def post(self, request: Request) -> Answer:
        """The client's side: the request as it is, to this server instead of the vendor."""
        url = urlsplit(request.url)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.connect()
        except OSError as error:
            raise NotReached(str(error)) from error
        try:
            path = url.path + (f"?{url.query}" if url.query else "")
            connection.request("POST", path, request.body, {**request.headers, "Host": url.netloc})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=headers, body=answer.read(65536))
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(str(error)) from error
        finally:
            connection.close()


@contextmanager
def serving(judge: Judge) -> Iterator[Vendor]:
    """A vendor for the length of a test."""
    vendor = Vendor(judge)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            vendor.calls.append((self.path, headers, body))
            status, extra, raw = vendor.judge(self.path, headers, body)
            if status == 0:
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(raw)), **extra}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    vendor.port = server.server_address[1]
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# ---- vendors as documented ------------------------------------------------------------------------------------------


def wecom(key: str, limit: int = 20) -> Judge:
    """WeCom: checks key, type and size, and lets `limit` through; every answer is HTTP 200."""
    taken: list[bytes] = []

    def judge(path: str, headers: dict[str, str], body: bytes) -> Said:
        if parse_qs(urlsplit(path).query).get("key") != [key]:
            return said(200, {"errcode": 93000, "errmsg": "invalid webhook url"})
        message = json.loads(body)
        if message.get("msgtype") != "markdown":
            return said(200, {"errcode": 40008, "errmsg": "invalid message type"})
        if len(message["markdown"]["content"].encode()) > 4096:
            return said(200, {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"})
        if len(taken) >= limit:
            return said(200, {"errcode": 45009, "errmsg": "api freq out of limit"})
        taken.append(body)
        return said(200, {"errcode": 0, "errmsg": "ok"})

    return judge


def feishu(token: str, secret: str, now: float) -> Judge:
    """Feishu: checks token, time, signature and shape; every answer is HTTP 200."""

    def judge(path: str, headers: dict[str, str], body: bytes) -> Said:
        if path != f"/open-apis/bot/v2/hook/{token}":
            return said(200, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"})
        message = json.loads(body)
        stamp = str(message.get("timestamp", ""))
        right = base64.b64encode(hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()
        if message.get("sign") != right or abs(float(stamp) - now) > 3600:
            return said(200, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"})
        if message.get("msg_type") != "interactive" or len(body) > 20 * 1024:
            return said(200, {"code": 9499, "msg": "Bad Request", "data": {}})
        return said(200, {"code": 0, "msg": "success", "data": {}, "StatusCode": 0, "StatusMessage": "success"})

    return judge


def dingtalk(token: str, secret: str, now: float) -> Judge:
    """DingTalk: checks token, time, signature and type; every answer is HTTP 200."""

    def judge(path: str, headers: dict[str, str], body: bytes) -> Said:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if query.get("access_token") != token:
            return said(200, {"errcode": 300001, "errmsg": "token is not exist"})
        stamp = query.get("timestamp", "")
        right = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        if not stamp or abs(float(stamp) / 1000 - now) > 3600:
            return said(200, {"errcode": 310000, "errmsg": "invalid timestamp"})
        if query.get("sign") != base64.b64encode(right).decode():
            return said(200, {"errcode": 310000, "errmsg": "sign not match"})
        message = json.loads(body)
        if message.get("msgtype") != "markdown" or not message["markdown"].get("title") or len(body) > 20000:
            return said(200, {"errcode": 40035, "errmsg": "param error"})
        return said(200, {"errcode": 0, "errmsg": "ok"})

    return judge


def slack(path: str) -> Judge:
    """Slack: checks the path and the blocks' sizes; the yes is the word ok."""

    def judge(asked: str, headers: dict[str, str], body: bytes) -> Said:
        if asked != f"/services/{path}":
            return said(404, "no_service")
        blocks = json.loads(body)["blocks"]
        header, section = blocks[0]["text"]["text"], blocks[1]["text"]["text"]
        if not 0 < len(header) <= 150 or not 0 < len(section) <= 3000:
            return said(400, "invalid_blocks")
        return said(200, "ok")

    return judge


def telegram(token: str, chat: str) -> Judge:
    """Telegram: checks token, chat and size; the status repeats what the body says."""

    def judge(path: str, headers: dict[str, str], body: bytes) -> Said:
        if path != f"/bot{token}/sendMessage":
            return said(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        message = json.loads(body)
        if str(message["chat_id"]) != chat:
            return said(400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"})
        if len(message["text"].encode("utf-16-le")) // 2 > 4096:
            return said(400, {"ok": False, "error_code": 400, "description": "Bad Request: message is too long"})
        return said(200, {"ok": True, "result": {"message_id": 1}})

    return judge


def receiver(secret: str, now: float) -> Judge:
    """A receiver of Standard Webhooks that verifies as the specification says, and remembers ids."""
    seen: set[str] = set()

    def judge(path: str, headers: dict[str, str], body: bytes) -> Said:
        id, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        if abs(int(stamp) - now) > 300:
            return said(400, "too old")
        key = base64.b64decode(secret.removeprefix("whsec_"))
        right = base64.b64encode(hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
        if f"v1,{right}" not in headers.get("webhook-signature", "").split(" "):
            return said(401, "bad signature")
        seen.add(id)
        return said(204, b"")

    return judge


def silent(path: str, headers: dict[str, str], body: bytes) -> Said:
    """Takes the request and hangs up without a word."""
    return 0, {}, b""


# ---- mail -----------------------------------------------------------------------------------------------------------


class Post:
    """A small SMTP server: says what it is told to say at each command, and keeps the mail it took."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers
        self.mails: list[bytes] = []
        self.said: list[str] = []
        """Every line that came before the first message, the password's too."""
        self.port = 0


class _Counter(socketserver.StreamRequestHandler):
    """The server's side of one connection."""

    post: Post
    tls: ssl.SSLContext | None = None
    at_once = False

    def handle(self) -> None:
        try:
            if self.tls and self.at_once:
                self._begin_tls(self.tls)
            self._say(self.post.answers.get("banner", "220 ready"))
            while line := self.rfile.readline():
                self.post.said.append(line.decode().strip())
                if not self._answer(line.strip().split(b" ")[0].split(b":")[0].decode().lower()):
                    return
        except (ssl.SSLError, ConnectionError):
            return  # the other side thought better of it

    def _answer(self, word: str) -> bool:
        """Whether the talk goes on."""
        if word == "ehlo" and self.tls and not self.at_once and not isinstance(self.request, ssl.SSLSocket):
            self._say("250-here")
            self._say("250 STARTTLS")
        elif word == "ehlo":
            self._say("250-here")
            self._say("250 AUTH PLAIN")
        elif word == "starttls" and self.tls:
            self._say("220 go on")
            self._begin_tls(self.tls)
        elif word == "auth":
            self._say(self.post.answers.get("auth", "235 welcome"))
        elif word == "data":
            self._say("354 go on")
            self._message()
            self._say(self.post.answers.get("end", "250 taken"))
            return bool(self.post.answers.get("end", "250 taken"))
        else:
            self._say("221 bye" if word == "quit" else self.post.answers.get(word, "250 fine"))
        return word != "quit"

    def _begin_tls(self, context: ssl.SSLContext) -> None:
        self.request = context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)

    def _say(self, words: str) -> None:
        if words:
            self.wfile.write(words.encode() + b"\r\n")

    def _message(self) -> None:
        found = b""
        while not found.endswith(b"\r\n.\r\n"):
            found += self.rfile.readline()
        self.post.mails.append(found[:-5])

    def finish(self) -> None:
        super().finish()
        self.request.close()


@contextmanager
def post_office(
    answers: Mapping[str, str] | None = None, *, tls: ssl.SSLContext | None = None, at_once: bool = False
) -> Iterator[Post]:
    """An SMTP server for the length of a test, over TLS `at_once` or by STARTTLS; an `end` of "" hangs up after the message."""
    post = Post(answers or {})
    counter = type("Counter", (_Counter,), {"post": post, "tls": tls, "at_once": at_once})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), counter) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        post.port = server.server_address[1]
        try:
            yield post
        finally:
            server.shutdown()
            thread.join()
