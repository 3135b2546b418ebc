"""The folder of an exported design: what is in it, whether it is whole, and how it is replaced.

All commands read an exported folder through `read_design`. Nothing that a manifest says reaches a
tool before it has been checked here.
"""

from .checksums import CHECKSUM_FILE, sha256_of, verify_checksums, write_checksums
from .exchange import replace_folder, restore_folder
from .exported import GOLDEN_FILE, ExportedDesign, is_design, read_design
from .manifest import MANIFEST_FILE, read_manifest

__all__ = [
    "CHECKSUM_FILE",
    "GOLDEN_FILE",
    "MANIFEST_FILE",
    "ExportedDesign",
    "is_design",
    "read_design",
    "read_manifest",
    "replace_folder",
    "restore_folder",
    "sha256_of",
    "verify_checksums",
    "write_checksums",
]
