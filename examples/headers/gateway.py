"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path  methods  does
    *     *     any      api: headers, proxy(backend)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, require
from egc.runtime import javascript as js
from egc.runtime.policies.headers import Headers
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Route
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "f43393359bf693ffacfc22ee646cc1009db8f666d8791d53a9d931a79e9fac41"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L2


# ---- Endpoints and services -----------------------------------------------------

api = Endpoint("api", scopes=())  # L5
backend = Service("backend", urls=("http://localhost:3000",))  # L9


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------


def api_pipeline_1_headers_forward_headers_reque(x: Exchange) -> js.Value:  # L24
    # requestID
    return x.request_id


def api_pipeline_1_headers_forward_headers_agent(x: Exchange) -> js.Value:  # L25
    # req.headers['user-agent'] || 'unknown'
    return js.header(x, "user-agent") or "unknown"


api_pipeline_1_headers = Headers(  # L19
    headers_prefix="x-gateway-",  # L21
    forward_headers={  # L23
        "name": "shop",
        "request": api_pipeline_1_headers_forward_headers_reque,
        "agent": api_pipeline_1_headers_forward_headers_agent,
    },
)

api_pipeline_2_proxy = Proxy(  # L26
    backend,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


def api_pipeline(x: Exchange) -> Outcome:  # L15
    """Run headers, then answer with proxy(backend)."""
    api_pipeline_1_headers(x)  # L19
    return api_pipeline_2_proxy(x)  # L26


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(ANY, ANY, ANY, api, api_pipeline),  # L5
    ),
    listeners=(http,),
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
