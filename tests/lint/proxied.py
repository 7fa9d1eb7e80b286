"""Configurations of one pipeline in front of one service, whose steps a test gives."""

HEAD = """\
http: {{port: 8080}}
apiEndpoints:
  orders: {{host: api.example.com, paths: {paths}}}
serviceEndpoints:
  backend: {service}
policies: [key-auth, basic-auth, oauth2-introspect, rate-limit, log, expression,
  request-transformer, response-transformer, proxy]
pipelines:
  orders:
    apiEndpoints: [orders]
    policies:
"""

PROXY = "proxy: {action: {serviceEndpoint: backend, proxyTimeout: 5000}}"
INTROSPECTION = "oauth2-introspect: {action: {endpoint: 'https://auth.example.com/introspect'}}"


def proxied(*steps: str, paths: str = "'/orders*'", service: str = "{url: 'http://localhost:3000'}") -> str:
    """A configuration with these steps and, where none of them proxies, a `proxy` at the end."""
    end = () if any("serviceEndpoint:" in step for step in steps) else (PROXY,)
    return HEAD.format(paths=paths, service=service) + "".join(f"      - {step}\n" for step in (*steps, *end))
