"""egc: compiles Express Gateway configurations into frozen gateways, and serves them."""
