"""Gateway compiled from gateway.config.yml. Do not edit: edit that file, run `egc build`.

A comment `L28` names the line of gateway.config.yml that the code beside it comes from.

    host  path       methods  does
    *     /reports*  any      staff: basic-auth, proxy(intranet)
    *     /payroll*  any      staff: basic-auth, proxy(intranet)
    *     /news*     any      public: basic-auth, proxy(intranet)
"""

from egc.runtime import Exchange, Gateway, Listener, Outcome, env, require
from egc.runtime.admin import AdminApi
from egc.runtime.policies.basic_auth import BasicAuth
from egc.runtime.policies.proxy import Proxy
from egc.runtime.routing import ANY, Endpoint, Path, Route
from egc.runtime.store.sqlite import SQLiteStore
from egc.runtime.upstream import Service

require(api=1)

SOURCE_SHA256 = "c4ded5261acac9078937790f1b3d735c53803fe19d5069c65453911782ecbffd"


# ---- Listeners ----------------------------------------------------------------

http = Listener("http", port=8080)  # L1
admin = Listener("admin", host="localhost", port=9876)  # L3


# ---- Endpoints and services -----------------------------------------------------

reports = Endpoint("reports", scopes=())  # L7
payroll = Endpoint("payroll", scopes=("payroll",))  # L10
news = Endpoint("news", scopes=())  # L14
intranet = Service("intranet", urls=("http://localhost:3000",))  # L18


# ---- State, and who looks after it ------------------------------------------------

store = SQLiteStore(env.data_dir(__file__))  # default
administration = AdminApi(store, env.beside(__file__, "admin.json"))  # L3


# ---- Steps, one object each, named <pipeline>_<position>_<policy> -----------------

staff_1_basic_auth = BasicAuth(  # L27
    store,
    pass_through=False,  # default
)

staff_2_proxy = Proxy(  # L28
    intranet,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)

public_1_basic_auth = BasicAuth(  # L33
    store,
    pass_through=True,  # L34
)

public_2_proxy = Proxy(  # L35
    intranet,
    change_origin=True,  # default
    prepend_path=True,  # default
    ignore_path=False,  # default
    strip_path=False,  # default
    xfwd=False,  # default
)


# ---- Pipelines decide: a step that refuses raises, the last one says what to do ----


async def staff(x: Exchange) -> Outcome:  # L24
    """Run basic-auth, then answer with proxy(intranet)."""
    await staff_1_basic_auth(x)  # L27
    return staff_2_proxy(x)  # L28


async def public(x: Exchange) -> Outcome:  # L30
    """Run basic-auth, then answer with proxy(intranet)."""
    await public_1_basic_auth(x)  # L33
    return public_2_proxy(x)  # L35


# ---- The application: first match wins, in the order of the config -----------------

app = Gateway(
    routes=(
        Route(  # L8
            ANY,
            Path("/reports*", r"^/reports(.*)/?\Z", "0"),
            ANY,
            reports,
            staff,
        ),
        Route(  # L11
            ANY,
            Path("/payroll*", r"^/payroll(.*)/?\Z", "0"),
            ANY,
            payroll,
            staff,
        ),
        Route(ANY, Path("/news*", r"^/news(.*)/?\Z", "0"), ANY, news, public),  # L15
    ),
    administration=administration,  # L3
    listeners=(http, admin),
    store=store,
    access_log=True,  # default
    serve="direct",  # default
    source=SOURCE_SHA256,
)
