"""Where a model comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_TEXT: Final = 1000
MAX_LINKS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a model comes from. Empty texts, and versions that are 0, say nothing."""

    program: str = ""
    environment: str = ""
    training_dataset: str = ""
    training_dataset_version: int = 0
    feature_view: str = ""
    feature_view_version: int = 0
    links: Mapping[str, str] = field(default_factory=dict)
    """Name to URI or text."""
