"""What there is to know of the family before any hardware is made."""

from nnhw.families import Family

FAMILY = Family(
    name="fabric",
    pipeline={"multiplier_stages": 2, "scale_stages": 3},
    targets=(),
    package=__package__,
)
