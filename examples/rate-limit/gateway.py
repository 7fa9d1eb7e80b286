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

SOURCE_SHA256 = "1ff18d41d2044137cba6cf231cac9f2c05731894cc50fe8af761f7f24f59dff8"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

search = Endpoint("search", scopes=())  # L7
orders = Endpoint("orders", scopes=())  # L11
invoices = Endpoint("invoices", scopes=())  # L13
shop = Service("shop", urls=("http://localhost:3000",))  # L16


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

search_pipeline_1_rate_limit = RateLimit(  # L27
    store,
    window_ms=60000,  # L30
    delay_after=10,  # L31
    delay_ms=250,  # L32
    max=30,  # L29
    message="Too many requests, please try again later.",  # default
    status_code=429,  # default
    headers=True,  # default
    rate_limit_headers="x-ratelimit",  # default
    skip_failed_requests=False,  # default
    skip_successful_requests=False,  # default
    counter="search_pipeline_1_rate_limit",  # default
)

search_pipeline_2_proxy = Proxy(  # L33
    shop,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

orders_pipeline_1_key_auth = KeyAuth(  # L39
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=True,  # L40
    pass_through=False,  # default
)


def orders_pipeline_2_rate_limit_rate_limit_by(x: Exchange) -> str:  # L44
    # ${consumer.id}
    return js.text(js.concat(js.get(js.consumer(x), "id")))


orders_pipeline_2_rate_limit = RateLimit(  # L43
    store,
    rate_limit_by=orders_pipeline_2_rate_limit_rate_limit_by,  # L44
    window_ms=1000,  # L46
    delay_after=1,  # default
    delay_ms=0,  # L47
    max=20,  # L45
    message="Too many requests, please try again later.",  # default
    status_code=429,  # default
    headers=True,  # default
    rate_limit_headers="draft-11",  # L48
    skip_failed_requests=False,  # default
    skip_successful_requests=False,  # default
    counter="burst",  # L49
)


def orders_pipeline_3_rate_limit_rate_limit_by(x: Exchange) -> str:  # L51
    # ${consumer.id}
    return js.text(js.concat(js.get(js.consumer(x), "id")))


orders_pipeline_3_rate_limit = RateLimit(  # L50
    store,
    rate_limit_by=orders_pipeline_3_rate_limit_rate_limit_by,  # L51
    window_ms=86400000,  # L53
    delay_after=1,  # default
    delay_ms=0,  # L54
    max=env.integer("DAILY", 5000),  # L52
    message="Too many requests, please try again later.",  # default
    status_code=429,  # default
    headers=True,  # default
    rate_limit_headers="draft-11",  # L55
    skip_failed_requests=False,  # default
    skip_successful_requests=False,  # default
    counter="daily",  # L56
)

orders_pipeline_4_proxy = Proxy(  # L57
    shop,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

invoices_pipeline_1_key_auth = KeyAuth(  # L63
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=True,  # L64
    pass_through=False,  # default
)


def invoices_pipeline_2_rate_limit_rate_limit_by(x: Exchange) -> str:  # L68
    # ${consumer.id}
    return js.text(js.concat(js.get(js.consumer(x), "id")))


invoices_pipeline_2_rate_limit = RateLimit(  # L66
    store,
    rate_limit_by=invoices_pipeline_2_rate_limit_rate_limit_by,  # L68
    window_ms=86400000,  # L70
    delay_after=1,  # default
    delay_ms=0,  # L71
    max=env.integer("DAILY", 5000),  # L69
    message="Too many requests, please try again later.",  # default
    status_code=429,  # default
    headers=True,  # default
    rate_limit_headers="draft-11",  # L73
    skip_failed_requests=True,  # L72
    skip_successful_requests=False,  # default
    counter="daily",  # L74
)

invoices_pipeline_3_proxy = Proxy(  # L75
    shop,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def search_pipeline(x: Exchange) -> Outcome:  # L23
    """Run rate-limit, then answer with proxy(shop)."""
    await search_pipeline_1_rate_limit(x)  # L27
    return search_pipeline_2_proxy(x)  # L33


async def orders_pipeline(x: Exchange) -> Outcome:  # L36
    """Run key-auth, rate-limit, rate-limit, then answer with proxy(shop)."""
    await orders_pipeline_1_key_auth(x)  # L39
    await orders_pipeline_2_rate_limit(x)  # L43
    await orders_pipeline_3_rate_limit(x)  # L50
    return orders_pipeline_4_proxy(x)  # L57


async def invoices_pipeline(x: Exchange) -> Outcome:  # L60
    """Run key-auth, rate-limit, then answer with proxy(shop)."""
    await invoices_pipeline_1_key_auth(x)  # L63
    await invoices_pipeline_2_rate_limit(x)  # L66
    return invoices_pipeline_3_proxy(x)  # L75


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(ANY, "/search", ANY, search, search_pipeline),  # L8
        Route(  # L12
            ANY,
            Path("/orders/*", r"^/orders/(.*)/?\Z", "0"),
            ANY,
            orders,
            orders_pipeline,
        ),
        Route(  # L14
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
    serve="direct",  # default
    source=SOURCE_SHA256,
)
