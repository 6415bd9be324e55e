"""Filters for property tests: any that the language can say."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from servery_registry.domain.filter import Comparison, Field, Filter, Operator, Value
from servery_registry.domain.version import Framework, State

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
METRIC_NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
MODELS = st.from_regex(r"[A-Za-z0-9_-]{1,20}\*?|\*", fullmatch=True)
ALIASES = st.from_regex(r"[a-z][a-z0-9_-]{0,20}|\*", fullmatch=True).filter(lambda alias: alias != "latest")
TAG_NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,63}", fullmatch=True)
NUMBERS_OF_VERSIONS = st.integers(0, 2**31 - 1)
TIMES = st.datetimes(timezones=st.just(UTC))

_EQUALITY = st.sampled_from([Operator.EQ, Operator.NE])
_ANY = st.sampled_from(Operator)
_NAMELESS = st.just("")


def _comparisons(
    field: Field,
    operators: st.SearchStrategy[Operator],
    values: st.SearchStrategy[Value],
    names: st.SearchStrategy[str] = _NAMELESS,
) -> st.SearchStrategy[Comparison]:
    return st.builds(Comparison, st.just(field), operators, values, names)


def filters(
    *,
    models: st.SearchStrategy[str] = MODELS,
    creators: st.SearchStrategy[str] = TEXTS,
    aliases: st.SearchStrategy[str] = ALIASES,
    names: st.SearchStrategy[str] = METRIC_NAMES,
    tag_names: st.SearchStrategy[str] = TAG_NAMES,
    texts: st.SearchStrategy[str] = TEXTS,
    numbers: st.SearchStrategy[float] = NUMBERS,
    times: st.SearchStrategy[datetime] = TIMES,
    versions: st.SearchStrategy[int] = NUMBERS_OF_VERSIONS,
    max_size: int = 5,
) -> st.SearchStrategy[Filter]:
    """Filters of up to `max_size` comparisons; the arguments narrow what their values are drawn from."""
    each = st.one_of(
        _comparisons(Field.MODEL, _EQUALITY, models),
        _comparisons(Field.FRAMEWORK, _EQUALITY, st.sampled_from([member.value for member in Framework])),
        _comparisons(Field.STATE, _EQUALITY, st.sampled_from([member.value for member in State])),
        _comparisons(Field.CREATOR, _EQUALITY, creators),
        _comparisons(Field.ALIAS, _EQUALITY, aliases),
        _comparisons(Field.TAG, _EQUALITY, st.one_of(texts, st.booleans()), tag_names),
        _comparisons(Field.TAG, _ANY, numbers, tag_names),
        _comparisons(Field.METRIC, _ANY, numbers, names),
        _comparisons(Field.CREATE_TIME, _ANY, times),
        _comparisons(Field.VERSION, _ANY, versions),
    )
    return st.lists(each, max_size=max_size).map(tuple)
