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

SOURCE_SHA256 = "5b7603ac96ef138a9c1cb11cd3550bfa2aa861559a61042758f6d4e5d0baf355"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1


# ---- Endpoints and services -----------------------------------------------------

shop = Endpoint("shop", scopes=())  # L5
reports = Endpoint("reports", scopes=())  # L7
shop_service = Service("shop", urls=("http://localhost:3000",))  # L11
reports_service = Service("reports", urls=("http://localhost:3001",))  # L13


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

shop_pipeline_1_if_method = Method(  # L30
    methods="DELETE",  # L31
)

shop_pipeline_1_if_host_match = HostMatch(  # L34
    pattern=pattern(r"^[^.].*\.internal:8080\Z"),  # L35
)

shop_pipeline_1_terminate = Terminate(  # L27
    status_code=403,  # L37
    message="Not from here",  # L38
)

shop_pipeline_2_if_path_exact = PathExact(  # L42
    path="/shop/archive",  # L43
)

shop_pipeline_2_if_path_match = PathMatch(  # L44
    pattern=pattern("^/shop/archive/"),  # L45
)

shop_pipeline_2_terminate = Terminate(  # L39
    status_code=410,  # L47
    message="Gone",  # L48
)


def shop_pipeline_3_if_expression_expression(x: Exchange) -> js.Value:  # L53
    # !['GET', 'HEAD', 'OPTIONS'].includes(req.method)
    return js.negation(
        js.truthy(js.call(js.array("GET", "HEAD", "OPTIONS"), "includes", x.method)),
    )


shop_pipeline_3_if_expression = Expression(  # L52
    expression=shop_pipeline_3_if_expression_expression,  # L53
)

shop_pipeline_3_key_auth = KeyAuth(  # L49
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=False,  # default
    pass_through=False,  # default
)

shop_pipeline_4_proxy = Proxy(  # L54
    shop_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

reports_pipeline_1_if_tls_client_authenticat = TlsClientAuthenticated()  # L66

reports_pipeline_1_key_auth = KeyAuth(  # L61
    store,
    api_key_header="Authorization",  # default
    api_key_header_scheme="apiKey",  # default
    disable_headers_scheme=False,  # default
    disable_headers=False,  # default
    api_key_field="apiKey",  # default
    disable_query_param=False,  # default
    pass_through=True,  # L68
)

reports_pipeline_2_if_anonymous = Anonymous()  # L73

reports_pipeline_2_if_tls_client_authenticat = TlsClientAuthenticated()  # L76

reports_pipeline_2_terminate = Terminate(  # L70
    status_code=401,  # L78
    message="Who are you?",  # L79
)

reports_pipeline_4_if_authenticated = Authenticated()  # L85

reports_pipeline_4_if_json_schema = JsonSchema(  # L87
    schema=Schema({"type": "object", "required": ("dropTables",)}),  # L89
    log_errors=False,  # default
)

reports_pipeline_4_terminate = Terminate(  # L82
    status_code=400,  # L92
    message="No",  # L93
)

reports_pipeline_5_proxy = Proxy(  # L94
    reports_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def shop_pipeline(x: Exchange) -> Outcome:  # L22
    """Run terminate, terminate, key-auth, then answer with proxy(shop)."""
    if shop_pipeline_1_if_method(x) and not shop_pipeline_1_if_host_match(x):  # L28
        return shop_pipeline_1_terminate(x)  # L27
    if shop_pipeline_2_if_path_exact(x) or shop_pipeline_2_if_path_match(x):  # L40
        return shop_pipeline_2_terminate(x)  # L39
    if shop_pipeline_3_if_expression(x):  # L52
        await shop_pipeline_3_key_auth(x)  # L49
    return shop_pipeline_4_proxy(x)  # L54


async def reports_pipeline(x: Exchange) -> Outcome:  # L58
    """Run key-auth, terminate, terminate, then answer with proxy(reports)."""
    if not reports_pipeline_1_if_tls_client_authenticat(x):  # L64
        await reports_pipeline_1_key_auth(x)  # L61
    met = reports_pipeline_2_if_anonymous(x)  # L71
    if met:
        met = not reports_pipeline_2_if_tls_client_authenticat(x)
    if met:
        return reports_pipeline_2_terminate(x)  # L70
    met = reports_pipeline_4_if_authenticated(x)  # L83
    if met:
        met = await reports_pipeline_4_if_json_schema(x)
    if met:
        return reports_pipeline_4_terminate(x)  # L82
    return reports_pipeline_5_proxy(x)  # L94


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
        Route(  # L8
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
    source=SOURCE_SHA256,
)
