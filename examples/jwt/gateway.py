"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path       methods  does
    *     /orders*   any      people: jwt, proxy(backend)
    *     /devices*  any      devices: jwt, proxy(backend)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.admin import AdminApi
from egc.runtime.policies.jwt import JWT
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "9d0159d7592a262d68e6e397b73c96997874c45942f279d6d0ebca7d53599555"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

orders = Endpoint("orders", scopes=("orders:read",))  # L6
devices = Endpoint("devices", scopes=())  # L9
backend = Service("backend", urls=("http://localhost:3000",))  # L12


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

people_1_jwt = JWT(  # L22
    store,
    jwks_uri=env.url(  # L24
        "JWKS_URI",
        "https://login.example.com/.well-known/jwks.json",
    ),
    jwt_extractor="authBearer",  # default
    audience="https://api.example.com",  # L26
    issuer="https://login.example.com/",  # L25
    algorithms=("RS256", "ES256"),  # L27
    check_credential_existence=False,  # L28
    check_scopes=True,  # default
    pass_through=False,  # default
)

people_2_proxy = Proxy(  # L29
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

devices_pipeline_1_jwt = JWT(  # L35
    store,
    secret_or_public_key=env.text("DEVICE_SECRET"),  # L37
    jwt_extractor="header",  # L38
    jwt_extractor_field="X-Device-Token",  # L39
    check_credential_existence=True,  # default
    check_scopes=True,  # default
    pass_through=False,  # default
)

devices_pipeline_2_proxy = Proxy(  # L40
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def people(x: Exchange) -> Outcome:  # L19
    """Run jwt, then answer with proxy(backend)."""
    await people_1_jwt(x)  # L22
    return people_2_proxy(x)  # L29


async def devices_pipeline(x: Exchange) -> Outcome:  # L32
    """Run jwt, then answer with proxy(backend)."""
    await devices_pipeline_1_jwt(x)  # L35
    return devices_pipeline_2_proxy(x)  # L40


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L7
            ANY,
            Path("/orders*", r"^/orders(.*)/?\Z", "0"),
            ANY,
            orders,
            people,
        ),
        Route(  # L10
            ANY,
            Path("/devices*", r"^/devices(.*)/?\Z", "0"),
            ANY,
            devices,
            devices_pipeline,
        ),
    ),
    administration=administration,  # L3
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
