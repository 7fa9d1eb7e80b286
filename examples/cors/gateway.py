"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host              path       methods  does
    api.shop.example  /orders/*  any      orders: cors, proxy(orders)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, require
from egc.runtime.patterns import pattern
from egc.runtime.policies.cors import Cors
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "25a1149636c7f4c39f83ac8e0e37759bc5ff92a7ceb71b3e3187f828d39938ba"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L2


# ---- Endpoints and services -----------------------------------------------------

orders = Endpoint("orders", scopes=())  # L5
orders_service = Service("orders", urls=("http://localhost:3000",))  # L10


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

orders_pipeline_1_cors = Cors(  # L20
    origin=(  # L23
        "https://shop.example",
        pattern(r"^https://[\d\-a-z]+\.preview\.shop\.example\Z"),
    ),
    methods=("GET", "POST"),  # L25
    exposed_headers=("Location", "ETag"),  # L26
    credentials=True,  # L27
    max_age=600,  # L28
    options_success_status=204,  # default
    preflight_continue=False,  # default
)

orders_pipeline_2_proxy = Proxy(  # L29
    orders_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


def orders_pipeline(x: Exchange) -> Outcome:  # L16
    """Run cors, then answer with proxy(orders)."""
    outcome = orders_pipeline_1_cors(x)  # L20
    if outcome is not None:
        return outcome
    return orders_pipeline_2_proxy(x)  # L29


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L7
            "api.shop.example",
            Path("/orders/*", r"^/orders/(.*)/?\Z", "0"),
            ANY,
            orders,
            orders_pipeline,
        ),
    ),
    listeners=(http,),
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
