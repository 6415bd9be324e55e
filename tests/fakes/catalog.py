"""A registry's view for serving, in memory."""

from servery.errors import NotFound
from servery_serving.domain.catalog import ModelVersion
from servery_serving.domain.pin import Pin


class MemoryCatalog:
    """Knows what `register` told it; set `error` to have it fail instead."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], dict[int, ModelVersion]] = {}
        self.error: Exception | None = None
        self.pins: list[Pin] = []

    def register(self, model: str, number: int = 1, framework: str = "ONNX", project: str = "default") -> ModelVersion:
        version = ModelVersion(id=f"{project}/{model}/{number}", number=number, framework=framework)
        self._versions.setdefault((project, model), {})[number] = version
        return version

    async def resolve(self, project: str, model: str, number: int) -> ModelVersion:
        if self.error:
            raise self.error
        versions = self._versions.get((project, model), {})
        wanted = number or max(versions, default=0)
        if wanted not in versions:
            raise NotFound(
                f"model {model!r} has no version {number or 'that is ready'}",
                reason="VERSION_NOT_FOUND",
                resource_type="version",
                resource_name=f"{model}/{number}",
            )
        return versions[wanted]

    def remove(self, model: str, number: int, project: str = "default") -> None:
        """Delete a version over there, as somebody may at any time."""
        del self._versions[project, model][number]

    async def pin(self, pin: Pin) -> None:
        await self.resolve(pin.project, pin.model, pin.model_version)
        if pin not in self.pins:
            self.pins.append(pin)

    async def unpin(self, pin: Pin) -> None:
        if self.error:
            raise self.error
        if pin in self.pins:
            self.pins.remove(pin)
