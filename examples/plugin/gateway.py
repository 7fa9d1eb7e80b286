"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path    methods  does
    *     /api/*  any      main: ip-allow-list, count-callers, t...
"""

from plugins.callers import Callers
from plugins.callers.conditions.from_network import FromNetwork
from plugins.callers.policies.count_callers import CountCallers
from plugins.callers.policies.ip_allow_list import IpAllowList

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.admin import AdminApi
from egc.runtime.policies.proxy import Proxy
from egc.runtime.policies.terminate import Terminate
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "234ab70abe716ee94cbd44afd11a0de995caeed51359015e8d4acc180a1ad377"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

api = Endpoint("api", scopes=())  # L6
orders = Service(  # L10
    "orders",
    urls=(env.url("ORDERS_URL", "http://localhost:8001"),),
)


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Plugins of system.config ---------------------------------------------------------

callers = Callers(  # system.config.yml:L2
    remember=50,  # system.config.yml:L4
)


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

main_1_ip_allow_list = IpAllowList(  # L21
    networks=("127.0.0.0/8", "10.0.0.0/8", "::1/128"),  # L22
)

main_2_count_callers = CountCallers(callers)  # L23

main_3_if_from_network = FromNetwork(  # L26
    network="10.9.0.0/16",  # L26
)

main_3_terminate = Terminate(  # L24
    status_code=403,  # L27
    message="Not from there",  # L27
)

main_4_proxy = Proxy(  # L28
    orders,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


def main(x: Exchange) -> Outcome:  # L18
    """Run ip-allow-list, count-callers, terminate, then answer with proxy(orders)."""
    main_1_ip_allow_list(x)  # L21
    main_2_count_callers(x)  # L23
    if main_3_if_from_network(x):  # L26
        return main_3_terminate(x)  # L24
    return main_4_proxy(x)  # L28


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(ANY, Path("/api/*", r"^/api/(.*)/?\Z", "0"), ANY, api, main),  # L7
    ),
    administration=administration,  # L3
    plugins=(callers,),
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
