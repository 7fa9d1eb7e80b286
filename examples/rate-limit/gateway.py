"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path         methods  does
    *     /search      any      search: rate-limit, proxy(shop)
    *     /orders/*    any      orders: key-auth, rate-limit, rate-li...
    *     /invoices/*  any      invoices: key-auth, rate-limit, proxy...
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime import javascript as js
from egc.runtime.admin import AdminApi
from egc.runtime.policies.key_auth import KeyAuth
from egc.runtime.policies.proxy import Proxy
from egc.runtime.policies.rate_limit import RateLimit
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "6a4528732beaed53b39706897f3de9b064585ebeffbd8adf3fa4b74543d44c5f"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

search = Endpoint("search", scopes=())  # L7
orders = Endpoint("orders", scopes=())  # L10
invoices = Endpoint("invoices", scopes=())  # L12
shop = Service("shop", urls=("http://localhost:3000",))  # L15


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

search_pipeline_1_rate_limit = RateLimit(  # L26
    store,
    window_ms=60000,  # L29
    delay_after=10,  # L30
    delay_ms=250,  # L31
    max=30,  # L28
    message="Too many requests, please try again later.",  # default
    status_code=429,  # default
    headers=True,  # default
    rate_limit_headers="x-ratelimit",  # default
    skip_failed_requests=False,  # default
    skip_successful_requests=False,  # default
    counter="search_pipeline_1_rate_limit",  # default
)

search_pipeline_2_proxy = Proxy(  # L32
    shop,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

orders_pipeline_1_key_auth = KeyAuth(  # L38
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=False,  # default
    pass_through=False,  # default
)


def orders_pipeline_2_rate_limit_rate_limit_by(x: Exchange) -> str:  # L42
    # ${consumer.id}
    return js.text(js.concat(js.get(js.consumer(x), "id")))


orders_pipeline_2_rate_limit = RateLimit(  # L41
    store,
    rate_limit_by=orders_pipeline_2_rate_limit_rate_limit_by,  # L42
    window_ms=1000,  # L44
    delay_after=1,  # default
    delay_ms=0,  # L45
    max=20,  # L43
    message="Too many requests, please try again later.",  # default
    status_code=429,  # default
    headers=True,  # default
    rate_limit_headers="draft-11",  # L46
    skip_failed_requests=False,  # default
    skip_successful_requests=False,  # default
    counter="burst",  # L47
)


def orders_pipeline_3_rate_limit_rate_limit_by(x: Exchange) -> str:  # L49
    # ${consumer.id}
    return js.text(js.concat(js.get(js.consumer(x), "id")))


orders_pipeline_3_rate_limit = RateLimit(  # L48
    store,
    rate_limit_by=orders_pipeline_3_rate_limit_rate_limit_by,  # L49
    window_ms=86400000,  # L51
    delay_after=1,  # default
    delay_ms=0,  # L52
    max=env.integer("DAILY", 5000),  # L50
    message="Too many requests, please try again later.",  # default
    status_code=429,  # default
    headers=True,  # default
    rate_limit_headers="draft-11",  # L53
    skip_failed_requests=False,  # default
    skip_successful_requests=False,  # default
    counter="daily",  # L54
)

orders_pipeline_4_proxy = Proxy(  # L55
    shop,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

invoices_pipeline_1_key_auth = KeyAuth(  # L61
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=False,  # default
    pass_through=False,  # default
)


def invoices_pipeline_2_rate_limit_rate_limit_by(x: Exchange) -> str:  # L65
    # ${consumer.id}
    return js.text(js.concat(js.get(js.consumer(x), "id")))


invoices_pipeline_2_rate_limit = RateLimit(  # L63
    store,
    rate_limit_by=invoices_pipeline_2_rate_limit_rate_limit_by,  # L65
    window_ms=86400000,  # L67
    delay_after=1,  # default
    delay_ms=0,  # L68
    max=env.integer("DAILY", 5000),  # L66
    message="Too many requests, please try again later.",  # default
    status_code=429,  # default
    headers=True,  # default
    rate_limit_headers="draft-11",  # L70
    skip_failed_requests=True,  # L69
    skip_successful_requests=False,  # default
    counter="daily",  # L71
)

invoices_pipeline_3_proxy = Proxy(  # L72
    shop,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def search_pipeline(x: Exchange) -> Outcome:  # L22
    """Run rate-limit, then answer with proxy(shop)."""
    await search_pipeline_1_rate_limit(x)  # L26
    return search_pipeline_2_proxy(x)  # L32


async def orders_pipeline(x: Exchange) -> Outcome:  # L35
    """Run key-auth, rate-limit, rate-limit, then answer with proxy(shop)."""
    await orders_pipeline_1_key_auth(x)  # L38
    await orders_pipeline_2_rate_limit(x)  # L41
    await orders_pipeline_3_rate_limit(x)  # L48
    return orders_pipeline_4_proxy(x)  # L55


async def invoices_pipeline(x: Exchange) -> Outcome:  # L58
    """Run key-auth, rate-limit, then answer with proxy(shop)."""
    await invoices_pipeline_1_key_auth(x)  # L61
    await invoices_pipeline_2_rate_limit(x)  # L63
    return invoices_pipeline_3_proxy(x)  # L72


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(ANY, "/search", ANY, search, search_pipeline),  # L8
        Route(  # L11
            ANY,
            Path("/orders/*", r"^/orders/(.*)/?\Z", "0"),
            ANY,
            orders,
            orders_pipeline,
        ),
        Route(  # L13
            ANY,
            Path("/invoices/*", r"^/invoices/(.*)/?\Z", "0"),
            ANY,
            invoices,
            invoices_pipeline,
        ),
    ),
    administration=administration,  # L3
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    source=SOURCE_SHA256,
)
