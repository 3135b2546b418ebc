"""How the translation of a node ends when the node cannot be built."""


class NodeError(Exception):
    """What cannot be built about a node and what to do; becomes one line of the report.

    Parameters
    ----------
    text
        The reason, without the node's name.
    whole_line
        Whether `text` names the node itself, since it is not the one being translated.
    """

    def __init__(self, text: str, *, whole_line: bool = False):
        super().__init__(text)
        self.text = text
        self.whole_line = whole_line


class SeveralSamplesError(NodeError):
    """An image has several samples: its first axis is no batch, or another axis has come there.

    Parameters
    ----------
    shape
        Of the image.
    """

    def __init__(self, shape: tuple[int, ...]):
        super().__init__(
            f"its input has shape {shape}, which is more than one sample; export the model with a "
            "batch of 1"
        )
        self.shape = shape


class FollowOnError(Exception):
    """The node cannot be translated only because of a problem that is reported elsewhere."""
