"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path      methods  does
    *     /orders*  any      default: key-auth, rate-limit, proxy(...
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.admin import AdminApi
from egc.runtime.policies.key_auth import KeyAuth
from egc.runtime.policies.proxy import Proxy
from egc.runtime.policies.rate_limit import RateLimit
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.store.redis import RedisStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "25f9e1bb6670db82574bcc349eebf1b0a9b8e34a1c20835c5e24e4a174b14c59"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

orders = Endpoint("orders", scopes=())  # L6
backend = Service("backend", urls=("http://localhost:3000",))  # L9


# ---- State, and who looks after it ------------------------------------------------

store = RedisStore(  # system.config.yml:L3
    host=env.text("REDIS_HOST", "localhost"),  # system.config.yml:L3
    port=env.port("REDIS_PORT", 6379),  # system.config.yml:L4
    namespace="EG",  # system.config.yml:L5
)
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

default_1_key_auth = KeyAuth(  # L20
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=True,  # L21
    pass_through=False,  # default
)

default_2_rate_limit = RateLimit(  # L22
    store,
    window_ms=60000,  # L23
    delay_after=1,  # default
    delay_ms=0,  # L23
    max=100,  # L23
    message="Too many requests, please try again later.",  # default
    status_code=429,  # default
    headers=True,  # default
    rate_limit_headers="x-ratelimit",  # default
    skip_failed_requests=False,  # default
    skip_successful_requests=False,  # default
    counter="default_2_rate_limit",  # default
)

default_3_proxy = Proxy(  # L24
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def default(x: Exchange) -> Outcome:  # L17
    """Run key-auth, rate-limit, then answer with proxy(backend)."""
    await default_1_key_auth(x)  # L20
    await default_2_rate_limit(x)  # L22
    return default_3_proxy(x)  # L24


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L7
            ANY,
            Path("/orders*", r"^/orders(.*)/?\Z", "0"),
            ANY,
            orders,
            default,
        ),
    ),
    administration=administration,  # L3
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
