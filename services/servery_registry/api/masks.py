"""Field masks of updates. Pure."""

from collections.abc import Sequence

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from servery.errors import InvalidArgument


def masked(mask: FieldMask, message: Message, allowed: Sequence[str]) -> frozenset[str]:
    """The fields of a message that an update changes: those of the mask, or, when it is empty, those that are set.

    Raise InvalidArgument when the mask names another field than those that are allowed.
    """
    for path in mask.paths:
        if path not in allowed:
            raise InvalidArgument(
                f"update_mask names {path[:100]!r}, which an update does not change; name any of {', '.join(allowed)}",
                field="update_mask",
                reason="FIELD_NOT_UPDATABLE",
            )
    if mask.paths:
        return frozenset(mask.paths)
    return frozenset(field.name for field, _ in message.ListFields() if field.name in allowed)
