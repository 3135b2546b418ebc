"""Image files: what a programmable design is loaded with to run a network."""

from .file import (
    CONTROL_RUN,
    DESCRIPTION_SECTION,
    IMAGE_FILE,
    IMAGE_VERSION,
    ImageFile,
    LoadedSection,
    LoadRegisters,
    image_of,
    read_image,
    write_image,
)
from .listing import image_contents, image_listing

__all__ = [
    "CONTROL_RUN",
    "DESCRIPTION_SECTION",
    "IMAGE_FILE",
    "IMAGE_VERSION",
    "ImageFile",
    "LoadRegisters",
    "LoadedSection",
    "image_contents",
    "image_listing",
    "image_of",
    "read_image",
    "write_image",
]
