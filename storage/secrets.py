"""Secrets at rest: destinations, hubs' secrets and feeds' tokens are sealed in the store, and found again by a keyed hash.

The store's own data key seals them. It stands in the store sealed with the installation's secret key, so that a new
secret key seals one row anew, while other processes go on.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from pipeline.records import Watch
from storage import tables
from storage.errors import StoreError

KEY_FILE = "secret.key"
_SEALED = "sealed:"
_VAULT = "vault"

_sealing = tables.table(tables.SealingRow)
_watches = tables.table(tables.WatchRow)
_deliveries = tables.table(tables.DeliveryRow)
_subscriptions = tables.table(tables.SubscriptionRow)
_feeds = tables.table(tables.FeedRow)
_answers = tables.table(tables.AnswerRow)


class SecretKeyError(StoreError):
    """The secret key cannot be used."""


class SecretKeyInvalid(SecretKeyError):
    """What was given is no key."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place} holds no secret key: write 32 random bytes as URL-safe base64 (`openssl rand -base64 32 | tr '+/' '-_'`); "
            "to change the key, write the new one, a comma, and the old one"
        )


class SecretKeyWrong(SecretKeyError):
    """The store was sealed with a key that is not here."""

    def __init__(self, place: str, is_missing: bool) -> None:
        what = f"there is no secret key ({place})" if is_missing else f"the secret key ({place}) is not the one"
        super().__init__(
            f"{what} that sealed this store's destinations. Set LAUNCHWATCH_SECRET_KEY to that key, or put {KEY_FILE} back "
            "into the home that the store was made with. If it is lost for good, `launchwatch migrate --forget-secrets` "
            "empties the sealed destinations, which are then to be entered again"
        )


