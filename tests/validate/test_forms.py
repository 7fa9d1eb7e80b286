"""The forms that Express Gateway took are taken (D17, D21-D42, D84, D104-D110), and those it refused are refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from egc.compiler.diagnostics import Report
from egc.compiler.source import Project, Source, read
from egc.compiler.validate import validate

ENDPOINT = "apiEndpoints: {api: {host: '*'}}\n"


def findings(
    gateway: str, system: str | None = None, environ: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """Code and severity of what validation says."""
    report = Report()
    files = {}
    for name, text in (("gateway.config.yml", gateway), ("system.config.yml", system)):
        if text is not None:
            tree = read(name, text.encode(), environ or {}, report)
            assert tree is not None, list(report)
            files[name] = Source(name, text.encode(), tree)
    validate(Project(Path(), files["gateway.config.yml"], files.get("system.config.yml"), {}), report)
    return [(found.code, found.severity) for found in report]


@pytest.mark.parametrize(
    "text",
    [
        "policies: []",
        "policies: []\nadmin:\napiEndpoints:\nserviceEndpoints:\npipelines:\n",
        "policies: []\nhttp: {}\nadmin: {}\nhttps: {}\n",
        "policies: []\nhttp: {port: '8080'}\n",
        "policies: []\nhttp: {port: '${PORT:-8080}'}\n",
        "policies: []\nhttp: {port: '${NOT_SET}'}\n",
        "policies: []\nhttp: {port: 8080, hostname: 127.0.0.1, trustedProxies: 10.0.0.0/8}\n",
        "policies: []\nhttps: {tls: {}, options: {requestCert: true, secureOptions: 1}}\n",
        "policies: []\nhttps: {tls: {'*.a.io': {key: k, cert: c, ca: [a, b]}, default: {key: k, cert: c}}}\n",
        "policies: []\nadmin: {port: 9876, host: localhost, auth: {keyDigest: x}, allowedHosts: [a], backlog: 5}\n",
        "policies: []\napiEndpoints: {a: {}, b: {host: 5, paths: /x, methods: 'GET, PUT'}}\n",
        "policies: []\napiEndpoints: {a: [{paths: [/x]}, {path: /y}]}\n",
        "policies: []\napiEndpoints: {a: {hostRegex: a, pathRegex: b, scopes: [s], anything: {goes: here}}}\n",
        "policies: []\napiEndpoint: {host: a, path: /x}\n",
        "policies: []\nserviceEndpoints: {s: {url: 'http://a', proxyOptions: {xfwd: true}}, t: {urls: ['http://a']}}\n",
        "policies: [1, true]",
        "policies: [proxy]\npipelines: {p: {apiEndpoint: api, policies: []}, q: {policies: [{proxy: }]}}\n",
        "policies: [proxy]\npipelines: {p: {policies: [{proxy: {}}, {proxy: []}, {proxy: [{}]}]}}\n",
        "policies: [proxy]\npipelines: {p: {policies: [{proxy: }, {proxy: {action: }}]}}\n",
        "policies: [proxy]\npipelines: [{name: p, apiEndpoints: api, policies: [{proxy: }]}, {policy: {proxy: }}]\n",
        "policies: [proxy]\npipelines: [{apiEndpoints: [api], policies: {proxy: {action: {serviceEndpoint: s}}}}]\n",
        "policies: [proxy]\npipeline: {apiEndpoint: api, policy: [{proxy: }]}\n",
        "policies: [x]\npipelines: {p: {policies: [{x: [{condition: {name: y, any: 1}, action: {thing: [1]}}]}]}}\n",
        "policies: [x]\npipelines: {p: {policies: [{terminate: {action: {statusCode: '207', message: 42}}}]}}\n",
        "policies: [terminate]\npipelines: {p: {policies: [{terminate: {action: {statusCode: '${S}'}}}]}}\n",
        "policies: [oauth2]\n"
        "pipelines: {p: {policies: [{oauth2: {action: {passThrough: 1, jwt: {secretOrPublicKey: k}}}}]}}\n",
    ],
)
def test_taken(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{}", "CO141"),
        ("policies:", "CO124"),
        ("policies: proxy", "CO124"),
        ("policies: [proxy: {}]", "CO124"),
        ("policies: []\nhttp:\n", "CO124"),
        ("policies: []\nhttp: {port: 1.5}\n", "CO142"),
        ("policies: []\nhttp: {port: [1]}\n", "CO142"),
        ("policies: []\nhttp: {port: '${P:-x}'}\n", "CO142"),
        ("policies: []\nhttps: {tls: {a: {key: k, cert: c, ca: a}}}\n", "CO124"),
        ("policies: []\napiEndpoints: [{host: a}]\n", "CO124"),
        ("policies: []\napiEndpoints: {a: }\n", "CO124"),
        ("policies: []\napiEndpoints: {a: {scopes: admin}}\n", "CO124"),
        ("policies: []\napiEndpoints: {a: {scopes: [b, b]}}\n", "CO142"),
        ("policies: []\nserviceEndpoints: {s: {}}\n", "CO141"),
        ("policies: []\npipelines: {p: {apiEndpoints: api, policies: []}}\n", "CO124"),
        ("policies: []\npipelines: {p: {policies: {proxy: }}}\n", "CO124"),
        ("policies: []\npipelines: {p: {policy: []}}\n", "CO141"),
        ("policies: []\npipelines: {p: {policies: [{x: {action: }}]}}\n", "CO143"),
        ("policies: []\npipelines: {p: {policies: [{x: {condition: {}}}]}}\n", "CO141"),
        ("policies: []\npipelines: {p: {policies: [{a: }, {b: , c: }]}}\n", "CO101"),
        ("policies: []\npipelines: {p: {policies: [{a: }, {b: [null]}]}}\n", "CO124"),
        ("policies: [log]\npipelines: {p: {policies: [{log: }]}}\n", "CO141"),
        ("policies: [log]\npipelines: {p: {policies: [{log: []}]}}\n", "CO141"),
        ("policies: [log]\npipelines: {p: {policies: [{log: {condition: {name: never}}}]}}\n", "CO141"),
        ("policies: [log]\npipelines: {p: {policies: [{x: }, {log: {action: }}]}}\n", "CO141"),
    ],
)
def test_refused(text: str, code: str) -> None:
    found = findings(text)
    assert (code, "error") in found
    assert len([severity for _, severity in found if severity == "error"]) == 1


@pytest.mark.parametrize(
    ("system", "codes"),
    [
        ("db: {redis: {emulate: '${EG_DB_EMULATE:-true}', namespace: EG, host: h, anything: 1}}", []),
        ("crypto: {cipherKey: k, algorithm: aes256, saltRounds: 10}\nsession: {secret: s, resave: false}", []),
        ("accessTokens: {timeToExpiry: 7200000, tokenType: jwt, audience: [a]}\nplugins: {a: , b: {package: p}}", []),
        ("oauth2: {grants: [refresh_token], templates: pages, issuer: 'https://a'}\naccessLog: false", []),
        ("cli: {url: 'http://localhost:9876', verbose: true}", []),
        ("accessTokens: {tokenType: opake}", ["CO142"]),
        ("accessTokens: {timeToExpiry: soon}", ["CO142"]),
        ("plugins: [a]", ["CO124"]),
        ("[]", ["CO124"]),
        ("aceessLog: true", ["CO104"]),
    ],
)
def test_system(system: str, codes: list[str]) -> None:
    assert [code for code, _ in findings("policies: []", system)] == codes


def test_all_errors_at_once() -> None:
    """D16, D18: Express Gateway told the first of them, by its path in the data."""
    found = findings("policies: 1\nhttp: {port: x}\nhttps: 1\nadmin: 1\nserviceEndpoints: {a: {}, b: 1}\n", "oauth2: 1")
    assert len(found) == 7


def test_a_file_that_is_wrong_throughout_is_told_within_a_bound() -> None:
    rows = "\n".join(f"  e{n}: {n}" for n in range(2000))
    assert len(findings(f"policies: []\napiEndpoints:\n{rows}\n")) == 200


@pytest.mark.parametrize("text", ["", "http:\n  port: 1\n"])
def test_unknown_keys_are_told_within_a_bound(text: str) -> None:
    rows = "\n".join(f"{'  ' if text else ''}hostx{n}: 1" for n in range(2000))
    assert len(findings(f"policies: []\n{text}{rows}\n")) == 200
