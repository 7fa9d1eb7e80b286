"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path     methods  does
    *     /files*  any      files: oauth2-introspect, proxy(storage)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.policies.oauth2_introspect import OAuth2Introspect
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "f7e8ec6a8b8c6917aca7b39ca4a2170b79b34e33ee2fcb265aa415e8a9b44563"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1


# ---- Endpoints and services -----------------------------------------------------

files = Endpoint("files", scopes=("files:read",))  # L4
storage = Service("storage", urls=("http://localhost:3000",))  # L8


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

files_pipeline_1_oauth2_introspect = OAuth2Introspect(  # L17
    endpoint="https://login.example.com/oauth2/introspect",  # L19
    authorization_value="Basic " + env.text("INTROSPECTION_CLIENT"),  # L21
    timeout=2.0,  # L22
    ttl=30,  # L23
    pass_through=False,  # default
)

files_pipeline_2_proxy = Proxy(  # L24
    storage,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def files_pipeline(x: Exchange) -> Outcome:  # L14
    """Run oauth2-introspect, then answer with proxy(storage)."""
    await files_pipeline_1_oauth2_introspect(x)  # L17
    return files_pipeline_2_proxy(x)  # L24


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L5
            ANY,
            Path("/files*", r"^/files(.*)/?\Z", "0"),
            ANY,
            files,
            files_pipeline,
        ),
    ),
    listeners=(http,),
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
