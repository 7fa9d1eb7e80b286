"""A dump written by hand: entries as Express Gateway writes them, of which a test changes what it is about."""

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

DATE = "Mon Nov 23 2026 21:18:57 GMT+0000 (Coordinated Universal Time)"
USER_ID = "58a5ad5c-0000-4000-8000-000000000001"
APP_ID = "58a5ad5c-0000-4000-8000-000000000002"
TOKEN_ID = "00000000000000000000000000000abc"
BCRYPT = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
CIPHER_KEY = "sensitiveKey"
ALIVE = 4_102_444_800_000
"""Milliseconds: the year 2100."""

SECRET = "454167193ba1440998cc196214e3fce1"
ENCRYPTED = "1884c83cc4ac49e375c902097d85b62543a197b12472da7ba4a11df60b27bb348196f252fa2bf9209feb16a5d3a193a7"
"""SECRET by aes256 and CIPHER_KEY (C284)."""

STAMPS = {"createdAt": DATE, "updatedAt": DATE}

Line = Mapping[str, Any]


def user(id_: str = USER_ID, username: str = "val", **fields: str) -> Line:
    whole = {"isActive": "true", "username": username, "id": id_, "firstname": "V", "lastname": "K", **STAMPS}
    return {"key": f"user:{id_}", "hash": whole | fields}


def app(id_: str = APP_ID, user_id: str = USER_ID, name: str = "shop", **fields: str) -> Line:
    whole = {"isActive": "true", "id": id_, "userId": user_id, "name": name, **STAMPS}
    return {"key": f"application:{id_}", "hash": whole | fields}


def password(consumer: str = USER_ID, **fields: str) -> Line:
    whole = {
        "isActive": "true",
        **STAMPS,
        "password": BCRYPT,
        "autoGeneratePassword": "true",
        "passwordKey": "password",
    }
    return {"key": f"basic-auth:{consumer}", "hash": whole | {"passwordKey": "password"} | fields}


def key(id_: str, secret: str, consumer: str = USER_ID, **fields: str) -> Line:
    whole = {"isActive": "true", **STAMPS, "keyId": id_, "keySecret": secret, "scopes": "null", "consumerId": consumer}
    return {"key": f"key-auth:{id_}", "hash": whole | {"id": id_} | fields}


def token(id_: str = TOKEN_ID, kind: str = "access", client: str = APP_ID, **fields: str) -> Line:
    whole = {"id": id_, "tokenEncrypted": ENCRYPTED, "expiresAt": str(ALIVE), "consumerId": client, "createdAt": DATE}
    return {"key": f"{kind}-token:{id_}", "hash": whole | fields}


def write(path: Path, lines: Iterable[Line], *, compress: bool = False) -> Path:
    """Write a dump."""
    lines = list(lines)
    head = {"format": "express-gateway-redis", "version": 1, "namespace": "EG"}
    text = "".join(json.dumps(line) + "\n" for line in (head, *lines, {"end": len(lines)})).encode()
    path.write_bytes(gzip.compress(text) if compress else text)
    return path
