"""How Express Gateway kept the secrets of tokens: Node's `createCipher` (C283, C285)."""

import hashlib
import re
from collections.abc import Callable

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.padding import PKCS7

_AES = re.compile(r"aes-?(128|192|256)(?:-(cbc|ctr|ecb))?")
_TRIPLE_DES = ("des3", "des-ede3-cbc")
_AES_BLOCK = 16
_DES_BLOCK = 8
_DES_KEY = 24
_LONGEST = 4096

UUID_HEX = re.compile(r"[0-9a-f]{32}")
"""What every secret of a token looks like (C57)."""

Decrypt = Callable[[str], str | None]


class UnknownCipher(ValueError):
    """No cipher of that name can be undone here."""


def decryption(algorithm: str, passphrase: str) -> Decrypt:
    """A function from `tokenEncrypted` to the secret of the token; None where that is no secret of a token.

    Arguments:
        algorithm: `crypto.algorithm`, as OpenSSL calls it (`aes256`).
        passphrase: `crypto.cipherKey`.

    Raises UnknownCipher.
    """
    name = algorithm.lower()
    aes = _AES.fullmatch(name)
    if aes is not None:
        mode = aes[2] or "cbc"
        key, iv = derive(passphrase, int(aes[1]) // 8, _AES_BLOCK)
        cipher, block = Cipher(AES(key), _mode(mode, iv)), None if mode == "ctr" else _AES_BLOCK
    elif name in _TRIPLE_DES:
        key, iv = derive(passphrase, _DES_KEY, _DES_BLOCK)
        cipher, block = Cipher(TripleDES(key), _mode("cbc", iv)), _DES_BLOCK
    else:
        raise UnknownCipher(
            f"crypto.algorithm {algorithm!r} is none that can be undone here: aes128, aes192, aes256 (with -cbc, -ctr "
            "or -ecb) or des3"
        )

    def decrypt(text: str) -> str | None:
        if len(text) > _LONGEST:
            return None
        try:
            undoing = cipher.decryptor()
            data = undoing.update(bytes.fromhex(text)) + undoing.finalize()
            if block is not None:
                unpadding = PKCS7(block * 8).unpadder()
                data = unpadding.update(data) + unpadding.finalize()
            secret = data.decode("ascii")
        except ValueError:
            return None
        return secret if UUID_HEX.fullmatch(secret) else None

    return decrypt


def _mode(name: str, iv: bytes) -> modes.CBC | modes.CTR | modes.ECB:
    if name == "ecb":
        return modes.ECB()  # noqa: S305 - undone here, never used to keep anything
    return modes.CTR(iv) if name == "ctr" else modes.CBC(iv)


def derive(passphrase: str, key_bytes: int, iv_bytes: int) -> tuple[bytes, bytes]:
    """Key and IV by OpenSSL's EVP_BytesToKey with MD5, one round, no salt (C283)."""
    made = block = b""
    while len(made) < key_bytes + iv_bytes:
        block = hashlib.md5(block + passphrase.encode(), usedforsecurity=False).digest()
        made += block
    return made[:key_bytes], made[key_bytes : key_bytes + iv_bytes]
