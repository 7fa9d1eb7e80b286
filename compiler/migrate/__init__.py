"""The way over from Express Gateway: what its Redis holds becomes records of a store.

A source (`server` or `dump`) gives entries of the Redis layout family by family, `records` reads them, `loader` puts
them into a store and says what became of each, `carry` runs all of it. `project` judges the configuration.
"""
