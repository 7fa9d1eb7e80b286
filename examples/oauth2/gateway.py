"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path         methods  does
    *     /oauth2/*    any      authorization server
    *     /accounts*   any      accounts: oauth2, proxy(backend)
    *     /catalogue*  any      catalogue: oauth2, proxy(backend)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.admin import AdminApi
from egc.runtime.oauth2 import AuthorizationServer
from egc.runtime.policies.oauth2 import OAuth2
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "3348ddd32d4f8aff030f7b6cb53593cf65137c784c7a664a3578256b7b14582c"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

accounts = Endpoint("accounts", scopes=("accounts:read", "accounts:write"))  # L7
catalogue = Endpoint("catalogue", scopes=())  # L11
backend = Service("backend", urls=("http://localhost:3000",))  # L15


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
authorization = AuthorizationServer(  # L18
    store,
    grants=(  # system.config.yml:L13
        "authorization_code",
        "client_credentials",
        "refresh_token",
    ),
    access_ttl=900.0,  # system.config.yml:L7
    refresh_ttl=1209600.0,  # system.config.yml:L9
    code_ttl=300.0,  # default
)
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

accounts_pipeline_1_oauth2 = OAuth2(  # L24
    store,
    pass_through=False,  # default
)

accounts_pipeline_2_proxy = Proxy(  # L25
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

catalogue_pipeline_1_oauth2 = OAuth2(  # L30
    store,
    pass_through=True,  # L31
)

catalogue_pipeline_2_proxy = Proxy(  # L32
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def accounts_pipeline(x: Exchange) -> Outcome:  # L21
    """Run oauth2, then answer with proxy(backend)."""
    await accounts_pipeline_1_oauth2(x)  # L24
    return accounts_pipeline_2_proxy(x)  # L25


async def catalogue_pipeline(x: Exchange) -> Outcome:  # L27
    """Run oauth2, then answer with proxy(backend)."""
    await catalogue_pipeline_1_oauth2(x)  # L30
    return catalogue_pipeline_2_proxy(x)  # L32


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L8
            ANY,
            Path("/accounts*", r"^/accounts(.*)/?\Z", "0"),
            ANY,
            accounts,
            accounts_pipeline,
        ),
        Route(  # L12
            ANY,
            Path("/catalogue*", r"^/catalogue(.*)/?\Z", "0"),
            ANY,
            catalogue,
            catalogue_pipeline,
        ),
    ),
    resources=(authorization,),  # L18
    administration=administration,  # L3
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
