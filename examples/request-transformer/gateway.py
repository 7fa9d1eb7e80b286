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

SOURCE_SHA256 = "61fc94e0f9ff7abb41f770e6c2629698b3a5782752ea561a4cc65d99a37fb657"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L2


# ---- Endpoints and services -----------------------------------------------------

people = Endpoint("people", scopes=())  # L5
people_service = Service("people", urls=("http://localhost:3000",))  # L10


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

people_pipeline_1_if_json_schema = JsonSchema(  # L22
    schema=Schema(  # L24
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


def people_pipeline_1_request_transformer_header(x: Exchange) -> js.Value:  # L33
    # req.path
    return x.path


def people_pipeline_1_request_transformer_body_a(x: Exchange) -> js.Value:  # L37
    # req.body.first + ' ' + req.body.last
    req = js.request(x)
    return js.add(
        js.add(js.get(js.get(req, "body"), "first"), " "),
        js.get(js.get(req, "body"), "last"),
    )


people_pipeline_1_request_transformer = RequestTransformer(  # L20
    headers={  # L31
        "add": {
            "x-source": "form",
            "x-path": people_pipeline_1_request_transformer_header,
        },
        "remove": ("cookie", "x-tracking-id"),
    },
    body={  # L36
        "add": {"name": people_pipeline_1_request_transformer_body_a},
        "remove": ("first", "last"),
    },
)

people_pipeline_2_proxy = Proxy(  # L39
    people_service,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def people_pipeline(x: Exchange) -> Outcome:  # L16
    """Run request-transformer, then answer with proxy(people)."""
    if await people_pipeline_1_if_json_schema(x):  # L22
        await people_pipeline_1_request_transformer(x)  # L20
    return people_pipeline_2_proxy(x)  # L39


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(ANY, "/people", ANY, people, people_pipeline),  # L7
    ),
    listeners=(http,),
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
