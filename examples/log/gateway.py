"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path             methods  does
    *     /orders/:number  any      orders: log, proxy(orders)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, require
from egc.runtime import javascript as js
from egc.runtime.policies.log import Log
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "d85da75482fabce78f47fda913274271a5ef7b487a0608ba9d2fe68429fbb5bd"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L2


# ---- Endpoints and services -----------------------------------------------------

orders = Endpoint("orders", scopes=())  # L5
orders_service = Service("orders", urls=("http://localhost:3000",))  # L10


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------


def orders_pipeline_1_log_message(x: Exchange) -> str:  # L22
    # ${req.method} order ${req.params.number} from ${req.ip}
    req = js.request(x)
    return js.text(
        js.concat(
            x.method,
            " order ",
            js.get(js.get(req, "params"), "number"),
            " from ",
            js.address(x),
        ),
    )


orders_pipeline_1_log = Log(  # L20
    message=orders_pipeline_1_log_message,  # L22
)

orders_pipeline_2_proxy = Proxy(  # L23
    orders_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


def orders_pipeline(x: Exchange) -> Outcome:  # L16
    """Run log, then answer with proxy(orders)."""
    orders_pipeline_1_log(x)  # L20
    return orders_pipeline_2_proxy(x)  # L23


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L7
            ANY,
            Path("/orders/:number", r"^/orders/([^/]+?)/?\Z", "number"),
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
