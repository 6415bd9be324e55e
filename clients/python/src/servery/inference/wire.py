"""Reading and renaming messages of the protocol without parsing them.

In protobuf the last value of a singular field wins. Model name and version are the first two fields of a request and of
a response, so a message is renamed by appending them anew, whatever its size.
"""

from typing import Final

_NAME: Final = 0x0A  # field 1, length-delimited
_VERSION: Final = 0x12  # field 2, length-delimited


def renamed(message: bytes, name: str, version: str) -> bytes:
    """A serialised ModelInferRequest or ModelInferResponse with another model name and version."""
    return b"".join((message, _text(_NAME, name), _text(_VERSION, version)))


def _text(tag: int, value: str) -> bytes:
    content = value.encode()
    head = bytearray((tag,))
    size = len(content)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + content
