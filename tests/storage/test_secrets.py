"""Destinations and hubs' secrets are sealed in the store, by a key that can change and must not be lost."""

from __future__ import annotations

import stat
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from storage import backup, feeds, outbox, secrets, subscriptions, watches
from storage.engine import Store, forget_secrets, open_store
from storage.move import contents, move
from storage.secrets import KeyPlace, SecretKeyInvalid, SecretKeyWrong
from storage.tables import FeedRow
from tests.factories import make_alert, make_watch
from tests.storage.factories import MINUTE, NOW

HOOK = "webhook+https://example.com/canary-path#whsec_Y2FuYXJ5LXNlY3JldC1jYW5hcnktc2VjcmV0LWNhbmFyeQ=="
ROBOT = "wecom://canary-robot-key"
KEY, OTHER = (KeyPlace(Fernet.generate_key().decode()) for _ in range(2))


def fill(store: Store) -> str:
    """A watch, a delivery and a hub; the token of the hub."""
    with store.writing() as session:
        watches.save(session, make_watch(destinations=(HOOK, ROBOT)))
        watches.save_alert(session, make_alert())
        outbox.push(session, make_alert(), [HOOK], NOW)
        subscriptions.want(session, "acme", "https://hub", "https://acme/feed", NOW)
        feeds.give(session, "all", "", "zh", NOW)
        return subscriptions.all_subscriptions(session)[0].token


def assert_all_there(store: Store, token: str) -> None:
    with store.writing() as session:
        [watch] = watches.all_watches(session)
        assert watch.destinations == (HOOK, ROBOT)
        assert watches.get(session, watch.id) == watch
        assert [delivery.destination for delivery in outbox.recent(session)] == [HOOK]
        assert outbox.push(session, make_alert(), [HOOK], NOW) == 0
        assert outbox.told_since(session, HOOK, NOW - MINUTE)
        found = subscriptions.by_token(session, token)
        assert found is not None
        assert found.token == token
        [feed] = feeds.given(session)
        assert feeds.give(session, "all", "", "zh", NOW) == feed
        assert feeds.opened_by(session, feed.token) == feed
        feeds.told(session, [feed.token], NOW)


def written(url: str) -> bytes:
    """Every byte of the store, on the disk as it stands."""
    path = Path(url.removeprefix("sqlite:///"))
    return b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))


def test_what_is_sealed_comes_back_and_is_found_again(store_url: str) -> None:
    store = open_store(store_url, KEY)
    token = fill(store)
    assert_all_there(store, token)
    store.close()
    again = open_store(store_url, KEY)
    assert_all_there(again, token)
    again.close()


def test_no_secret_stands_in_the_bytes_of_the_store(sqlite_url: str) -> None:
    store = open_store(sqlite_url, KEY)
    token = fill(store)
    kept = written(sqlite_url)
    assert b"everything" in kept
    assert not any(word in kept for word in (b"canary", b"Y2FuYXJ5", token.encode()))
    store.close()


def test_a_plain_store_is_sealed_when_it_is_opened_with_a_key_and_no_trace_stays(sqlite_url: str) -> None:
    plain = open_store(sqlite_url)
    token = fill(plain)
    plain.close()
    assert b"canary" in written(sqlite_url)
    store = open_store(sqlite_url, KEY)
    assert not any(word in written(sqlite_url) for word in (b"canary", b"Y2FuYXJ5", token.encode()))
    assert_all_there(store, token)
    store.close()


def test_a_feed_s_token_is_not_in_the_store_and_its_address_opens_it_until_it_is_withdrawn(store_url: str) -> None:
    store = open_store(store_url, KEY)
    with store.writing() as session:
        token = feeds.give(session, "company", "openai", "zh", NOW).token
        kept = session.execute(select(FeedRow)).scalars().one()
        assert token not in f"{kept.mark} {kept.token} {feeds.given(session)}"
        assert feeds.opened_by(session, kept.mark) is None
        assert feeds.withdraw(session, token)
        assert feeds.opened_by(session, token) is None
    store.close()


