"""OAuth2: the authorization server (RFC 6749) and what its secrets are kept by."""

from egc.runtime.oauth2.server import AuthorizationServer as AuthorizationServer
