"""A token signed elsewhere with RS256, verified with a public key; no store is asked (checkCredentialExistence off)."""

import json
import time

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.bench.workload import REQUESTS, Case, Envoy, Workload, pipeline

ISSUER = "https://issuer.example.com"
LIFETIME = 86400


def workloads() -> tuple[Workload, ...]:
    key = RSAKey.generate_key(2048)
    claims = {"iss": ISSUER, "sub": "bench", "id": "bench", "exp": int(time.time()) + LIFETIME}
    token = jwt.encode({"alg": "RS256"}, claims, key)
    action = {
        "secretOrPublicKey": key.as_pem(private=False).decode(),
        "algorithms": ["RS256"],
        "issuer": ISSUER,
        "checkCredentialExistence": False,
    }
    case = Case(
        pipeline(f"jwt: {{action: {json.dumps(action)}}}"),
        REQUESTS,
        envoy=Envoy(filters=(_envoy(key),)),
        header={"Authorization": f"Bearer {token}"},
    )
    return (Workload("jwt", "jwt RS256 + proxy", (case,)),)


def _envoy(key: RSAKey) -> dict[str, object]:
    provider = {
        "issuer": ISSUER,
        "local_jwks": {"inline_string": json.dumps({"keys": [key.as_dict(private=False)]})},
        "forward": True,
        "jwt_cache_config": {"jwt_cache_size": 100},
    }
    return {
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"issuer": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}}],
        },
    }
