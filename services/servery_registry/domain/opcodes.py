"""Whether bytes are a pickle, by following its opcodes. Nothing is executed.

A pickle has no magic bytes before protocol 2, and one of protocol 0 is plain text. A pickle may be broken behind the
opcode that does the harm. So the opcodes are followed, with the height of the stack, as far as they make sense.
"""

import io
import pickletools
import re
from enum import Enum
from typing import IO, Final

MAX_OPCODES: Final = 20_000
"""So many that make sense are no accident."""

_CALLS: Final = frozenset({"REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ", "INST", "BUILD"})
_IMPORT: Final = re.compile(r"[\w.]+ [\w.]+")


class Answer(Enum):
    """What the opcodes say."""

    NO = "no"
    PICKLE = "pickle"
    UNCLEAR = "unclear"
    """They make sense as far as the bytes go, and there are more."""


def is_pickle(content: IO[bytes] | bytes, *, whole: bool) -> Answer:
    """Whether content begins with a pickle. `whole`: the bytes given are all there are. Never raises."""
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    course = _Course()
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            if not course.step(opcode, argument):
                return course.broken()
            if course.count >= MAX_OPCODES:
                return Answer.PICKLE
    except MemoryError:  # an argument is said to be longer than there is memory, and so than there are bytes
        return course.cut_short(whole=whole)
    except Exception as error:  # noqa: BLE001 - of what bytes may do to a parser, only the place of the end matters
        if "unknown" in str(error) or stream.read(1):
            return course.broken()
        return course.cut_short(whole=whole)
    return Answer.PICKLE if course.count > 1 else Answer.NO


class _Course:
    """The opcodes so far."""

    def __init__(self) -> None:
        self.count = 0
        self._has_protocol = False
        self._imports = False
        self._calls = False
        self._stack: list[object] = []

    def step(self, opcode: pickletools.OpcodeInfo, argument: object) -> bool:
        """Follow one more opcode; False when it makes no sense here."""
        if self.count == 0:
            self._has_protocol = opcode.name == "PROTO" and isinstance(argument, int) and argument <= 5
        self.count += 1
        if opcode.name in ("GLOBAL", "INST") and not _IMPORT.fullmatch(str(argument)):
            return False
        if not self._move(opcode):
            return False
        self._imports |= opcode.name in ("GLOBAL", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4")
        self._calls |= opcode.name in _CALLS
        return True

    def broken(self) -> Answer:
        """Nonsense follows. What has called something by then has done its harm."""
        return Answer.PICKLE if self._imports and self._calls else Answer.NO

    def cut_short(self, *, whole: bool) -> Answer:
        """The bytes end within an opcode, or before the last one."""
        if self._has_protocol or (self._imports and self._calls):
            return Answer.PICKLE
        return Answer.NO if whole else Answer.UNCLEAR

    def _move(self, opcode: pickletools.OpcodeInfo) -> bool:
        before, after = list(opcode.stack_before), list(opcode.stack_after)
        if opcode.name == "POP" and self._stack:  # described as taking one object, it takes a mark too
            self._stack.pop()
            return True
        if pickletools.markobject in before:
            if pickletools.markobject not in self._stack:
                return False
            while self._stack.pop() is not pickletools.markobject:
                pass
            before = before[: before.index(pickletools.markobject)]
        if len(before) > len(self._stack) or pickletools.markobject in self._stack[len(self._stack) - len(before) :]:
            return False
        del self._stack[len(self._stack) - len(before) :]
        self._stack += after
        return True
