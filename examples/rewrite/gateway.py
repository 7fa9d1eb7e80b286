"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path     methods  does
    *     /api/*   any      api: rewrite, rewrite, proxy(orders)
    *     /shop    any      old: rewrite, terminate
    *     /shop/*  any      old: rewrite, terminate
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.conditions.method import Method
from egc.runtime.conditions.pathmatch import Pathmatch
from egc.runtime.conditions.regexpmatch import Regexpmatch
from egc.runtime.fill import Fill, Part
from egc.runtime.patterns import pattern
from egc.runtime.policies.proxy import Proxy
from egc.runtime.policies.rewrite import Rewrite
from egc.runtime.policies.terminate import Terminate
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "4dd68b0c041a5f224ae94fbcc20df941b6a7fe94d75df5e7f96fded7ee25759f"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1


# ---- Endpoints and services -----------------------------------------------------

api = Endpoint("api", scopes=())  # L4
old = Endpoint("old", scopes=())  # L7
orders = Service(  # L10
    "orders",
    urls=(env.url("ORDERS_URL", "http://localhost:8001"),),
)


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

api_pipeline_1_if_regexpmatch = Regexpmatch(  # L22
    match=pattern(r"^/api/v1/?(.*)\Z"),  # L22
)

api_pipeline_1_rewrite = Rewrite(  # L22
    rewrite="/$1",  # L23
)

api_pipeline_2_if_method = Method(  # L27
    methods="GET",  # L27
)

api_pipeline_2_if_pathmatch = Pathmatch(  # L28
    match=pattern(  # L28
        r"^/api/customers/([^/]+?)(?:/([^/]+?(?:/[^/]+?)*))?/?\Z",
        ignore_case=True,
    ),
    names=("id", "rest"),  # L28
)

api_pipeline_2_rewrite = Rewrite(  # L24
    rewrite=Fill(  # L29
        "/v2",
        Part("rest", pattern(r"^[^/]+\Z", ignore_case=True), prefix="/", optional=True),
        "/of",
        Part("id", pattern(r"^[^/]+\Z", ignore_case=True), prefix="/"),
    ),
)

api_pipeline_3_proxy = Proxy(  # L30
    orders,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

old_pipeline_1_if_pathmatch = Pathmatch(  # L36
    match=pattern(r"^/shop(?:/([^/]+?(?:/[^/]+?)*))?/?\Z", ignore_case=True),  # L36
    names=("rest",),  # L36
)

old_pipeline_1_rewrite = Rewrite(  # L35
    rewrite=Fill(  # L37
        "https://shop.example",
        Part("rest", pattern(r"^[^/]+\Z", ignore_case=True), prefix="/", optional=True),
    ),
    redirect=301,  # L37
)

old_pipeline_2_terminate = Terminate(  # L38
    status_code=404,  # L39
    message="No such page",  # L39
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


def api_pipeline(x: Exchange) -> Outcome:  # L17
    """Run rewrite, rewrite, then answer with proxy(orders)."""
    if api_pipeline_1_if_regexpmatch(x):  # L22
        api_pipeline_1_rewrite(x)  # L22
    if api_pipeline_2_if_method(x) and api_pipeline_2_if_pathmatch(x):  # L25
        api_pipeline_2_rewrite(x)  # L24
    return api_pipeline_3_proxy(x)  # L30


def old_pipeline(x: Exchange) -> Outcome:  # L32
    """Run rewrite, then answer with terminate."""
    if old_pipeline_1_if_pathmatch(x):  # L36
        return old_pipeline_1_rewrite(x)  # L35
    return old_pipeline_2_terminate(x)  # L38


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L5
            ANY,
            Path("/api/*", r"^/api/(.*)/?\Z", "0"),
            ANY,
            api,
            api_pipeline,
        ),
        Route(ANY, "/shop", ANY, old, old_pipeline),  # L8
        Route(  # L8
            ANY,
            Path("/shop/*", r"^/shop/(.*)/?\Z", "0"),
            ANY,
            old,
            old_pipeline,
        ),
    ),
    listeners=(http,),
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
