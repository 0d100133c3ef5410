"""What is nobody's business does not get into a text."""

from __future__ import annotations

import pytest

from wsgiserve.dev.masking import MASK, is_secret, mask, mask_urls


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "passwd",
        "user_pwd",
        "SECRET_KEY",
        "csrf_token",
        "api_key",
        "X-Api-Key",
        "apikey",
        "HTTP_AUTHORIZATION",
        "Proxy-Authorization",
        "HTTP_COOKIE",
        "Set-Cookie",
        "session",
        "credentials",
        "private_key",
        "SENTRY_DSN",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["user", "key", "keyboard", "path", "pwdx", "wednesday", "author", "HTTP_HOST"])
def test_names_of_no_secrets(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgres://me:pw@db/x", f"postgres://me:{MASK}@db/x"),
        ("redis://:pw@localhost", f"redis://:{MASK}@localhost"),
        ("see a://b:c@d and e://f:g@h", f"see a://b:{MASK}@d and e://f:{MASK}@h"),
        ("http://localhost:8000/a@b", "http://localhost:8000/a@b"),
        ("me:pw@db", "me:pw@db"),
    ],
)
def test_passwords_in_urls(text: str, masked: str) -> None:
    assert mask_urls(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("User(name='a', password='it\\'s', age=3)", f"User(name='a', password={MASK}, age=3)"),
        ('{"api_key": "x", "a": 1}', f'{{"api_key": {MASK}, "a": 1}}'),
        ("/reset?token=abc&next=/", f"/reset?token={MASK}&next=/"),
        ("User(tokens=['a', 'b'], age=3)", f"User(tokens={MASK}, age=3)"),
        ("db_password = hunter2", f"db_password = {MASK}"),
        ("Headers([('X-Api-Key', 'x'), ('A', 'b')])", f"Headers([('X-Api-Key', {MASK}), ('A', 'b')])"),
        ("password", "password"),
        ("token:x", "token:x"),
    ],
)
def test_what_is_assigned_to_a_secret_name(text: str, masked: str) -> None:
    assert mask(text) == masked
