"""Mail over real TLS on loopback: handed over where the certificate is right, refused in clear words where anything is not."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from settings import Settings
from tests.factories import make_alert
from tests.worker.deliver import vendors
from worker.deliver import Outcome, Refused, Sent, mail
from worker.rounds import mail_server

PASSWORD = "canary-mail-password"


class Certificate:
    """A certificate that signs itself, for a host, as a server and a client of a test need it."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", days: int = 10) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"post office of {host}")])
        begins = datetime.now(UTC) - timedelta(days=30)
        spoken = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=30 + days))
            .add_extension(x509.SubjectAlternativeName([spoken]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        number = f"{made.serial_number:x}"
        self.file = folder / f"{number}.pem"
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        both = folder / f"{number}.both"
        both.write_bytes(private + self.file.read_bytes())
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(both)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Certificate]:
    folder = tmp_path_factory.mktemp("certificates")
    return lambda **given: Certificate(folder, **given)


@pytest.fixture(scope="module")
def good(certified: Callable[..., Certificate]) -> Certificate:
    return certified()


def post(office: vendors.Post, **server: Any) -> Outcome:
    fields = {"host": "127.0.0.1", "port": office.port, "user": "me", "password": PASSWORD, **server}
    return mail.send(make_alert(), "analyst@example.com", mail.Server(**fields))


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mail_is_handed_over_by_tls_and_the_password_with_it(good: Certificate, security: str) -> None:
    with vendors.post_office(tls=good.context, at_once=security == "tls") as office:
        outcome = post(office, security=security, authority=good.file)
    assert outcome == Sent("250 taken")
    assert b"Message-ID: <alert_0123@localhost>" in office.mails[0]
    assert any(line.startswith("AUTH PLAIN") for line in office.said)


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("certificate", "is_known", "says"),
    [
        ({}, False, "self-signed certificate; LAUNCHWATCH_SMTP_CA"),
        ({"host": "mail.example.org"}, True, "IP address mismatch"),
        ({"days": -5}, True, "certificate has expired"),
    ],
    ids=["unknown", "another host's", "expired"],
)
def test_a_certificate_that_is_not_right_is_named_and_nothing_is_said_to_its_server(
    certified: Callable[..., Certificate], security: str, certificate: dict[str, Any], is_known: bool, says: str
) -> None:
    made = certified(**certificate)
    with vendors.post_office(tls=made.context, at_once=security == "tls") as office:
        outcome = post(office, security=security, authority=made.file if is_known else None)
    assert isinstance(outcome, Refused)
    assert outcome.retry
    assert "its certificate is not to be trusted" in outcome.reason
    assert says in outcome.reason
    assert office.mails == []
    assert not any("AUTH" in line or "MAIL" in line for line in office.said)


def test_a_server_without_starttls_hears_neither_password_nor_mail() -> None:
    with vendors.post_office() as office:
        outcome = post(office, security="starttls")
    assert isinstance(outcome, Refused)
    assert "it offers no STARTTLS" in outcome.reason
    assert not any("AUTH" in line or "MAIL" in line for line in office.said)


def test_tls_from_the_first_byte_where_it_is_not_spoken_names_the_other_way(good: Certificate) -> None:
    with vendors.post_office(tls=good.context) as office:
        outcome = post(office, security="tls", authority=good.file)
    assert isinstance(outcome, Refused)
    assert "smtp:// begins TLS by STARTTLS" in outcome.reason


def test_a_password_that_is_refused_is_tried_again_and_not_said(good: Certificate) -> None:
    with vendors.post_office(tls=good.context, at_once=True, answers={"auth": "535 bad credentials"}) as office:
        outcome = post(office, security="tls", authority=good.file)
    assert isinstance(outcome, Refused)
    assert outcome.retry
    assert "535 bad credentials" in outcome.reason
    assert PASSWORD not in outcome.reason


@pytest.mark.parametrize(
    ("url", "port", "security"),
    [("smtps://me:pa%40ss@mail.example.org", 465, "tls"), ("smtp://mail.example.org", 587, "starttls")],
)
def test_the_server_is_read_from_its_address(url: str, port: int, security: str, good: Certificate) -> None:
    server = mail_server(Settings.model_validate({"smtp_url": url, "smtp_ca": good.file}))
    assert server is not None
    assert (server.host, server.port, server.security, server.authority) == (
        "mail.example.org",
        port,
        security,
        good.file,
    )
    assert server.password == ("pa@ss" if "@" in url else "")


@pytest.mark.parametrize(
    "given", [{"smtp_url": "https://mail.example.org"}, {"smtp_url": "smtps://"}, {"smtp_ca": "/no/such.pem"}]
)
def test_a_server_that_cannot_be_meant_is_refused_at_start(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="write"):
        Settings.model_validate(given)


def test_what_is_wrong_with_an_address_is_said_without_its_password() -> None:
    with pytest.raises(ValueError, match="write smtps://") as caught:
        Settings.model_validate({"smtp_url": f"mail://me:{PASSWORD}@mail.example.org"})
    assert PASSWORD not in str(caught.value)