@dataclass(frozen=True)
class KeyPlace:
    """Where an installation's secret key is: given, or in a file, its owner's alone, made when the first store is sealed."""

    given: str = field(default="", repr=False)
    file: Path | None = None
    may_make: bool = True

    def __str__(self) -> str:
        return "LAUNCHWATCH_SECRET_KEY" if self.given else str(self.file or "LAUNCHWATCH_SECRET_KEY")

    def keys(self) -> list[Fernet]:
        """The key and those before it, newest first; none where there is none. Raises SecretKeyInvalid."""
        try:
            written = self.given or (self.file.read_text("utf-8") if self.file else "")
            return [Fernet(part) for part in written.replace(",", " ").split()]
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise SecretKeyInvalid(str(self)) from error

    def make(self) -> list[Fernet]:
        """The key, made where there is none and a file can hold it."""
        if self.may_make and self.file is not None and not self.keys():
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            whole = self.file.with_name(f"{self.file.name}.{os.getpid()}")
            descriptor = os.open(whole, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(whole, self.file)  # another process may have been first: its key counts
            except FileExistsError:
                pass
            finally:
                whole.unlink()
        return self.keys()


class Vault:
    """What seals and opens a store's secrets, once its data key is known. Threads may share it."""

    def __init__(self, place: KeyPlace | None) -> None:
        self._place = place
        self._fernet: Fernet | None = None
        self._mark_key = b""

    def is_ready(self, session: Session) -> bool:
        """Whether nothing is left for `prepare`. Raises SecretKeyError."""
        if self._place is None or not (self._place.may_make or self._place.keys()):
            return True
        return (
            self._found(session) is not None
            and not self._is_old(session, self._place.keys())
            and not _plain_feeds(session)
        )

    def prepare(self, session: Session) -> None:
        """The store sealed with the newest secret key: its data key sealed anew, or made and every row sealed with it."""
        if self._place is None:
            return
        if self._found(session) is not None:
            keys, wrapped = self._place.keys(), _wrapped(session)
            if wrapped is not None and self._is_old(session, keys):
                session.execute(update(_sealing).values(data_key=MultiFernet(keys).rotate(wrapped).decode()))
            _seal_feeds(session, self)
            return
        if not (keys := self._place.make()):
            return
        data_key = Fernet.generate_key()
        session.execute(_sealing.insert().values(id=1, data_key=keys[0].encrypt(data_key).decode()))
        self._take(data_key)
        _seal_rows(session, self)

    def seal(self, session: Session, text: str) -> str:
        """Text as the store keeps it."""
        fernet = self._fernet or self._found(session)
        return text if fernet is None or is_sealed(text) else _SEALED + fernet.encrypt(text.encode()).decode()

    def unseal(self, session: Session, kept: str) -> str:
        """What was sealed; text that never was stays as it is. Raises SecretKeyError."""
        if not is_sealed(kept):
            return kept
        fernet = self._fernet or self._found(session)
        if fernet is None:
            raise SecretKeyWrong(self._named, is_missing=True)
        try:
            return fernet.decrypt(kept[len(_SEALED) :].encode()).decode()
        except InvalidToken:
            raise SecretKeyWrong(self._named, is_missing=False) from None

    def mark(self, session: Session, text: str) -> bytes:
        """32 bytes by which a secret is found again: the same for the same text, and no way back without the key."""
        if self._fernet is None:
            self._found(session)
        told = tables.safe(text).encode()
        return hmac.digest(self._mark_key, told, "sha256") if self._mark_key else sha256(told).digest()

    def _found(self, session: Session) -> Fernet | None:
        wrapped = _wrapped(session)
        if wrapped is None:
            return None
        keys = self._place.keys() if self._place else []
        if not keys:
            raise SecretKeyWrong(self._named, is_missing=True)
        try:
            self._take(MultiFernet(keys).decrypt(wrapped))
        except InvalidToken:
            raise SecretKeyWrong(self._named, is_missing=False) from None
        return self._fernet

    def _take(self, data_key: bytes) -> None:
        self._mark_key = sha256(b"mark\n" + data_key).digest()
        self._fernet = Fernet(data_key)

    def _is_old(self, session: Session, keys: list[Fernet]) -> bool:
        """Whether an older one of several secret keys seals the data key."""
        wrapped = _wrapped(session)
        if len(keys) < 2 or wrapped is None:
            return False
        try:
            keys[0].decrypt(wrapped)
        except InvalidToken:
            return True
        return False

    @property
    def _named(self) -> str:
        return str(self._place or "LAUNCHWATCH_SECRET_KEY")


def place(given: str, home: Path) -> KeyPlace:
    """Where an installation keeps its secret key: as set, else a file in its home."""
    return KeyPlace(given, None if given else home / KEY_FILE)


def of(session: Session) -> Vault:
    """The vault of the store that a session speaks to."""
    vault: Vault | None = session.info.get(_VAULT)
    return vault if vault is not None else Vault(None)


def info(vault: Vault) -> dict[str, Any]:
    """What a session carries, so that its queries find the vault."""
    return {_VAULT: vault}


def is_sealed(kept: str) -> bool:
    """Whether text from the store is sealed."""
    return kept.startswith(_SEALED)


def sealed_watch(session: Session, watch: Watch) -> Watch:
    """A watch as the store keeps it: its destinations sealed."""
    return _with_destinations(watch, lambda text: of(session).seal(session, text))


def opened_watch(session: Session, body: str) -> Watch:
    """A watch from what the store keeps of it."""
    return _with_destinations(Watch.model_validate_json(body), lambda text: of(session).unseal(session, text))


def beside(database: str | None) -> KeyPlace | None:
    """The key file beside an SQLite store, used where there is one and never made."""
    return KeyPlace(file=Path(database).parent / KEY_FILE, may_make=False) if database else None


def forget(session: Session) -> int:
    """Everything sealed gone, as its key is lost: watches without destinations, open deliveries given up. How many."""
    gone = 0
    for id, body in session.execute(select(_watches.c.id, _watches.c.body)).all():
        watch = Watch.model_validate_json(body)
        kept = tuple(address for address in watch.destinations if not is_sealed(address))
        if kept != watch.destinations:
            gone += len(watch.destinations) - len(kept)
            values = {"body": watch.model_copy(update={"destinations": kept}).model_dump_json(), "revision": id_bits()}
            session.execute(update(_watches).where(_watches.c.id == id).values(values))
    is_lost = _deliveries.c.destination.startswith(_SEALED)
    is_open = _deliveries.c.state.not_in(("sent", "dead"))
    values = {"state": "dead", "answer": "the secret key is lost", "lease_until": None}
    gone += _count(session.execute(update(_deliveries).where(is_lost, is_open).values(values)))
    session.execute(update(_deliveries).where(is_lost).values(destination="forgotten:"))
    session.execute(_subscriptions.delete().where(_subscriptions.c.secret.startswith(_SEALED)))
    session.execute(_feeds.delete().where(_feeds.c.token.startswith(_SEALED)))
    session.execute(_answers.delete())
    session.execute(_sealing.delete())
    return gone


def id_bits() -> int:
    """A number that was not there before: it says that a watch has changed."""
    return int.from_bytes(os.urandom(4), "big") >> 2


def _with_destinations(watch: Watch, change: Callable[[str], str]) -> Watch:
    if not watch.destinations:
        return watch
    return watch.model_copy(update={"destinations": tuple(change(address) for address in watch.destinations)})


def _seal_rows(session: Session, vault: Vault) -> None:
    """Everything that was kept plain until now, sealed; what finds it again marked with the key."""
    _leave_no_trace(session)
    for id, body in session.execute(select(_watches.c.id, _watches.c.body)).all():
        watch = _with_destinations(Watch.model_validate_json(body), lambda text: vault.seal(session, text))
        session.execute(update(_watches).where(_watches.c.id == id).values(body=watch.model_dump_json()))
    for id, address in session.execute(select(_deliveries.c.id, _deliveries.c.destination)).all():
        values = {"destination": vault.seal(session, address), "destination_hash": vault.mark(session, address)}
        session.execute(update(_deliveries).where(_deliveries.c.id == id).values(values))
    named = (_subscriptions.c.source_id, _subscriptions.c.token, _subscriptions.c.secret)
    for id, token, secret in session.execute(select(*named)).all():
        values = {"token": vault.seal(session, token), "secret": vault.seal(session, secret)}
        marked = values | {"token_mark": vault.mark(session, token)}
        session.execute(update(_subscriptions).where(_subscriptions.c.source_id == id).values(marked))
    _seal_feeds(session, vault)


def _seal_feeds(session: Session, vault: Vault) -> None:
    """The tokens of feeds sealed that were given before tokens were."""
    _leave_no_trace(session)
    for mark, token in _plain_feeds(session):
        values = {"mark": vault.mark(session, token).hex(), "token": vault.seal(session, token)}
        session.execute(update(_feeds).where(_feeds.c.mark == mark).values(values))


def _leave_no_trace(session: Session) -> None:
    """From here on what stood in a row does not stay behind in free pages."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA secure_delete=ON"))


def _plain_feeds(session: Session) -> list[tuple[str, str]]:
    query = select(_feeds.c.mark, _feeds.c.token).where(_feeds.c.token.not_like(f"{_SEALED}%"))
    return [(row.mark, row.token) for row in session.execute(query)]


def _wrapped(session: Session) -> bytes | None:
    found: str | None = session.execute(select(_sealing.c.data_key)).scalar()
    return None if found is None else found.encode()


def _count(result: Any) -> int:
    return int(result.rowcount)
