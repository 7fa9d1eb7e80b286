"""What Express Gateway and egc share: the configuration's frame, and credentials by the Admin API."""

from collections.abc import Mapping

import requests

from tests.bench.contenders import Place, Running, Unavailable
from tests.bench.processes import Process, free_port
from tests.bench.workload import Case

_SYSTEM = """\
crypto: {cipherKey: bench-cipher-key, algorithm: aes256, saltRounds: 4}
session: {secret: bench-session-secret, resave: false, saveUninitialized: false}
accessTokens: {timeToExpiry: 86400000}
refreshTokens: {timeToExpiry: 86400000}
authorizationCodes: {timeToExpiry: 300000}
"""


class Configuration:
    """A folder with gateway.config.yml and system.config.yml for a case.

    Arguments:
        case, place: what to do, and where.
        system: more of system.config.yml.
    """

    def __init__(self, case: Case, place: Place, system: str) -> None:
        self.folder = place.folder / "config"
        self.port, self._admin_port = free_port(), free_port()
        self._case = case
        self.folder.mkdir(parents=True)
        frame = (
            f"http: {{port: {self.port}, hostname: 127.0.0.1}}\n"
            f"admin: {{port: {self._admin_port}, host: 127.0.0.1}}\n"
            f"serviceEndpoints: {{service: {{url: 'http://127.0.0.1:{place.service}'}}}}\n"
        )
        (self.folder / "gateway.config.yml").write_text(frame + case.gateway)
        (self.folder / "system.config.yml").write_text(_SYSTEM + system)

    @property
    def base(self) -> str:
        """The gateway's URL."""
        return f"http://127.0.0.1:{self.port}"

    def serve(self, process: Process, store: Process | None = None) -> Running:
        """The gateway as it runs now, with its credential made. Raises Unavailable, and it is stopped, if it fails."""
        try:
            return Running(process, self.base, self._headers(), store)
        except BaseException as error:
            process.stop()
            if isinstance(error, requests.RequestException):
                raise Unavailable(f"{error}\n{process.last_words()}") from error
            raise

    def _headers(self) -> Mapping[str, str]:
        """What requests carry; makes user, app and credential in the running gateway."""
        if self._case.credential == "none":
            return self._case.header
        self._post("/users", {"username": "bench", "firstname": "Bench", "lastname": "Mark"})
        app = self._post("/apps", {"userId": "bench", "name": "load", "redirectUri": "http://127.0.0.1/back"})["id"]
        made = self._post("/credentials", {"consumerId": app, "type": self._case.credential, "credential": {}})
        if self._case.credential == "key-auth":
            return {"Authorization": f"apiKey {made['keyId']}:{made['keySecret']}"}
        grant = {"grant_type": "client_credentials"}
        response = requests.post(f"{self.base}/oauth2/token", data=grant, auth=(app, made["secret"]), timeout=10)
        response.raise_for_status()
        return {"Authorization": f"Bearer {response.json()['access_token']}"}

    def _post(self, path: str, body: Mapping[str, object]) -> dict[str, str]:
        response = requests.post(f"http://127.0.0.1:{self._admin_port}{path}", json=body, timeout=10)
        response.raise_for_status()
        made: dict[str, str] = response.json()
        return made
