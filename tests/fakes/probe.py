"""A front door that answers as the test says."""

from servery_serving.domain.deployment import Key
from servery_serving.domain.node import Answer, Node


class ScriptedProbe:
    """Answers ready, unless `refusals` has a reason for the node or `raises` an error for the deployment."""

    def __init__(self) -> None:
        self.refusals: dict[str, str] = {}
        self.raises: dict[str, Exception] = {}
        self.asked: list[tuple[str, str, int]] = []

    async def ask(self, node: Node, key: Key, model_version: int) -> Answer:
        deployment = key.deployment
        self.asked.append((node.id, deployment, model_version))
        if deployment in self.raises:
            raise self.raises[deployment]
        reason = self.refusals.get(node.id, "")
        return Answer(ready=not reason, reason=reason)
