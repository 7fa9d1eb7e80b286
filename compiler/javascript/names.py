"""The names that a script may use: those of its context, and what of the language there is (D343, D361)."""

CONTEXT = frozenset(("req", "res", "consumer", "egContext", "requestID", "apiEndpoint"))
"""What the gateway gives a script. None of these can be assigned."""

NOT_IN_CONTEXT = {
    "run": "write the code itself: text is never run as code",
    "match": "write the comparison itself",
    "evaluateAsTemplateString": "write a template: `...${ }...`",
    "requestStream": "use the policy request-transformer to change the body",
}
"""Members of Express Gateway's context that are not there, and what to write instead."""

MEMBERS: dict[str, frozenset[str]] = {
    "Object": frozenset(("keys", "values", "entries", "assign", "fromEntries", "is", "hasOwn", "freeze", "isFrozen")),
    "Array": frozenset(("isArray", "of", "from")),
    "String": frozenset(("fromCharCode", "fromCodePoint", "raw")),
    "Number": frozenset(
        (
            "isInteger",
            "isSafeInteger",
            "isFinite",
            "isNaN",
            "parseInt",
            "parseFloat",
            "EPSILON",
            "MAX_SAFE_INTEGER",
            "MIN_SAFE_INTEGER",
            "MAX_VALUE",
            "MIN_VALUE",
            "NaN",
            "POSITIVE_INFINITY",
            "NEGATIVE_INFINITY",
        )
    ),
    "Boolean": frozenset(()),
    "JSON": frozenset(("parse", "stringify")),
    "Math": frozenset(
        (
            *("E", "LN10", "LN2", "LOG10E", "LOG2E", "PI", "SQRT1_2", "SQRT2"),
            *("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "atan2", "cbrt", "ceil", "clz32", "cos"),
            *("cosh", "exp", "expm1", "floor", "fround", "hypot", "imul", "log", "log10", "log1p", "log2", "max"),
            *("min", "pow", "random", "round", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc"),
        )
    ),
    "Date": frozenset(("now", "parse", "UTC")),
    "RegExp": frozenset(()),
    "Error": frozenset(()),
    "EvalError": frozenset(()),
    "RangeError": frozenset(()),
    "ReferenceError": frozenset(()),
    "SyntaxError": frozenset(()),
    "TypeError": frozenset(()),
    "URIError": frozenset(()),
    "console": frozenset(("log", "info", "warn", "error", "debug")),
}
"""Built-in objects and constructors, with their own members."""

FUNCTIONS = frozenset(
    (
        *("parseInt", "parseFloat", "isNaN", "isFinite", "encodeURIComponent", "decodeURIComponent"),
        *("encodeURI", "decodeURI", "escape", "unescape"),
    )
)
"""Built-in functions."""

NOT_IN_LANGUAGE = {
    "eval": "write the code itself: text is never run as code",
    "Function": "write an arrow function",
    "Map": "use an object",
    "Set": "use an array and includes()",
    "WeakMap": "use an object",
    "WeakSet": "use an array and includes()",
    "Promise": "nothing waits for a promise; write the value itself",
    "Symbol": "use a string",
    "Proxy": "write an object",
    "Reflect": "use Object.keys() and the operators `in` and `delete`",
    "Intl": "use toFixed() or toISOString()",
    "BigInt": "use a number",
    "ArrayBuffer": "use an array",
    "Uint8Array": "use an array",
}
"""Built-ins that are not there, and what to write instead."""

ABSENT = {
    "process": "use ${NAME} for an environment variable",
    "require": "write a plugin in Python",
    "Buffer": "use encodeURIComponent(), or write a plugin in Python",
    "setTimeout": "nothing waits for a timer",
    "fetch": "write a plugin in Python",
    "URL": "use req.path, req.query and string methods",
    "request": "the request is `req`",
    "response": "the response is `res`",
}
"""Names that people expect and that Express Gateway has not either."""

OF_FUNCTIONS = frozenset(
    ("prototype", "name", "length", "constructor", "toString", "hasOwnProperty", "call", "apply", "bind")
)
"""Members of every function."""

METHODS = frozenset(
    (
        # of every object
        *("hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toString", "toLocaleString", "valueOf"),
        # String
        *("at", "charAt", "charCodeAt", "codePointAt", "concat", "endsWith", "includes", "indexOf", "lastIndexOf"),
        *("localeCompare", "match", "matchAll", "normalize", "padEnd", "padStart", "repeat", "replace", "replaceAll"),
        *("search", "slice", "split", "startsWith", "substr", "substring", "toLowerCase", "toUpperCase", "trim"),
        *("trimEnd", "trimStart", "trimLeft", "trimRight", "toLocaleLowerCase", "toLocaleUpperCase"),
        # Array
        *("every", "fill", "filter", "find", "findIndex", "findLast", "findLastIndex", "flat", "flatMap", "forEach"),
        *("join", "keys", "map", "pop", "push", "reduce", "reduceRight", "reverse", "shift", "some", "sort", "splice"),
        *("unshift", "toSorted", "toReversed", "with", "toSpliced"),
        # Number
        *("toExponential", "toFixed", "toPrecision"),
        # Date
        *(
            f"{verb}{zone}{part}"
            for verb in ("get", "set")
            for zone in ("", "UTC")
            for part in ("Date", "FullYear", "Hours", "Milliseconds", "Minutes", "Month", "Seconds")
        ),
        *("getDay", "getUTCDay", "getTime", "setTime", "getTimezoneOffset", "getYear", "toISOString", "toJSON"),
        *("toDateString", "toTimeString", "toUTCString", "toGMTString", "toLocaleDateString", "toLocaleTimeString"),
        # RegExp and Function
        *("exec", "test", "call", "apply", "bind"),
    )
)
"""Methods of the built-in types."""

REQUEST_METHODS = frozenset(("get", "header"))

RESPONSE_METHODS = frozenset(
    (
        *("append", "end", "get", "getHeader", "getHeaders", "getHeaderNames", "hasHeader", "header", "json"),
        *("location", "redirect", "removeHeader", "send", "sendStatus", "set", "setHeader", "status", "type"),
        *("contentType", "vary"),
    )
)

CHAINED = frozenset(("append", "contentType", "header", "location", "set", "setHeader", "status", "type", "vary"))
"""Methods of `res` whose value is `res`."""

ANSWERING = frozenset(("end", "json", "redirect", "send", "sendStatus"))
"""Methods of `res` that send an answer."""

HOST_METHODS = REQUEST_METHODS | RESPONSE_METHODS

READ_ONLY_REQUEST = frozenset(
    (
        *("baseUrl", "connection", "egContext", "fresh", "host", "hostname", "httpVersion", "ip", "ips"),
        *("originalUrl", "params", "path", "protocol", "query", "rawHeaders", "route", "secure", "socket", "stale"),
        *("subdomains", "xhr", "headers"),
    )
)
"""Members of `req` that a script reads only."""
