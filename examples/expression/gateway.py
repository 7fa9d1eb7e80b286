"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path      methods  does
    *     /shop/*   any      shop: expression, expression, express...
    *     /reports  any      reports: expression
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime import javascript as js
from egc.runtime.conditions.expression import Expression
from egc.runtime.policies.expression import RunExpression
from egc.runtime.policies.log import Log
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "742a4d6e48faed3128e906d5c804a68c5986e4311c0549c4761924c9c3d4e059"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1


# ---- Endpoints and services -----------------------------------------------------

shop = Endpoint("shop", scopes=())  # L4
reports = Endpoint("reports", scopes=())  # L6
shop_service = Service(  # L9
    "shop",
    urls=(env.url("SHOP_URL", "http://localhost:3000"),),
)


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------


def shop_pipeline_1_expression_jscode(x: Exchange) -> None:  # L22
    # if (req.method !== 'GET' && req.method !== 'POST') {
    #   res.status(405).send('Only GET and POST');
    # }
    res = js.response(x)
    if x.method != "GET" and x.method != "POST":
        js.call(js.call(res, "status", 405), "send", "Only GET and POST")
    js.finish(x)


shop_pipeline_1_expression = RunExpression(  # L21
    jscode=shop_pipeline_1_expression_jscode,  # L22
)

shop_pipeline_2_expression_jscode_pattern_1 = js.pattern("^/shop")


def shop_pipeline_2_expression_jscode(x: Exchange) -> None:  # L28
    # req.url = req.url.replace(/^\/shop/, '');
    # req.headers['x-came-as'] = req.originalUrl;
    js.set_url(
        x,
        js.call(
            x.url,
            "replace",
            js.regexp("^\\/shop", "", shop_pipeline_2_expression_jscode_pattern_1),
            "",
        ),
    )
    js.set_header(x, "x-came-as", x.original_url)


shop_pipeline_2_expression = RunExpression(  # L27
    jscode=shop_pipeline_2_expression_jscode,  # L28
)


def shop_pipeline_3_if_expression_expression(x: Exchange) -> js.Value:  # L32
    # 'x-user-context' in req.headers
    req = js.request(x)
    return js.contains("x-user-context", js.get(req, "headers"))


shop_pipeline_3_if_expression = Expression(  # L32
    expression=shop_pipeline_3_if_expression_expression,  # L32
)


def shop_pipeline_3_expression_jscode(x: Exchange) -> None:  # L34
    # const user = JSON.parse(req.headers['x-user-context']);
    # egContext.roles = (user.roles || []).map(role => role.toLowerCase()).join(',');
    # delete req.headers['x-user-context'];
    scope = js.scope(x)
    js.renew()
    js.put(scope, "user", js.call(js.JSON, "parse", js.header(x, "x-user-context")))
    t1: js.Value = js.get(js.name(scope, "user"), "roles")
    if not js.truthy(t1):
        t1 = js.array()

    def f1(_this: js.Value, arguments: js.Values) -> js.Value:
        role_: js.Value = js.argument(arguments, 0)
        return js.call(role_, "toLowerCase")

    js.put(
        scope,
        "roles",
        js.call(js.call(t1, "map", js.function(f1, "", 1)), "join", ","),
    )
    js.delete_header(x, "x-user-context")


shop_pipeline_3_expression = RunExpression(  # L32
    jscode=shop_pipeline_3_expression_jscode,  # L34
)


def shop_pipeline_4_if_expression_expression(x: Exchange) -> js.Value:  # L39
    # egContext.roles !== undefined
    scope = js.scope(x)
    return not js.same(js.get(scope, "roles"), js.UNDEFINED)


shop_pipeline_4_if_expression = Expression(  # L39
    expression=shop_pipeline_4_if_expression_expression,  # L39
)


def shop_pipeline_4_log_message(x: Exchange) -> str:  # L41
    # ${req.method} ${req.path} by ${egContext.roles}
    scope = js.scope(x)
    return js.text(js.concat(x.method, " ", x.path, " by ", js.get(scope, "roles")))


shop_pipeline_4_log = Log(  # L38
    message=shop_pipeline_4_log_message,  # L41
)

shop_pipeline_5_proxy = Proxy(  # L42
    shop_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


def reports_pipeline_1_expression_jscode(x: Exchange) -> None:  # L49
    # res.json({ at: new Date().toISOString(), page: Number(req.query.page ?? 1) })
    res = js.response(x)
    t2: js.Value = js.call(js.new(js.Date), "toISOString")
    t1: js.Value = js.get(js.query(x), "page")
    if js.nullish(t1):
        t1 = 1
    js.call(res, "json", js.record({"at": t2, "page": js.invoke(js.Number, t1)}))
    js.finish(x)


reports_pipeline_1_expression = RunExpression(  # L47
    jscode=reports_pipeline_1_expression_jscode,  # L49
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


def shop_pipeline(x: Exchange) -> Outcome:  # L16
    """Run expression, expression, expression, log, then answer with proxy(shop)."""
    outcome = shop_pipeline_1_expression(x)  # L21
    if outcome is not None:
        return outcome
    outcome = shop_pipeline_2_expression(x)  # L27
    if outcome is not None:
        return outcome
    if shop_pipeline_3_if_expression(x):  # L32
        outcome = shop_pipeline_3_expression(x)  # L32
        if outcome is not None:
            return outcome
    if shop_pipeline_4_if_expression(x):  # L39
        shop_pipeline_4_log(x)  # L38
    return shop_pipeline_5_proxy(x)  # L42


def reports_pipeline(x: Exchange) -> Outcome:  # L44
    """Run expression; then the next endpoint that matches is asked."""
    outcome = reports_pipeline_1_expression(x)  # L47
    if outcome is not None:
        return outcome
    return None


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L5
            ANY,
            Path("/shop/*", r"^/shop/(.*)/?\Z", "0"),
            ANY,
            shop,
            shop_pipeline,
        ),
        Route(ANY, "/reports", ANY, reports, reports_pipeline),  # L7
    ),
    listeners=(http,),
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
