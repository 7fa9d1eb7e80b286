"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path     methods  does
    *     /people  any      people: request-transformer, proxy(pe...
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, require
from egc.runtime import javascript as js
from egc.runtime.conditions.json_schema import JsonSchema
from egc.runtime.json_schema import Schema
from egc.runtime.policies.proxy import Proxy
from egc.runtime.policies.request_transformer import RequestTransformer
from egc.runtime.routing import ANY, Endpoint, Route
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "8e407285eba2588849b12291b4c121e6b170bbae11aa009716e486b3f02fae62"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L2


# ---- Endpoints and services -----------------------------------------------------

people = Endpoint("people", scopes=())  # L5
people_service = Service("people", urls=("http://localhost:3000",))  # L9


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

people_pipeline_1_if_json_schema = JsonSchema(  # L21
    schema=Schema(  # L23
        {
            "type": "object",
            "required": ("first", "last"),
            "properties": {
                "first": {"type": "string", "maxLength": 80},
                "last": {"type": "string", "maxLength": 80},
            },
        },
    ),
    log_errors=False,  # default
)


def people_pipeline_1_request_transformer_header(x: Exchange) -> js.Value:  # L32
    # req.path
    return x.path


def people_pipeline_1_request_transformer_body_a(x: Exchange) -> js.Value:  # L36
    # req.body.first + ' ' + req.body.last
    req = js.request(x)
    return js.add(
        js.add(js.get(js.get(req, "body"), "first"), " "),
        js.get(js.get(req, "body"), "last"),
    )


people_pipeline_1_request_transformer = RequestTransformer(  # L19
    headers={  # L30
        "add": {
            "x-source": "form",
            "x-path": people_pipeline_1_request_transformer_header,
        },
        "remove": ("cookie", "x-tracking-id"),
    },
    body={  # L35
        "add": {"name": people_pipeline_1_request_transformer_body_a},
        "remove": ("first", "last"),
    },
)

people_pipeline_2_proxy = Proxy(  # L38
    people_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def people_pipeline(x: Exchange) -> Outcome:  # L15
    """Run request-transformer, then answer with proxy(people)."""
    if await people_pipeline_1_if_json_schema(x):  # L21
        await people_pipeline_1_request_transformer(x)  # L19
    return people_pipeline_2_proxy(x)  # L38


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(ANY, "/people", ANY, people, people_pipeline),  # L7
    ),
    listeners=(http,),
    access_log=True,  # default
    source=SOURCE_SHA256,
)
