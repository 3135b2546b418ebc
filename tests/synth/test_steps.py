"""Work that is not repeated, and that never looks finished before it is."""

import pytest

from nnhw.errors import ToolError
from nnhw.synth.steps import Step, locked


def test_finished_step_is_done_until_its_inputs_change(tmp_path):
    step = Step(tmp_path / "work", {"script": ("a", "b"), "version": 1})
    assert not step.done
    (step.start() / "file").write_text("made")
    step.finish()
    assert Step(tmp_path / "work", {"script": ("a", "b"), "version": 1}).done
    assert not Step(tmp_path / "work", {"script": ("a", "b"), "version": 2}).done
    assert (tmp_path / "work" / "file").read_text() == "made"


def test_interrupted_step_leaves_no_folder_and_starts_anew(tmp_path):
    step = Step(tmp_path / "work", {})
    (step.start() / "half").write_text("")
    assert not step.done
    assert not step.folder.exists()
    assert list(step.start().iterdir()) == []


def test_folder_has_one_writer(tmp_path):
    with (
        locked(tmp_path / "x"),
        pytest.raises(ToolError, match="Another synthesis"),
        locked(tmp_path / "x"),
    ):
        pass
    with locked(tmp_path / "x"):
        pass
