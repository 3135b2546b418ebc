"""Work without a search for garbage."""

import gc

import pytest

from nnhw.garbage import without_collection


def test_it_is_off_within_and_on_again_behind():
    assert gc.isenabled()
    with without_collection():
        assert not gc.isenabled()
        with without_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()

    @without_collection()
    def fail():
        assert not gc.isenabled()
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        fail()
    assert gc.isenabled()
