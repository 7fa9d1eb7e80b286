"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host       path       methods  does
    *          /oauth2/*  any      authorization server
    localhost  /ip        any      default: oauth2, proxy(httpbin)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.admin import AdminApi
from egc.runtime.oauth2 import AuthorizationServer
from egc.runtime.policies.oauth2 import OAuth2
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "d422f5fec29bb587b63abf9684564166ed90b63057bed26a27336fa82e63268a"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=env.port("EG_HTTP_PORT", 8080))  # L1
admin = Listener("admin", host="localhost", port=env.port("EG_ADMIN_PORT", 9876))  # L3


# ---- Endpoints and services -----------------------------------------------------

api = Endpoint("api", scopes=())  # L7
httpbin = Service(  # L11
    "httpbin",
    urls=(env.url("HTTPBIN_URL", "https://httpbin.org"),),
)


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
authorization = AuthorizationServer(  # L19
    store,
    grants=(  # system.config.yml:L16
        "authorization_code",
        "implicit",
        "password",
        "client_credentials",
        "refresh_token",
    ),
    access_ttl=7200.0,  # system.config.yml:L8
    refresh_ttl=7200.0,  # system.config.yml:L10
    code_ttl=300.0,  # system.config.yml:L12
)
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

default_1_oauth2 = OAuth2(  # L28
    store,
    pass_through=False,  # default
)

default_2_proxy = Proxy(  # L29
    httpbin,
    change_origin=True,  # L32
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def default(x: Exchange) -> Outcome:  # L23
    """Run oauth2, then answer with proxy(httpbin)."""
    await default_1_oauth2(x)  # L28
    return default_2_proxy(x)  # L29


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route("localhost", "/ip", ANY, api, default),  # L9
    ),
    resources=(authorization,),  # L19
    administration=administration,  # L3
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