def test_tokens_given_before_they_were_sealed_are_sealed_when_the_store_is_opened_and_still_open(
    sqlite_url: str,
) -> None:
    sealed = open_store(sqlite_url, KEY)
    with sealed.writing() as session:
        feeds.give(session, "all", "", "zh", NOW)
        plain = {"token": "canary-token", "mark": sha256(b"canary-token").hexdigest()}
        session.execute(update(FeedRow).values(plain))
    sealed.close()
    assert b"canary-token" in written(sqlite_url)
    again = open_store(sqlite_url, KEY)
    assert b"canary-token" not in written(sqlite_url)
    with again.reading() as session:
        assert feeds.opened_by(session, "canary-token") == feeds.given(session)[0]
    again.close()


def test_a_new_key_takes_over_from_the_one_behind_it(store_url: str) -> None:
    first = open_store(store_url, KEY)
    token = fill(first)
    both = KeyPlace(f"{OTHER.given},{KEY.given}")
    second = open_store(store_url, both)
    assert_all_there(second, token)
    assert_all_there(first, token)
    first.close()
    second.close()
    third = open_store(store_url, OTHER)
    assert_all_there(third, token)
    third.close()
    with pytest.raises(SecretKeyWrong, match="is not the one"):
        open_store(store_url, KEY)


def test_a_lost_key_says_what_to_do_and_is_never_replaced_by_itself(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url, KEY)
    fill(store)
    store.close()
    elsewhere = tmp_path / "elsewhere" / "secret.key"
    with pytest.raises(SecretKeyWrong, match=r"no secret key.*LAUNCHWATCH_SECRET_KEY.*--forget-secrets"):
        open_store(sqlite_url, KeyPlace(file=elsewhere))
    assert not elsewhere.exists()
    without = open_store(sqlite_url)
    with pytest.raises(SecretKeyWrong), without.reading() as session:
        watches.all_watches(session)
    without.close()


def test_a_lost_key_s_secrets_can_be_forgotten_and_entered_again(sqlite_url: str) -> None:
    store = open_store(sqlite_url, KEY)
    fill(store)
    store.close()
    assert forget_secrets(sqlite_url) == 3
    anew = open_store(sqlite_url, OTHER)
    with anew.writing() as session:
        assert watches.all_watches(session)[0].destinations == ()
        assert [delivery.state for delivery in outbox.recent(session)] == ["dead"]
        assert subscriptions.all_subscriptions(session) == []
        watches.save(session, make_watch(destinations=(ROBOT,)))
        assert watches.all_watches(session)[0].destinations == (ROBOT,)
    anew.close()


def test_a_key_file_is_made_once_for_its_owner_alone_and_found_beside_the_store(
    sqlite_url: str, tmp_path: Path
) -> None:
    place = secrets.place("", tmp_path)
    store = open_store(sqlite_url, place)
    token = fill(store)
    file = tmp_path / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = file.read_bytes()
    beside = open_store(sqlite_url)
    assert_all_there(beside, token)
    assert file.read_bytes() == made
    store.close()
    beside.close()


def test_what_is_no_key_is_refused_without_being_repeated(sqlite_url: str) -> None:
    with pytest.raises(SecretKeyInvalid) as caught:
        open_store(sqlite_url, KeyPlace("hunter2"))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(KeyPlace("hunter2"))


def test_a_sealed_store_moves_and_comes_back_from_a_backup_under_its_key(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    store, there = open_store(sqlite_url, KEY), open_store(postgres_url, OTHER)
    token, copy, url = fill(store), tmp_path / "copy.db", f"sqlite:///{tmp_path}/new/launchwatch.db"
    move(store, there)
    there.close()
    moved = open_store(postgres_url, KEY)
    assert_all_there(moved, token)
    backup.backup(moved, copy)
    assert backup.drill(copy) == []
    assert b"canary" not in copy.read_bytes()
    assert backup.restore(copy, url) == contents(store)
    restored = open_store(url, KEY)
    assert_all_there(restored, token)
    for each in (store, moved, restored):
        each.close()
