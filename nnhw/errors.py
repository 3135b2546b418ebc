"""The one exception tree of nnhw.

Every error that a user can cause is an `NnhwError`; the command line prints its message and exits
non-zero without a traceback. A message names the node, tensor, file or option, says what was
expected and what to do. Anything else that escapes is a bug in nnhw.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

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


class PluginError(NnhwError):
    """A plug-in that is needed is broken, or has a name that something else has; `nnhw.plugins`."""


class DataError(NnhwError):
    """The data file, its arrays or the labels do not fit the model."""


class BudgetError(NnhwError):
    """A file asks for more memory or work than the build may take; see `nnhw.budget`."""


class QuantizationError(NnhwError):
    """No integer graph within the requested widths represents the network."""


class QualityError(NnhwError):
    """The design has warnings, and the option strict makes them errors."""


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


@contextmanager
def reading(what: str, kind: type[NnhwError], advice: str = "") -> Iterator[None]:
    """The boundary around a reader: whatever goes wrong in it has its cause in what it reads.

    Parameters
    ----------
    what
        What is read, with the name of its file and of the node, member or key, to begin a sentence.
    kind
        What is raised.
    advice
        What to do, to end the sentence.

    Raises
    ------
    NnhwError
        An error of nnhw's own passes unchanged. Any other exception is the cause of a `kind`, which
        tells its first line.
    BudgetError
        If there is not enough memory.
    """
    ending = f"; {advice}" if advice else ""
    try:
        yield
    except NnhwError:
        raise
    except MemoryError as error:
        raise BudgetError(
            f"{what} needs more memory than there is ({first_line(error)}); "
            "make it smaller, or use a machine with more memory"
        ) from error
    except RecursionError as error:
        raise kind(f"{what} cannot be read: it is nested too deeply{ending}") from error
    except Exception as error:
        raise kind(f"{what} cannot be read: {first_line(error)}{ending}") from error


def first_line(error: BaseException) -> str:
    """What an exception says in one line: onnx appends printouts of the model.

    Where the message tells nothing by itself, its kind is put before.
    """
    message = str(error).strip()
    line = message.splitlines()[0].rstrip() if message else ""
    if isinstance(error, LookupError | AssertionError) or not line:
        return f"{type(error).__name__} {line}".strip()
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} ..."


_LONGEST_LINE = 500
"""Characters of a foreign message; some repeat the whole of what was read."""
