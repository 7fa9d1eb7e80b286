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

SOURCE_SHA256 = "68daffdfce3b79b5d32c9ddb5b176cf09c03772f4e2167a49dd16289297014e5"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

accounts = Endpoint("accounts", scopes=("accounts:read", "accounts:write"))  # L7
catalogue = Endpoint("catalogue", scopes=())  # L11
backend = Service("backend", urls=("http://localhost:3000",))  # L14


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
authorization = AuthorizationServer(  # L17
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

accounts_pipeline_1_oauth2 = OAuth2(  # L23
    store,
    pass_through=False,  # default
)

accounts_pipeline_2_proxy = Proxy(  # L24
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

catalogue_pipeline_1_oauth2 = OAuth2(  # L29
    store,
    pass_through=True,  # L30
)

catalogue_pipeline_2_proxy = Proxy(  # L31
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def accounts_pipeline(x: Exchange) -> Outcome:  # L20
    """Run oauth2, then answer with proxy(backend)."""
    await accounts_pipeline_1_oauth2(x)  # L23
    return accounts_pipeline_2_proxy(x)  # L24


async def catalogue_pipeline(x: Exchange) -> Outcome:  # L26
    """Run oauth2, then answer with proxy(backend)."""
    await catalogue_pipeline_1_oauth2(x)  # L29
    return catalogue_pipeline_2_proxy(x)  # L31


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
    resources=(authorization,),  # L17
    administration=administration,  # L3
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    source=SOURCE_SHA256,
)
