"""The vault of an unattended collector: opened by a key that only its user may read, and by no other."""

import io
import json
import os
import stat
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from console.__main__ import main
from console.settings.secrets import Place, SecretMissing, read_secret, remove_secret, where_is, write_secret
from console.settings.vault import KEY_VARIABLE, Vault, VaultError


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("TERRAHASH_HOME", str(tmp_path))
    monkeypatch.setattr("keyring.core._keyring_backend", keyring.get_keyring())
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    return Vault()


def test_that_a_secret_comes_back_and_stands_nowhere_in_the_clear(vault: Vault) -> None:
    vault.write("antminers", "root:hunter22")
    assert Vault().read("antminers") == "root:hunter22"
    assert Vault().names() == ["antminers"]
    for file in (vault.path, vault.key_path):
        assert b"hunter22" not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_that_a_key_which_others_may_read_is_refused(vault: Vault) -> None:
    vault.write("antminers", "root:hunter22")
    vault.key_path.chmod(0o640)
    with pytest.raises(VaultError, match="chmod 600"):
        vault.read("antminers")


def test_that_another_key_and_a_moved_secret_do_not_open(vault: Vault) -> None:
    vault.write("antminers", "root:hunter22")
    vault.write("pdus", "public")
    stored = json.loads(vault.path.read_text())
    stored["secrets"]["antminers"] = stored["secrets"]["pdus"]
    vault.path.write_text(json.dumps(stored))
    with pytest.raises(VaultError, match="does not open"):
        vault.read("antminers")
    vault.key_path.write_bytes(os.urandom(32))
    with pytest.raises(VaultError, match="does not open"):
        vault.read("pdus")
    vault.key_path.unlink()
    with pytest.raises(VaultError, match="cannot be read"):
        vault.read("pdus")


def test_that_a_lost_key_is_not_replaced_under_secrets_that_need_it(vault: Vault) -> None:
    vault.write("antminers", "root:hunter22")
    vault.key_path.unlink()
    with pytest.raises(VaultError, match="cannot be read"):
        vault.write("pdus", "public")
    assert not vault.key_path.exists()


@pytest.mark.parametrize("content", ["", "[]", '{"format": 2, "secrets": {}}', '{"format": 1}'])
def test_that_a_damaged_vault_is_named_and_left_as_it_is(vault: Vault, content: str) -> None:
    vault.path.write_text(content)
    with pytest.raises(VaultError, match=r"vault\.json"):
        vault.write("antminers", "x")
    assert vault.path.read_text() == content


def test_that_the_environment_may_name_another_key(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over = tmp_path / "handed over.key"
    handed_over.write_bytes(os.urandom(32))
    handed_over.chmod(0o600)
    monkeypatch.setenv(KEY_VARIABLE, str(handed_over))
    Vault().write("antminers", "root:hunter22")
    assert Vault().read("antminers") == "root:hunter22"
    assert not vault.key_path.exists()


def test_that_secrets_are_read_from_the_vault_where_there_is_no_keyring(vault: Vault) -> None:
    with pytest.raises(SecretMissing, match="secret set antminers --vault"):
        read_secret("antminers")
    write_secret("antminers", "root:hunter22", Place.VAULT)
    assert read_secret("antminers") == "root:hunter22"
    assert where_is("antminers") is Place.VAULT
    assert remove_secret("antminers") == [Place.VAULT]
    assert where_is("antminers") is None
    with pytest.raises(SecretMissing, match="--vault"):
        write_secret("antminers", "root:hunter22", Place.KEYRING)


def test_that_the_command_takes_a_secret_from_stdin_and_never_shows_it(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("root:hunter22\n"))
    assert main(["secret", "set", "antminers", "--vault", "--json"]) == 0
    assert main(["secret", "list", "--json"]) == 0
    assert main(["secret", "check", "antminers"]) == 0
    assert main(["secret", "remove", "antminers"]) == 0
    assert main(["secret", "check", "antminers"]) == 1
    assert main(["secret", "check", "no\nname"]) == 2
    said = capsys.readouterr()
    assert '"vault": ["antminers"]' in said.out
    assert "hunter22" not in said.out + said.err
