"""Which key verifies which algorithm: the configuration says it, never the token (D187, RFC 8725 section 3.1)."""

import json
from pathlib import Path

import pytest
import trustme
from joserfc.jwk import ECKey

from egc.runtime.env import Misconfigured
from egc.runtime.policies.jwt import JWT
from tests.authentication.gate import Gate, bearer, token
from tests.authentication.keys import jwk, private, public_pem, signed

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
SHARED = ("HS256", "HS384", "HS512")


def door(gate: Gate, key: str | None = None, *algorithms: str, file: str | None = None) -> JWT:
    return JWT(
        gate.store,
        secret_or_public_key=key,
        secret_or_public_key_file=file,
        algorithms=algorithms,
        check_credential_existence=False,
    )


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_public_key_takes_the_algorithms_that_it_is_made_for(gate: Gate, algorithm: str) -> None:
    key, other = private(algorithm), private(algorithm, 1)
    good = signed({"id": "x"}, key, algorithm)
    assert gate.opens(door(gate, public_pem(key)), bearer(good))
    assert gate.opens(door(gate, public_pem(key), algorithm), bearer(good))
    assert not gate.opens(door(gate, public_pem(key)), bearer(signed({"id": "x"}, other, algorithm)))


@pytest.mark.parametrize("algorithm", SHARED)
def test_a_shared_secret_takes_hmac(gate: Gate, algorithm: str) -> None:
    assert gate.opens(door(gate, "sss"), bearer(token({}, "sss", algorithm)))
    assert not gate.opens(door(gate, "sss"), bearer(token({}, "sst", algorithm)))


def test_only_the_listed_algorithms_count(gate: Gate) -> None:
    """D181."""
    key = private("RS256")
    only = door(gate, public_pem(key), "RS512")
    assert gate.opens(only, bearer(signed({}, key, "RS512")))
    for algorithm in ("RS256", "RS384", "PS512"):
        assert not gate.opens(only, bearer(signed({}, key, algorithm)))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_is_no_shared_secret(gate: Gate, algorithm: str) -> None:
    """A token signed with HMAC over the text of the public key, which everybody knows."""
    pem = public_pem(private(algorithm))
    for form in (pem, pem.strip(), pem + "\n"):
        for name in SHARED:
            assert not gate.opens(door(gate, pem), bearer(token({}, form, name)))


def test_what_looks_like_a_public_key_is_no_secret(gate: Gate) -> None:
    """The gateway does not start: with HS256 asked for, with a PEM that cannot be read, with a key of ssh."""
    pem = public_pem(private("RS256"))
    broken = pem.replace("MII", "XXX", 1)
    ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGq8Jxv5K1Yd8SSyVhQ0N0wAAAAAAAAAAAAAAAAAAAAA"
    for key, algorithms in (
        (pem, ("HS256",)),
        (broken, ()),
        (broken, ("HS256",)),
        ("-----BEGIN nothing", ()),
        (ssh, ()),
    ):
        with pytest.raises(Misconfigured) as error:
            door(gate, key, *algorithms)
        assert key[:40] not in str(error.value)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_in_another_form_is_no_secret(gate: Gate, algorithm: str) -> None:
    """As some servers show their keys: in Base64 without the lines of PEM around, as JSON, with a line cut off."""
    key = private(algorithm)
    pem = public_pem(key)
    lines = pem.strip().splitlines()
    forms = ("".join(lines[1:-1]), "\n".join(lines[1:-1]), "\n".join(lines[1:]), pem[1:], pem.lower())
    for form in (*forms, json.dumps(jwk(key))):
        with pytest.raises(Misconfigured, match="but not in PEM"):
            door(gate, form)
    # A part of it that is no key is as good a secret as any.
    assert gate.opens(door(gate, "MIIB" + "x" * 40), bearer(token({}, "MIIB" + "x" * 40, "HS256")))


def test_keys_that_do_not_start(gate: Gate, tmp_path: Path) -> None:
    """Empty, missing, or of no use for the algorithms: one sentence that names the setting (D176)."""
    (tmp_path / "empty").write_bytes(b"")
    for key, file, algorithms, said in (
        ("", None, (), "secretOrPublicKey is empty"),
        (None, str(tmp_path / "empty"), (), "secretOrPublicKeyFile is empty"),
        (None, str(tmp_path / "none"), (), "No such file"),
        (None, str(tmp_path), (), "directory"),
        ("secret", None, ("RS256",), "algorithms"),
    ):
        with pytest.raises(Misconfigured, match=said):
            door(gate, key, *algorithms, file=file)


def test_a_key_file(gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to EGC_FILES; the bytes of a secret count as they are, line end included (D176)."""
    monkeypatch.setenv("EGC_FILES", str(tmp_path))
    key = private("RS256")
    (tmp_path / "key.pub").write_text(public_pem(key))
    (tmp_path / "secret").write_bytes(b"line\n")
    assert gate.opens(door(gate, file="key.pub"), bearer(signed({}, key, "RS256")))
    assert gate.opens(door(gate, file="secret"), bearer(token({}, "line\n")))
    assert not gate.opens(door(gate, file="secret"), bearer(token({}, "line")))


def test_a_certificate(gate: Gate) -> None:
    """Its public key verifies (D175)."""
    issued = trustme.CA().issue_cert("issuer.test")
    key = ECKey.import_key(issued.private_key_pem.bytes())
    pem = issued.cert_chain_pems[0].bytes().decode()
    assert gate.opens(door(gate, pem), bearer(signed({}, key, "ES256")))
    assert not gate.opens(door(gate, pem), bearer(token({}, pem)))


def test_keys_in_the_token_do_not_count(gate: Gate) -> None:
    """`jwk`, `jku`, `x5c` and `x5u` say what the caller likes (RFC 8725 section 3.10)."""
    key, thief = private("ES256"), private("ES256", 1)
    mine = thief.as_dict(private=False)
    forged = signed(
        {}, thief, "ES256", jwk=mine, jku="https://thief.test/", kid="x", x5c=["x"], x5u="https://thief.test/"
    )
    assert not gate.opens(door(gate, public_pem(key)), bearer(forged))
    assert gate.opens(door(gate, public_pem(key)), bearer(signed({}, key, "ES256", jwk=mine, kid="whatever")))
