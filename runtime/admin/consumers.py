"""Finding users and applications by what an administrator calls them (C58)."""

from egc.runtime.errors import Refused
from egc.runtime.store import Application, Store, User


async def find_user(store: Store, name: str) -> User | None:
    """By username, then by id (C113)."""
    return await store.find_user(name) or await store.get_user(name)


async def find_application(store: Store, name: str) -> Application | None:
    """By id, then by name (C119). Raises Refused (409) if several owners have one of that name (C72)."""
    application = await store.get_application(name)
    if application is not None:
        return application
    found = await store.find_applications(name)
    if len(found) > 1:
        ids = ", ".join(application.id for application in found)
        raise Refused(
            409, f"Multiple applications with {name} have been found: {ids}. Please search for it using its ID instead"
        )
    return found[0] if found else None


async def find_consumer(store: Store, name: str) -> User | Application | None:
    """By username, user id, application id, application name, in this order."""
    return await find_user(store, name) or await find_application(store, name)
