"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path         methods  does
    *     /products/*  any      products: response-transformer, proxy...
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, require
from egc.runtime import javascript as js
from egc.runtime.policies.proxy import Proxy
from egc.runtime.policies.response_transformer import ResponseTransformer
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "c84ac3fd8a2a95fcdd5cf797f0b613fad4c8a0402953b90acfee7082208345f4"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L2


# ---- Endpoints and services -----------------------------------------------------

products = Endpoint("products", scopes=())  # L5
products_service = Service("products", urls=("http://localhost:3000",))  # L10


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------


def products_pipeline_1_response_transformer_hea(x: Exchange) -> js.Value:  # L25
    # requestID
    return x.request_id


products_pipeline_1_response_transformer = ResponseTransformer(  # L20
    headers={  # L23
        "add": {
            "cache-control": "max-age=60",
            "x-request": products_pipeline_1_response_transformer_hea,
        },
        "remove": ("server", "x-powered-by"),
    },
    body={"add": {"served": "shop"}, "remove": ("purchasePrice", "supplier")},  # L28
)

products_pipeline_2_proxy = Proxy(  # L31
    products_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


def products_pipeline(x: Exchange) -> Outcome:  # L16
    """Run response-transformer, then answer with proxy(products)."""
    products_pipeline_1_response_transformer(x)  # L20
    return products_pipeline_2_proxy(x)  # L31


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L7
            ANY,
            Path("/products/*", r"^/products/(.*)/?\Z", "0"),
            ANY,
            products,
            products_pipeline,
        ),
    ),
    listeners=(http,),
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
