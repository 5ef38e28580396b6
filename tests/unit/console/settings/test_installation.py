"""An installation is made once, agrees with itself between processes, and is never overwritten."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from console.settings.installation import InstallationError, fingerprint, installation, installation_path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TERRAHASH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_that_an_installation_is_made_once_and_then_read(home: Path) -> None:
    first = installation()
    assert first.id.version == 7
    assert "@" in first.name
    assert installation() == first
    assert installation_path().parent == home
    assert [path.name for path in home.iterdir()] == ["installation.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a user's data folder to the user")
def test_that_the_key_can_be_read_by_its_owner_alone(home: Path) -> None:
    installation()
    assert stat.S_IMODE(installation_path().stat().st_mode) == 0o600
    assert installation_path().read_text().count("private_key") == 1
    assert "private" not in repr(installation())
    assert home.is_dir()


def test_that_a_signature_proves_the_installation(home: Path) -> None:
    mine = installation()
    public = Ed25519PublicKey.from_public_bytes(mine.public_key)
    public.verify(mine.sign(b"what was said"), b"what was said")
    with pytest.raises(InvalidSignature):
        public.verify(mine.sign(b"what was said"), b"what was never said")
    assert mine.fingerprint == fingerprint(mine.public_key)
    assert len(mine.fingerprint) == 39
    assert home.is_dir()


def test_that_processes_that_start_together_are_the_same_installation(home: Path) -> None:
    ask = "from console.settings.installation import installation as one; print(one().id, one().fingerprint)"
    running = [subprocess.Popen([sys.executable, "-c", ask], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = {process.communicate()[0].strip() for process in running}
    assert len(said) == 1
    assert str(installation().id) in said.pop()
    assert [path.name for path in home.iterdir()] == ["installation.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"format": 1}',
        b'{"format": 2, "id": "019a5b6e-0000-7000-8000-000000000000", "name": "a@b", "private_key": "00"}',
        b'{"format": 1, "id": "019a5b6e-0000-7000-8000-000000000000", "name": "a@b", "private_key": "00"}',
        b'{"format": 1, "id": "019a5b6e-0000-7000-8000-000000000000", "name": "a@b", "private_key": "xyz"}',
    ],
)
def test_that_a_damaged_file_is_named_and_left_alone(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "installation.json").write_bytes(content)
    with pytest.raises(InstallationError, match=r"installation\.json is damaged"):
        installation()
    assert (home / "installation.json").read_bytes() == content


def test_that_a_place_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TERRAHASH_HOME", str(tmp_path / "file"))
    with pytest.raises(InstallationError, match="TERRAHASH_HOME"):
        installation()
