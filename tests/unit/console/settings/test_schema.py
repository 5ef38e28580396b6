"""The settings file."""

from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from console.settings.schema import (
    Settings,
    SettingsError,
    ThemeChoice,
    read_settings,
    settings_path,
)
from console.settings.secrets import SERVICE, SecretMissing, read_secret


def test_that_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "none.toml") == Settings()
    assert settings_path().name == "settings.toml"


def test_that_what_is_written_holds(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('theme = "light"\nreduced_motion = true\n')
    assert read_settings(path) == Settings(ThemeChoice.LIGHT, reduced_motion=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('reduced_motion = true\ntheme = "blue"\n', r"line 2: theme is one of dark, light, not 'blue'"),
        ('\n\nreduced_motion = "loud"\n', "line 3: reduced_motion is true or false, not 'loud'"),
        ("reduced_motion = 1\n", "line 1: reduced_motion is true or false, not 1"),
        ("# mine\nvolume = 3\n", "line 2: there is no setting 'volume'"),
        ("[theme]\nx = 1\n", "line 1: theme is one of"),
        ("theme = \n", "line 1"),
    ],
)
def test_that_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=expected) as failure:
        read_settings(path)
    assert str(path) in str(failure.value)


class Drawer(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # keyring's base is not annotated
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def drawer(monkeypatch: pytest.MonkeyPatch) -> Drawer:
    made = Drawer()
    before = keyring.get_keyring()
    monkeypatch.setattr("keyring.core._keyring_backend", before)
    keyring.set_keyring(made)
    return made


def test_that_a_secret_comes_from_the_keyring(drawer: Drawer) -> None:
    keyring.set_password(SERVICE, "snmp-read", "s3cret")
    assert read_secret("snmp-read") == "s3cret"


def test_that_a_missing_secret_says_how_to_add_it(drawer: Drawer) -> None:
    with pytest.raises(SecretMissing, match="terrahash secret set snmp-read"):
        read_secret("snmp-read")
