"""What Express Gateway 1.16.11 did wrong with a configuration, each defect found at the line that has it.

Three of the defects that were reproduced there concern no configuration: half a refresh token was enough (7), a file
that is wrong was refused without a word while it served (12), and the password grant lost the user (14).
"""

from dataclasses import dataclass

import pytest

from egc.compiler.lint import Selection
from egc.compiler.rules import Example
from tests.lint.configurations import review

HEAD = """\
http: {port: 8080}
serviceEndpoints:
  backend: {url: 'http://localhost:3000'}
"""

KEY_AUTH = "key-auth: {action: {disableQueryParam: true}}"
PROXY = "proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}"
TERMINATE = "terminate: {action: {statusCode: 204}}"


@dataclass(frozen=True)
class Defect:
    """A configuration in which the line that ends with `# <--` has the finding.

    Arguments:
        number: of the defect, as in the study.
        code: of the finding.
        example: the configuration.
        witness: what its witness begins with, where it has one.
        severity: the least that is shown.
    """

    number: int
    code: str
    example: Example
    witness: str = ""
    info: bool = False


def gateway(endpoints: str, steps: str, *, policies: str = "key-auth, proxy, terminate", more: str = "") -> str:
    """A configuration with one pipeline of these steps for the endpoints `a` and `b`."""
    return (
        f"{HEAD}apiEndpoints:\n{endpoints}policies: [{policies}]\npipelines:\n  one:\n"
        f"    apiEndpoints: [a{', b' if '  b:' in endpoints else ''}]\n    policies:\n{steps}{more}"
    )


A = "  a: {host: api.example.com, paths: '/orders*'}\n"
STEPS = f"      - {KEY_AUTH}\n      - {PROXY}\n"

DEFECTS = [
    Defect(
        1,
        "RT102",
        Example(
            gateway("  a: {host: '*', paths: /x}\n  b: {host: b.example, paths: /x}  # <--\n", STEPS).replace(
                "[a, b]", "[a]"
            )
            + f"  two:\n    apiEndpoints: [b]\n    policies:\n{STEPS}"
        ),
        witness="GET http://b.example/x",
    ),
    Defect(
        2,
        "RT104",
        Example(
            gateway(A, STEPS, more=f"  two:\n    apiEndpoints: [a]\n    policies:\n{STEPS}").replace(
                "[a]\n", "[a]  # <--\n", 1
            )
        ),
    ),
    Defect(3, "CO105", Example(gateway(A, STEPS).replace("[a]", "[a, nowhere]  # <--"))),
    Defect(
        4,
        "CO101",
        Example(
            gateway(
                A,
                "      - log: {action: {message: here}}  # <--\n        key-auth:\n      - " + PROXY + "\n",
                policies="log, key-auth, proxy",
            )
        ),
    ),
    Defect(
        5,
        "RT106",
        Example(gateway(A, f"      - {TERMINATE}\n      - {KEY_AUTH}  # <--\n      - {PROXY}\n")),
    ),
    Defect(
        5,
        "SC102",
        Example(gateway(A, f"      - {PROXY}\n      - {KEY_AUTH}  # <--\n")),
        witness="GET http://api.example.com/orders",
    ),
    Defect(
        6,
        "CO104",
        Example(gateway(A, "      - key-auth: {action: {tpyo: true}}  # <--\n      - " + PROXY + "\n")),
    ),
    Defect(
        8,
        "MG903",
        Example(
            gateway(
                A,
                "      - oauth2: {action: {jwt: {secretOrPublicKey: '${KEY}', checkCredentialExistence: false}}}\n"
                f"      - {PROXY}\n",
                policies="oauth2, proxy",
            ),
            "accessTokens:\n  tokenType: jwt\n  secretOrPrivateKey: ${KEY}\n  timeToExpiry: 7200000  # <--\n",
            {"KEY": "x" * 40},
        ),
    ),
    Defect(
        9,
        "SC115",
        Example(gateway(A, STEPS) + "later: !!js/function 'function () { return 1 }'  # <--\n"),
    ),
    Defect(
        10,
        "EN601",
        Example(gateway("  a: {host: '${HOST}', paths: '/orders*'}  # <--\n", STEPS)),
    ),
    Defect(
        10,
        "EN602",
        Example(
            gateway(A, STEPS),
            "crypto:\n  cipherKey: ${PW}  # <--\n",
            {"PW": "0123"},
        ),
    ),
    Defect(
        10,
        "EN604",
        Example(
            gateway(A, STEPS)
            .replace("'http://localhost:3000'", "'http://localhost:3000/$${X}'")
            .replace("X}'}", "X}'}  # <--")
        ),
    ),
    Defect(
        11,
        "EX701",
        Example(
            gateway(
                A,
                f"      - {KEY_AUTH}\n"
                "      - request-transformer:\n"
                "          action: {headers: {add: {Authorization: 'Bearer ${T}'}}}  # <--\n"
                f"      - {PROXY}\n",
                policies="key-auth, request-transformer, proxy",
            ),
            environ={"T": "abc"},
        ),
    ),
    Defect(
        13,
        "SC103",
        Example(
            gateway(A, STEPS).replace("http://localhost:3000'}", "http://localhost:9876'}  # <--")
            + "admin: {port: 9876, host: localhost}\n"
        ),
    ),
    Defect(13, "SC108", Example(gateway(A, STEPS), "session:\n  secret: keyboard cat  # <--\n")),
    Defect(13, "SC108", Example(gateway(A, STEPS), "crypto:\n  cipherKey: sensitiveKey  # <--\n")),
    Defect(
        15,
        "CO110",
        Example(gateway("  a: {host: api.example.com, paths: [/x, /X/]}  # <--\n", STEPS)),
        info=True,
    ),
]


@pytest.mark.parametrize(
    "defect", [pytest.param(one, id=f"{one.number}-{one.code}-{index}") for index, one in enumerate(DEFECTS)]
)
def test_the_defect_is_found_at_its_line(defect: Defect) -> None:
    texts = {"gateway.config.yml": defect.example.gateway, "system.config.yml": defect.example.system}
    (place,) = (
        (file, number)
        for file, text in texts.items()
        for number, line in enumerate(text.split("\n"), 1)
        if line.endswith("# <--")
    )
    report = review(defect.example, Selection(min_severity="info" if defect.info else None))
    found = [one for one in report if one.code == defect.code]
    assert place in [(one.span.file, one.span.line) for one in found], [
        f"{one.code} {one.span} {one.message}" for one in report
    ]
    assert all(one.witness.startswith(defect.witness) for one in found)
