"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host          path     methods   does
    shop.example  *        any       maintenance: terminate
    *             /coffee  GET POST  teapot: terminate
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.policies.terminate import Terminate
from egc.runtime.routing import ANY, Endpoint, Route

require(api=1)

SOURCE_SHA256 = "9bb124d6952fd74c697598c310e4ac116632afb59c18932f2d257cb5e866f805"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1


# ---- Endpoints and services -----------------------------------------------------

shop = Endpoint("shop", scopes=())  # L5
teapot = Endpoint("teapot", scopes=())  # L7


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

maintenance_1_terminate = Terminate(  # L16
    status_code=503,  # L18
    message=env.text("NOTICE", "We are back at noon."),  # L19
)

teapot_pipeline_2_terminate = Terminate(  # L27
    status_code=418,  # L27
    message="I'm a teapot",  # L27
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


def maintenance(x: Exchange) -> Outcome:  # L13
    """Answer with terminate."""
    return maintenance_1_terminate(x)  # L16


def teapot_pipeline(x: Exchange) -> Outcome:  # L20
    """Answer with terminate."""
    return teapot_pipeline_2_terminate(x)  # L27


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route("shop.example", ANY, ANY, shop, maintenance),  # L5
        Route(ANY, "/coffee", ("GET", "POST"), teapot, teapot_pipeline),  # L8
    ),
    listeners=(http,),
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
