"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path        methods  does
    *     /shop/*     any      shop: terminate, terminate, key-auth,...
    *     /reports/*  any      reports: key-auth, terminate, termina...
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime import javascript as js
from egc.runtime.conditions.anonymous import Anonymous
from egc.runtime.conditions.authenticated import Authenticated
from egc.runtime.conditions.expression import Expression
from egc.runtime.conditions.host_match import HostMatch
from egc.runtime.conditions.json_schema import JsonSchema
from egc.runtime.conditions.method import Method
from egc.runtime.conditions.path_exact import PathExact
from egc.runtime.conditions.path_match import PathMatch
from egc.runtime.conditions.tls_client_authenticated import TlsClientAuthenticated
from egc.runtime.json_schema import Schema
from egc.runtime.patterns import pattern
from egc.runtime.policies.key_auth import KeyAuth
from egc.runtime.policies.proxy import Proxy
from egc.runtime.policies.terminate import Terminate
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "47f7b36f9ad66caaa78c139391bf7b1506fe8986a766dad74e00767d5baee2ea"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1


# ---- Endpoints and services -----------------------------------------------------

shop = Endpoint("shop", scopes=())  # L5
reports = Endpoint("reports", scopes=())  # L8
shop_service = Service("shop", urls=("http://localhost:3000",))  # L12
reports_service = Service("reports", urls=("http://localhost:3001",))  # L14


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

shop_pipeline_1_if_method = Method(  # L31
    methods="DELETE",  # L32
)

shop_pipeline_1_if_host_match = HostMatch(  # L35
    pattern=pattern(r"^[^.].*\.internal:8080\Z"),  # L36
)

shop_pipeline_1_terminate = Terminate(  # L28
    status_code=403,  # L38
    message="Not from here",  # L39
)

shop_pipeline_2_if_path_exact = PathExact(  # L43
    path="/shop/archive",  # L44
)

shop_pipeline_2_if_path_match = PathMatch(  # L45
    pattern=pattern("^/shop/archive/"),  # L46
)

shop_pipeline_2_terminate = Terminate(  # L40
    status_code=410,  # L48
    message="Gone",  # L49
)


def shop_pipeline_3_if_expression_expression(x: Exchange) -> js.Value:  # L54
    # !['GET', 'HEAD', 'OPTIONS'].includes(req.method)
    return js.negation(
        js.truthy(js.call(js.array("GET", "HEAD", "OPTIONS"), "includes", x.method)),
    )


shop_pipeline_3_if_expression = Expression(  # L53
    expression=shop_pipeline_3_if_expression_expression,  # L54
)

shop_pipeline_3_key_auth = KeyAuth(  # L50
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=True,  # L56
    pass_through=False,  # default
)

shop_pipeline_4_proxy = Proxy(  # L57
    shop_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

reports_pipeline_1_if_tls_client_authenticat = TlsClientAuthenticated()  # L69

reports_pipeline_1_key_auth = KeyAuth(  # L64
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=True,  # L72
    pass_through=True,  # L71
)

reports_pipeline_2_if_anonymous = Anonymous()  # L77

reports_pipeline_2_if_tls_client_authenticat = TlsClientAuthenticated()  # L80

reports_pipeline_2_terminate = Terminate(  # L74
    status_code=401,  # L82
    message="Who are you?",  # L83
)

reports_pipeline_4_if_authenticated = Authenticated()  # L89

reports_pipeline_4_if_json_schema = JsonSchema(  # L91
    schema=Schema({"type": "object", "required": ("dropTables",)}),  # L93
    log_errors=False,  # default
)

reports_pipeline_4_terminate = Terminate(  # L86
    status_code=400,  # L96
    message="No",  # L97
)

reports_pipeline_5_proxy = Proxy(  # L98
    reports_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def shop_pipeline(x: Exchange) -> Outcome:  # L23
    """Run terminate, terminate, key-auth, then answer with proxy(shop)."""
    if shop_pipeline_1_if_method(x) and not shop_pipeline_1_if_host_match(x):  # L29
        return shop_pipeline_1_terminate(x)  # L28
    if shop_pipeline_2_if_path_exact(x) or shop_pipeline_2_if_path_match(x):  # L41
        return shop_pipeline_2_terminate(x)  # L40
    if shop_pipeline_3_if_expression(x):  # L53
        await shop_pipeline_3_key_auth(x)  # L50
    return shop_pipeline_4_proxy(x)  # L57


async def reports_pipeline(x: Exchange) -> Outcome:  # L61
    """Run key-auth, terminate, terminate, then answer with proxy(reports)."""
    if not reports_pipeline_1_if_tls_client_authenticat(x):  # L67
        await reports_pipeline_1_key_auth(x)  # L64
    met = reports_pipeline_2_if_anonymous(x)  # L75
    if met:
        met = not reports_pipeline_2_if_tls_client_authenticat(x)
    if met:
        return reports_pipeline_2_terminate(x)  # L74
    met = reports_pipeline_4_if_authenticated(x)  # L87
    if met:
        met = await reports_pipeline_4_if_json_schema(x)
    if met:
        return reports_pipeline_4_terminate(x)  # L86
    return reports_pipeline_5_proxy(x)  # L98


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L6
            ANY,
            Path("/shop/*", r"^/shop/(.*)/?\Z", "0"),
            ANY,
            shop,
            shop_pipeline,
        ),
        Route(  # L9
            ANY,
            Path("/reports/*", r"^/reports/(.*)/?\Z", "0"),
            ANY,
            reports,
            reports_pipeline,
        ),
    ),
    listeners=(http,),
    store=store,
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
