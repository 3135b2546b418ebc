"""Drives a stream through a component, with pauses on both sides, and sees that rules are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from amaranth.hdl import Value

Beat = Mapping[str, int]


async def drive(ctx, source, beats: Sequence[Beat], rng, eager: float, domain: str = "sync"):
    """Send beats over the stream `source`; between them it is not valid, with other payloads."""
    fields = [name for name, _ in source.payload.shape()]
    for beat in beats:
        while rng.random() >= eager:
            ctx.set(source.valid, 0)
            for name in fields:
                size = len(Value.cast(source.payload[name]))
                ctx.set(source.payload[name], int(rng.integers(0, 1 << min(size, 62))))
            await ctx.tick(domain)
        ctx.set(source.valid, 1)
        for name in fields:
            ctx.set(source.payload[name], beat[name])
        await ctx.tick(domain).until(source.ready)
    ctx.set(source.valid, 0)


async def collect(ctx, sink, into: list[dict[str, int]], rng, eager: float, domain: str = "sync"):
    """Take beats from the stream `sink` for ever.

    What is offered must stay until it is taken.
    """
    fields = [name for name, _ in sink.payload.shape()]
    offered: tuple | None = None
    while True:
        ready = rng.random() < eager
        ctx.set(sink.ready, ready)
        _, _, valid, *values = await ctx.tick(domain).sample(
            sink.valid, *(sink.payload[name] for name in fields)
        )
        if offered is not None:
            assert valid, "a beat was withdrawn"
            assert tuple(values) == offered, "a beat has changed before it was taken"
        offered = tuple(values) if valid and not ready else None
        if valid and ready:
            into.append(dict(zip(fields, values, strict=True)))


def checked_frames(beats: Sequence[Beat], keeps: Sequence[int] | int) -> tuple[list[Any], int]:
    """The frames that are right, as lists of data, and the number of those that are not.

    A frame ends with its mark, and begins behind one.

    Parameters
    ----------
    keeps
        Lanes that each beat of a frame has to have; or the number of beats, if that is all.
    """
    count = keeps if isinstance(keeps, int) else len(keeps)
    good, wrong = [], 0
    for frame in _marked(beats):
        right = len(frame) == count and frame[-1]["last"]
        if right and not isinstance(keeps, int):
            right = all(beat["keep"] == keep for beat, keep in zip(frame, keeps, strict=True))
        if right:
            good.append([beat["data"] for beat in frame])
        elif len(frame) >= count or frame[-1]["last"]:
            wrong += 1
    return good, wrong


def _marked(beats: Sequence[Beat]) -> Iterator[list[Beat]]:
    frame: list[Beat] = []
    for beat in beats:
        frame.append(beat)
        if beat["last"]:
            yield frame
            frame = []
    if frame:
        yield frame


def random_beats(rng: np.random.Generator, count: int, beat_bytes: int) -> list[dict[str, int]]:
    """Beats with nothing but random bits."""
    return [
        {
            "data": int.from_bytes(rng.bytes(beat_bytes), "little"),
            "last": int(rng.random() < 0.3),
            "keep": int(rng.integers(0, 1 << beat_bytes)),
        }
        for _ in range(count)
    ]
