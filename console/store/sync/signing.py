"""Signatures of manifests: Ed25519 over a text that can stand for nothing else."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from console.settings.installation import Installation
from console.store.sync.refusal import BundleDamaged

SIGNATURE = 64
"""Bytes of a signature."""

_PURPOSE = b"TerraHash bundle manifest\x00"


def sign(installation: Installation, manifest: bytes) -> bytes:
    """This installation's signature under a manifest."""
    return installation.sign(_PURPOSE + manifest)


def check_signature(public_key: bytes, manifest: bytes, signature: bytes) -> None:
    """Raise `BundleDamaged` unless the owner of the key signed exactly this manifest."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _PURPOSE + manifest)
    except (InvalidSignature, ValueError) as error:
        raise BundleDamaged(
            "The signature does not fit what the bundle says: it was changed after it was exported. Nothing was "
            "changed here; have it exported and sent again."
        ) from error
