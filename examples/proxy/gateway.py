r"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host            path                         methods              does
    *               /api/orders                  GET POST PUT DELETE  orders: proxy(orders)
    *               /api/orders/*                GET POST PUT DELETE  orders: proxy(orders)
    *.shop.example  /customers/:id(\d+)/files/*  any                  files: proxy(storage)
    *.shop.example  ^/(?:index|home)\.php$       any                  files: proxy(storage)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Host, Path, Route
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "26a535f5a4050566345a50e3dec18fc51117c04c0ef2076a45278b5d2f659002"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1


# ---- Endpoints and services -----------------------------------------------------

orders = Endpoint("orders", scopes=())  # L5
files = Endpoint("files", scopes=())  # L12
legacy = Endpoint("legacy", scopes=())  # L17
orders_service = Service(  # L23
    "orders",
    urls=("http://orders-1.internal:3000", "http://orders-2.internal:3000"),
)
storage = Service(  # L27
    "storage",
    urls=(env.url("STORAGE_URL", "http://localhost:9000/bucket"),),
)


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

orders_pipeline_1_proxy = Proxy(  # L38
    orders_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=True,  # L41
)

files_pipeline_1_proxy = Proxy(  # L45
    storage,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
    headers={  # L49
        "X-Api-Version": "2",
        "Authorization": "Bearer " + env.text("STORAGE_TOKEN"),
    },
    proxy_timeout=5.0,  # L31
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


def orders_pipeline(x: Exchange) -> Outcome:  # L35
    """Answer with proxy(orders)."""
    return orders_pipeline_1_proxy(x)  # L38


def files_pipeline(x: Exchange) -> Outcome:  # L42
    """Answer with proxy(storage)."""
    return files_pipeline_1_proxy(x)  # L45


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L7
            ANY,
            "/api/orders",
            ("GET", "POST", "PUT", "DELETE"),
            orders,
            orders_pipeline,
        ),
        Route(  # L8
            ANY,
            Path("/api/orders/*", r"^/api/orders/(.*)/?\Z", "0"),
            ("GET", "POST", "PUT", "DELETE"),
            orders,
            orders_pipeline,
        ),
        Route(  # L14
            Host("*.shop.example", r"[^.]+\.shop\.example\Z"),
            Path(
                r"/customers/:id(\d+)/files/*",
                r"^/customers/(\d+)/files/(.*)/?\Z",
                "id",
                "0",
            ),
            ANY,
            files,
            files_pipeline,
        ),
        Route(  # L19
            Host("*.shop.example", r"[^.]+\.shop\.example\Z"),
            Path(r"^/(?:index|home)\.php$", r"^/(?:index|home)\.php\Z", sensitive=True),
            ANY,
            legacy,
            files_pipeline,
        ),
    ),
    listeners=(http,),
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
