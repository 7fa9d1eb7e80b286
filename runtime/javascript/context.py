"""What a script sees of one exchange: `req`, `res` and `egContext`, live both ways (D116-D126, D346)."""

from typing import TYPE_CHECKING

from egc.runtime.exchange import Answered, Exchange
from egc.runtime.forms import parse
from egc.runtime.javascript.consumer import consumer_object
from egc.runtime.javascript.json_text import from_json
from egc.runtime.javascript.request import Headers, Request
from egc.runtime.javascript.response import Response
from egc.runtime.javascript.values import MISSING, UNDEFINED, Array, Missing, Object, Value, error, type_error, units

if TYPE_CHECKING:
    from egc.runtime.exchange import Consumer

_GIVEN = ("egContext", "consumer", "requestID", "req", "res", "apiEndpoint")


class Context:
    """What scripts have made of one exchange; `x.script` holds it.

    The properties of `req` and `res` stay for the whole request, those of egContext for one pipeline (D97, D100).
    """

    __slots__ = ("_consumer", "_consumer_of", "_query", "_request", "_response", "_scope", "_x", "headers")

    def __init__(self, x: Exchange) -> None:
        self._x = x
        self.headers: Headers | None = None
        self._query: Value = None
        self._request: Request | None = None
        self._response: Response | None = None
        self._scope: Scope | None = None
        self._consumer: Value = UNDEFINED
        self._consumer_of: Consumer | None = None

    def begin(self) -> None:
        """A new pipeline begins: a fresh egContext."""
        if self._scope is not None:
            self._scope.properties.clear()

    @property
    def request(self) -> Request:
        """`req`, made for the first script that asks for it."""
        if self._request is None:
            self._request = Request(self._x, self)
        return self._request

    @property
    def query(self) -> Value:
        """`req.query`, read for the first script that asks for it."""
        if self._query is None:
            # Of the URL as it came, and as Express reads queries: five brackets deep, lists of a thousand (D98).
            text = self._x.original_url.partition("?")[2]
            self._query = from_json(parse(text, depth=5, list_index=1000, strict=False))
        return self._query

    @property
    def response(self) -> Response:
        """`res`, made for the first script that asks for it."""
        if self._response is None:
            self._response = Response(self._x)
        return self._response

    @property
    def scope(self) -> "Scope":
        """egContext, made for the first script that asks for it."""
        if self._scope is None:
            self._scope = Scope(self._x, self)
        return self._scope

    def consumer(self, x: Exchange) -> Value:
        """The consumer as an object; the same one as long as the consumer is the same."""
        if x.consumer is None:
            return UNDEFINED
        if x.consumer is not self._consumer_of:
            self._consumer_of = x.consumer
            self._consumer = consumer_object(x.consumer, x.token)
        return self._consumer

    def adopt(self, x: Exchange, made: Object) -> None:
        """A script has assigned `req.user`: the object stays the one it made."""
        self._consumer_of = x.consumer
        self._consumer = made


class Scope(Object):
    """egContext, which is also where a script's global names live (D116-D124, D344)."""

    __slots__ = ("_context", "_x")

    def __init__(self, x: Exchange, context: Context) -> None:
        super().__init__()
        self._x = x
        self._context = context

    def own(self, key: str) -> Value | Missing:
        found = self.properties.get(key, MISSING)
        if not isinstance(found, Missing) or key not in _GIVEN:
            return found
        if key == "req":
            return self._context.request
        if key == "res":
            return self._context.response
        if key == "requestID":
            return self._x.request_id
        if key == "consumer":
            return self._context.consumer(self._x)
        return self if key == "egContext" else endpoint(self._x)

    def put(self, key: str, value: Value) -> None:
        if key in _GIVEN:
            raise type_error(f"Cannot assign to read only property '{key}' of egContext")
        self.properties[key] = value

    def delete(self, key: str) -> bool:
        if key in _GIVEN:
            raise type_error(f"Cannot delete property '{key}' of egContext")
        return super().delete(key)

    def names(self) -> list[str]:
        return [*_GIVEN, *super().names()]


def context(x: Exchange) -> Context:
    """The context of an exchange."""
    if x.script is None:
        x.script = Context(x)
    return x.script


def request(x: Exchange) -> Request:
    """`req`."""
    return context(x).request


def query(x: Exchange) -> Value:
    """`req.query`."""
    return context(x).query


def response(x: Exchange) -> Response:
    """`res`."""
    return context(x).response


def scope(x: Exchange) -> Scope:
    """`egContext`."""
    return context(x).scope


def consumer(x: Exchange) -> Value:
    """`consumer` and `req.user`."""
    return UNDEFINED if x.consumer is None else context(x).consumer(x)


def endpoint(x: Exchange) -> Value:
    """`apiEndpoint`: the definition that matched (D119)."""
    if x.route is None:
        return UNDEFINED
    definition = x.endpoint
    made: dict[str, Value] = {"apiEndpointName": units(definition.name)}
    made.update({units(name): from_json(value) for name, value in definition.properties.items()})
    made["scopes"] = Array([units(scope) for scope in definition.listed_scopes])
    return Object(made)


def name(scope: Scope, name: str) -> Value:
    """A name that a script has made. Raises a ReferenceError where none has."""
    if not scope.has(name):
        raise error("ReferenceError", f"{name} is not defined")
    return scope.get(name)


def declared(scope: Scope, name: str) -> None:
    """`var name`: the name is there, whatever it was before."""
    if not scope.has(name):
        scope.put(name, UNDEFINED)


def this(receiver: Value, scope: Scope) -> Value:
    """`this` inside a function: what it was called on, else egContext."""
    return scope if receiver is UNDEFINED or receiver is None else receiver


def finish(x: Exchange) -> None:
    """Raise Answered if a script has sent an answer (D423)."""
    if x.script is not None and x.script.response.answer is not None:
        raise Answered(x.script.response.answer)
