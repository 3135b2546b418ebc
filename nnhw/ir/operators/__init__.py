"""The operators of the integer graph, one family a file: the integer contract.

Every node's class says what integers it makes of which; `Requantize` how p becomes y at the end.
All that is derived from it - bounds, intervals, channels that may go, names, the form in real
numbers - is said beside it, as an `IntegerOperator`. Each file of this folder is imported, so that
a new one needs no mention elsewhere.
"""

import importlib
import pkgutil

from .add import QAdd
from .concat import QConcat
from .conv import QConv
from .extremum import QExtremum
from .function import QFunction
from .multiply import QMultiply
from .pool import QAveragePool, QMaxPool

__all__ = [
    "QAdd",
    "QAveragePool",
    "QConcat",
    "QConv",
    "QExtremum",
    "QFunction",
    "QMaxPool",
    "QMultiply",
]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
