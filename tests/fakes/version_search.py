"""What a filter and an order of versions mean, in Python: the measure of what the databases do."""

import operator
from collections.abc import Callable, Iterable
from functools import cmp_to_key
from typing import Any

from servery_registry.domain.filter import ANY, Comparison, Field, Filter, Operator
from servery_registry.domain.order import Key, Order, Part
from servery_registry.domain.version import Version, key_of

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
}
_SIMPLE: dict[Field, Callable[[Version], Any]] = {
    Field.FRAMEWORK: lambda version: version.framework.value,
    Field.STATE: lambda version: version.state.value,
    Field.CREATOR: lambda version: version.creator,
    Field.CREATE_TIME: lambda version: version.create_time,
    Field.VERSION: lambda version: version.number,
}


def matches(version: Version, where: Filter) -> bool:
    """Whether all comparisons hold. The version must come with its tags and aliases."""
    return all(_holds(version, comparison) for comparison in where)


def in_order(versions: Iterable[Version], order: Order, after: Key | None) -> list[Version]:
    """Those that have a place in the order and stand behind another place, in that order."""

    def compare(left: Key, right: Key) -> int:
        for (_, down), one, other in zip(order.parts, left, right, strict=True):
            if one != other:
                return 1 if (one < other) == down else -1  # type: ignore[operator]
        return 0

    placed = [each for each in versions if order.parts[0][0] is not Part.VALUE or order.metric in each.metrics]
    behind = [each for each in placed if after is None or compare(key_of(each, order), after) > 0]
    return sorted(behind, key=lambda each: cmp_to_key(compare)(key_of(each, order)))


def _holds(version: Version, comparison: Comparison) -> bool:
    compare, value = _COMPARE[comparison.operator], comparison.value
    match comparison.field:
        case Field.MODEL:
            pattern = str(value)
            same = version.model.startswith(pattern[:-1]) if pattern.endswith(ANY) else version.model == pattern
            return compare(same, True)
        case Field.ALIAS:
            return compare(bool(version.aliases) if value == ANY else value in version.aliases, True)
        case Field.METRIC:
            return comparison.name in version.metrics and compare(version.metrics[comparison.name], value)
        case Field.TAG:
            return comparison.name in version.tags and _tag_holds(version.tags[comparison.name], comparison)
        case simple:
            return compare(_SIMPLE[simple](version), value)


def _tag_holds(tag: Any, comparison: Comparison) -> bool:
    """A value of another kind is another value, neither smaller nor greater."""
    if _kind(tag) is not _kind(comparison.value):
        return comparison.operator is Operator.NE
    return _COMPARE[comparison.operator](tag, comparison.value)


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)
