"""The table of features."""

from __future__ import annotations

from ...plugins import Table
from .feature import Feature

_FEATURES: Table[str, Feature] = Table("feature")


def register_feature(feature: Feature) -> None:
    """Enter a feature into the table.

    Raises
    ------
    PluginError
        If there is one of this name already.
    """
    _FEATURES.enter(feature.name, feature)


def features() -> tuple[Feature, ...]:
    """All features, in the order in which they can be taken away: what builds upon another one goes
    first, and plug-ins' build upon nnhw's own. The other way round they can be added."""
    own = [feature for name, feature in _FEATURES.items() if _FEATURES.origin(name) is None]
    added = [feature for name, feature in _FEATURES.items() if _FEATURES.origin(name) is not None]
    return (*added, *own)


def is_own(feature: Feature) -> bool:
    """Whether a feature is nnhw's own, and no plug-in's."""
    return _FEATURES.origin(feature.name) is None
