"""Mail: plain and HTML parts under a stable Message-ID, handed to an SMTP server over TLS."""

from __future__ import annotations

import html
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from pipeline.records import Alert
from worker.deliver import wording
from worker.deliver.outcome import Outcome, Refused, Sent, Unknown

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """The SMTP server that takes our mail."""

    host: str
    port: int = 465
    sender: str = "launchwatch@localhost"
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = "tls"
    """`tls` from the first byte, `starttls` before anything is said, or `none` (a server on this machine)."""
    authority: Path | None = None
    """The certificate that the server's is to be signed by, for a server of one's own; None trusts what the system trusts."""


Connect = Callable[[Server], smtplib.SMTP]


def compose(alert: Alert, recipient: str, sender: str, *, repeat: bool = False) -> EmailMessage:
    """The message. Its Message-ID is the alert's, so that a mail program shows a repeat as the same mail."""
    title, lines = wording.lines(alert, repeat=repeat)
    body = [*lines, alert.id]
    message = EmailMessage(policy=SMTP)
    message["Subject"] = wording.cut(title, 200)
    message["From"] = sender
    message["To"] = recipient
    message["Date"] = format_datetime(alert.made_at)
    message["Message-ID"] = f"<{alert.id}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(body), cte="base64")
    rows = "".join(f"<p>{html.escape(line)}</p>" for line in body)
    message.add_alternative(
        f"<html><body><h3>{html.escape(title)}</h3>{rows}</body></html>", subtype="html", cte="base64"
    )
    return message


def connect(server: Server) -> smtplib.SMTP:
    """A connection that has said hello, over TLS as the server is set. Raises OSError or SMTPException."""
    context = ssl.create_default_context(cafile=server.authority)
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
    smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    if server.security == "starttls":
        try:
            smtp.starttls(context=context)
        except (OSError, smtplib.SMTPException):
            smtp.close()
            raise
    return smtp


def send(alert: Alert, recipient: str, server: Server, *, repeat: bool = False, opening: Connect = connect) -> Outcome:
    """Hand the mail over, and what the server said to it."""
    message = compose(alert, recipient, server.sender, repeat=repeat)
    try:
        smtp = opening(server)
    except (OSError, smtplib.SMTPException) as error:
        return Refused(f"mail server not reached: {_why(error)}"[:300], retry=True, down=True)
    try:
        if server.user:
            smtp.login(server.user, server.password)
        return _hand_over(smtp, message, recipient, server)
    except smtplib.SMTPAuthenticationError as error:
        words = f"the mail server does not take our user and password: {error.smtp_code} {_words(error.smtp_error)}"
        return Refused(words[:300], retry=True, down=True)
    except (OSError, smtplib.SMTPException) as error:
        return Refused(f"mail server broke off: {type(error).__name__}", retry=True)
    finally:
        smtp.close()


def _why(error: OSError | smtplib.SMTPException) -> str:
    """Why no mail can be handed over, in words that lead to what is to be done."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}; LAUNCHWATCH_SMTP_CA names an authority of your own"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it offers no STARTTLS, and we do not speak without; smtps:// speaks TLS from the first byte"
    if isinstance(error, ssl.SSLError):
        return f"no TLS from the first byte there ({error.reason}); smtp:// begins TLS by STARTTLS"
    return str(error) or type(error).__name__


def _hand_over(smtp: smtplib.SMTP, message: EmailMessage, recipient: str, server: Server) -> Outcome:
    """The dialogue by hand: only after DATA has begun can the outcome be unknown."""
    smtp.ehlo_or_helo_if_needed()
    for code, words in (smtp.mail(server.sender), smtp.rcpt(recipient)):
        if code not in (250, 251):
            return _said(code, words)
    try:
        code, words = smtp.data(message.as_bytes())
    except smtplib.SMTPDataError as error:
        return _said(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        return Unknown(f"mail server fell silent after the message: {type(error).__name__}")
    return Sent(f"{code} {_words(words)}") if code == 250 else _said(code, words)


def _said(code: int, words: bytes | str) -> Refused:
    return Refused(f"{code} {_words(words)}"[:300], retry=400 <= code < 500)


def _words(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip(" >") or "localhost"
