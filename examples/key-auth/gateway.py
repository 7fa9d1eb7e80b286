"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path        methods  does
    *     /weather*   any      default: key-auth, proxy(backend)
    *     /history*   any      default: key-auth, proxy(backend)
    *     /partners*  any      partners: key-auth, proxy(backend)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.admin import AdminApi
from egc.runtime.policies.key_auth import KeyAuth
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "ec36c13e7fbc848e2e7606788cfe54b05ff152200906934cef80885f705d0529"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

weather = Endpoint("weather", scopes=())  # L6
history = Endpoint("history", scopes=("history",))  # L9
partners = Endpoint("partners", scopes=())  # L12
backend = Service("backend", urls=("http://localhost:3000",))  # L15


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

default_1_key_auth = KeyAuth(  # L25
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=False,  # default
    pass_through=False,  # default
)

default_2_proxy = Proxy(  # L26
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

partners_pipeline_1_key_auth = KeyAuth(  # L32
    store,
    api_key_header="X-Api-Key",  # L34
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=True,  # L35
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=True,  # L36
    pass_through=False,  # default
)

partners_pipeline_2_proxy = Proxy(  # L37
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def default(x: Exchange) -> Outcome:  # L22
    """Run key-auth, then answer with proxy(backend)."""
    await default_1_key_auth(x)  # L25
    return default_2_proxy(x)  # L26


async def partners_pipeline(x: Exchange) -> Outcome:  # L29
    """Run key-auth, then answer with proxy(backend)."""
    await partners_pipeline_1_key_auth(x)  # L32
    return partners_pipeline_2_proxy(x)  # L37


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L7
            ANY,
            Path("/weather*", r"^/weather(.*)/?\Z", "0"),
            ANY,
            weather,
            default,
        ),
        Route(  # L10
            ANY,
            Path("/history*", r"^/history(.*)/?\Z", "0"),
            ANY,
            history,
            default,
        ),
        Route(  # L13
            ANY,
            Path("/partners*", r"^/partners(.*)/?\Z", "0"),
            ANY,
            partners,
            partners_pipeline,
        ),
    ),
    administration=administration,  # L3
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
