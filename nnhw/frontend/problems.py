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


class FollowOnError(Exception):
    """The node cannot be translated only because of a problem that is reported elsewhere."""
