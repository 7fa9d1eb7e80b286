"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path        methods  does
    *     /oauth2/*   any      authorization server
    *     /accounts*  any      accounts: jwt, proxy(backend)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.admin import AdminApi
from egc.runtime.oauth2 import AuthorizationServer
from egc.runtime.oauth2.signed import SignedTokens
from egc.runtime.policies.jwt import JWT
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "189d741fb80c967e55653215a120fcad5088dacc3107348d1c1f241575bf53e8"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

accounts = Endpoint("accounts", scopes=("accounts:read",))  # L6
backend = Service("backend", urls=("http://localhost:3000",))  # L10


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
authorization = AuthorizationServer(  # L13
    store,
    grants=(  # system.config.yml:L16
        "authorization_code",
        "client_credentials",
        "refresh_token",
    ),
    access_ttl=300.0,  # system.config.yml:L8
    refresh_ttl=1209600.0,  # system.config.yml:L13
    code_ttl=300.0,  # default
    access_tokens=SignedTokens(  # system.config.yml:L7
        secret_or_private_key=env.text("TOKEN_SECRET"),
        issuer="https://gateway.example.com",
        audience=("https://api.example.com",),
    ),
)
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

accounts_pipeline_1_jwt = JWT(  # L19
    store,
    secret_or_public_key=env.text("TOKEN_SECRET"),  # L23
    jwt_extractor="authBearer",  # default
    audience="https://api.example.com",  # L25
    issuer="https://gateway.example.com",  # L24
    check_credential_existence=False,  # L26
    check_scopes=True,  # default
    pass_through=False,  # default
)

accounts_pipeline_2_proxy = Proxy(  # L27
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def accounts_pipeline(x: Exchange) -> Outcome:  # L16
    """Run jwt, then answer with proxy(backend)."""
    await accounts_pipeline_1_jwt(x)  # L19
    return accounts_pipeline_2_proxy(x)  # L27


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L7
            ANY,
            Path("/accounts*", r"^/accounts(.*)/?\Z", "0"),
            ANY,
            accounts,
            accounts_pipeline,
        ),
    ),
    resources=(authorization,),  # L13
    administration=administration,  # L3
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
