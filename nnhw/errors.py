"""The one exception tree of nnhw.

Every error that a user can cause is an `NnhwError`; the command line prints its message and exits
non-zero without a traceback. A message names the node, tensor, file or option, says what was
expected and what to do. Anything else that escapes is a bug in nnhw.
"""

import errno

CANNOT_WRITE = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
        *(errno.EACCES, errno.EPERM, errno.EROFS),
        *(errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP),
    }
)
"""Numbers of system errors that say why a file or folder cannot be written."""


class NnhwError(Exception):
    """Base of all errors that have their cause outside nnhw's own code."""


class ModelError(NnhwError):
    """The model file is missing, damaged, not ONNX, or contradicts itself."""


class UnsupportedError(ModelError):
    """The model is valid ONNX but uses something that nnhw cannot build.

    Parameters
    ----------
    problems
        One line for each unsupported node or attribute; all of the model's problems at once.
    """

    def __init__(self, problems: list[str]):
        self.problems = list(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        things = "1 thing" if len(self.problems) == 1 else f"{len(self.problems)} things"
        super().__init__(f"The model uses {things} that nnhw cannot build:\n{lines}")


class OptionError(NnhwError):
    """An option has the wrong name or type, or a configuration file cannot be read."""


class DataError(NnhwError):
    """The data file, its arrays or the labels do not fit the model."""


class QuantizationError(NnhwError):
    """No integer graph within the requested widths represents the network."""


class CalibrationError(QuantizationError):
    """A tensor takes values that are not finite on the calibration data."""


class MappingError(NnhwError):
    """The integer graph does not fit the requested engine."""


class ExportError(NnhwError):
    """The design cannot be written, or an exported design cannot be read back."""


class ToolError(NnhwError):
    """An external program (C++ compiler, simulator, synthesizer) is missing or failed."""


class VerificationError(NnhwError):
    """Two executions that have to agree do not."""


class LinkError(NnhwError):
    """A board does not answer over its serial port, or has another design."""
