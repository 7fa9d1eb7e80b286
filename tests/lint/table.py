"""What was settled of each rule before it was written: code, name, severity, confidence."""

TABLE = """
RT101 shadowed-endpoint error proven
RT102 wildcard-host-first warning proven
RT103 overlapping-endpoints warning proven
RT104 endpoint-in-two-pipelines error proven
RT105 unused-endpoint warning proven
RT106 unreachable-policy error proven
RT107 pipeline-never-answers error proven
RT108 condition-never-true warning proven
RT109 condition-always-true info proven
RT110 path-missing-wildcard warning heuristic
RT111 strip-path-param warning proven
RT112 options-not-routed warning proven
CO101 policy-entry-many-keys error proven
CO102 policy-not-whitelisted error proven
CO103 unknown-policy error proven
CO104 unknown-property error proven
CO105 unknown-api-endpoint error proven
CO106 unknown-service-endpoint error proven
CO107 unused-service-endpoint warning proven
CO108 unused-whitelist-entry info proven
CO109 duplicate-key error proven
CO110 implicit-path-semantics info proven
CO111 invalid-embedded-schema error proven
CO112 url-and-urls error proven
CO113 yaml-lookalike warning proven
SC101 unauthenticated-endpoint warning proven
SC102 auth-after-proxy error proven
SC103 admin-exposed error proven
SC104 cors-credentials-wildcard error proven
SC105 cors-regex-unanchored error proven
SC106 cors-after-auth error proven
SC107 secret-in-config error heuristic
SC108 default-secret error proven
SC109 jwt-no-algorithms error proven
SC110 jwt-weak-key error proven
SC111 jwt-no-audience-issuer warning proven
SC112 credential-in-query warning proven
SC113 upstream-tls-unverified error proven
SC114 plaintext-upstream warning heuristic
SC115 executable-yaml-tag error proven
SC116 regex-redos error heuristic
SC117 identity-header-not-stripped error proven
SC118 pass-through-unchecked error proven
SC119 ssrf-dynamic-upstream error proven
OA301 redirect-uri-not-https error proven
OA302 redirect-uri-wildcard error proven
OA303 implicit-grant error proven
OA304 password-grant error proven
OA305 pkce-not-required error proven
OA306 undeclared-scope error proven
OA307 token-lifetime warning proven
OA308 weak-signing-alg warning proven
OA309 oauth2-without-tls error heuristic
OA310 introspection-plaintext-cache warning proven
RL201 no-timeout warning proven
RL202 retry-storm warning proven
RL203 rate-limit-after-expensive info proven
RL204 rate-limit-key-missing warning proven
RL205 local-counters-many-workers warning proven
RL206 single-upstream info proven
EX701 expression-syntax error proven
EX702 expression-unknown-name error proven
EX703 expression-unsupported error proven
EX704 expression-side-effect warning proven
EN601 env-unset-no-default - -
EN602 env-changes-type - -
EN603 env-in-key-or-structure - -
EN604 env-escape - -
PF501 body-buffered - -
PF502 store-hit-per-request - -
OB401 log-leaks-secret - -
OB402 no-request-id - -
ST801 ignore-without-reason - -
ST802 unused-ignore - -
MG901 unsupported-in-egc - -
MG902 behaviour-differs - -
MG903 eg-unit-bug - -
"""

DIFFERS: dict[str, str] = {
    "RT104": "warning proven - a stage reports it; it serves as it did, by its last pipeline",
    "RT106": "warning proven - a stage reports it; what an authentication behind an answer opens is SC102",
    "CO104": "warning proven - a stage reports it; an error where the key limits or protects something",
    "CO105": "warning proven - a stage reports it; nothing that is served changes by it",
    "RL201": "info proven - egc gives up after two minutes by itself",
    "SC104": "warning proven - a stage reports it, and an error there would end the build of what Express Gateway ran",
    "SC109": "info proven - the key says which algorithms there are, so that nobody gets in",
    "SC116": "info heuristic - RE2 takes the pattern, so that nobody holds the gateway by it",
    "SC117": "error heuristic - what a pipeline fills is taken away; whether the service believes it is a guess",
    "SC119": "warning heuristic - no request names a host; a service may, by its redirects",
    "OA306": "error heuristic - the scopes that there are stand in the store",
}
"""Rows that were settled otherwise since, with the reason."""

RENAMED = {"EN601": "unset-variable"}
"""Rows whose name was settled otherwise: a default that is empty counts as none, and keys and values share one name."""
