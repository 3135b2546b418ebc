"""The exception tree that the command line relies on."""

import inspect

import pytest

from nnhw import errors


def test_all_are_nnhw_errors():
    found = inspect.getmembers(errors, inspect.isclass)
    classes = [cls for _, cls in found if cls.__module__ == errors.__name__]
    assert len(classes) >= 9
    for cls in classes:
        assert issubclass(cls, errors.NnhwError), cls
        assert cls.__doc__, cls


@pytest.mark.parametrize(
    ("problems", "message"),
    [
        (
            ["Node 'lstm' (LSTM): not supported"],
            "The model uses 1 thing that nnhw cannot build:\n  - Node 'lstm' (LSTM): not supported",
        ),
        (["a", "b"], "The model uses 2 things that nnhw cannot build:\n  - a\n  - b"),
    ],
)
def test_unsupported_lists_all_problems(problems, message):
    error = errors.UnsupportedError(problems)
    assert str(error) == message
    assert error.problems == problems
    assert isinstance(error, errors.ModelError)
