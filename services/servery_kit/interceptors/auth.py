"""The hook where a call learns who sends it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from servery_kit.auth import Authenticator, nobody_asked, principal
from servery_kit.interceptors.guard import Call, Guard


class Auth(Guard):
    """Asks the authenticator, and makes its answer known to the code below as `auth.principal`."""

    def __init__(self, authenticate: Authenticator = nobody_asked) -> None:
        self._authenticate = authenticate

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        metadata = {key: value for key, value in call.context.invocation_metadata() or () if isinstance(value, str)}
        principal.set(await self._authenticate(metadata))
        yield
