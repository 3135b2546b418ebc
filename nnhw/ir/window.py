"""The sliding window shared by convolution and pooling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Window:
    """Geometry of a two-dimensional sliding window.

    Parameters
    ----------
    kernel, stride, dilation
        (vertical, horizontal), each at least 1.
    pads
        (top, left, bottom, right), each at least 0. ONNX's auto_pad and ceil_mode are resolved
        into these numbers by the frontend.
    """

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    @property
    def span(self) -> tuple[int, int]:
        """Rows and columns from a window's first to its last tap, both counted."""
        return (
            (self.kernel[0] - 1) * self.dilation[0] + 1,
            (self.kernel[1] - 1) * self.dilation[1] + 1,
        )

    @property
    def is_pointwise(self) -> bool:
        """Whether every output pixel depends on just the input pixel of the same position."""
        return self.kernel == (1, 1) and self.stride == (1, 1) and not any(self.pads)

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of the output for an input of `height` x `width`.

        Raises
        ------
        ValueError
            If the window does not fit into the padded input once.
        """
        top, left, bottom, right = self.pads
        rows = height + top + bottom - self.span[0]
        cols = width + left + right - self.span[1]
        if rows < 0 or cols < 0:
            raise ValueError(
                f"A window that spans {self.span} does not fit into a padded input of "
                f"{(height + top + bottom, width + left + right)}"
            )
        return rows // self.stride[0] + 1, cols // self.stride[1] + 1
