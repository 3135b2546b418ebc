"""The cycle model: predicts exactly what simulation measures, without simulating."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..isa import Operation
from ..machine import RELEASE_LATENCY
from .output_model import OutputModel
from .program import Layer, Plan


@dataclass(frozen=True, kw_only=True)
class LayerCycles:
    """How one layer spends its cycles, from the layer before to its own last fetch.

    Parameters
    ----------
    name
        Of the layer.
    start
        First cycle, counted from the frame's first fetch.
    cycles
        All of them: the sum of what follows.
    fetches
        Fetches issued: the array is at work.
    fence_wait
        Waiting for earlier results to reach memory (fence or chase).
    drain_wait
        Waiting for the requantizer lanes.
    stream_wait
        Waiting for room in the output buffer.
    macs
        Multiply-accumulates by definition.
    utilisation
        macs / (cycles * mac_units).
    """

    name: str
    start: int
    cycles: int
    fetches: int
    fence_wait: int
    drain_wait: int
    stream_wait: int
    macs: int
    utilisation: float


@dataclass(frozen=True, kw_only=True)
class CycleModel:
    """Timing of a plan.

    Parameters
    ----------
    latency_cycles
        From the handshake of the first input beat to that of the last output beat, with a source
        that never pauses, a sink that is always ready, and the engine idle before.
    interval_cycles
        Between the last output beats of frames that arrive back to back, in steady state.
    compute_cycles
        From a frame's first to its last fetch, both counted.
    load_cycles
        From the first to the last input beat of a frame, both counted, if the source never pauses.
    next_load, next_fetch
        When the next frame's first input beat is taken and its first fetch issued, counted in
        cycles from the first fetch of a frame that meets an idle engine.
    first_output
        When the first output beat of that frame leaves, counted likewise.
    utilisation
        macs / (interval_cycles * mac_units).
    layers
        Of that frame, in order of execution.
    """

    latency_cycles: int
    interval_cycles: int
    compute_cycles: int
    load_cycles: int
    next_load: int
    next_fetch: int
    first_output: int
    utilisation: float
    layers: tuple[LayerCycles, ...]


@dataclass
class _Clock:
    """Where the fetch sequencer stands: its last issue, and the cycles that this one's results take
    to the write-back register and then in the drain."""

    issued: int = -1
    drain: int = 0
    latency: int = 0


def _run_layer(
    layer: Layer, first: int, clock: _Clock, plan: Plan, output: OutputModel
) -> tuple[int, int]:
    """Run a layer whose first fetch could be issued in cycle `first`.

    Returns the cycles spent waiting for the drain and for the output buffer.
    """
    fetch, drain = layer.fetch, layer.drain
    per_tile = fetch.fetches_per_roll
    tiles, pixels = fetch.tiles + 1, drain.pixels + 1
    cycles, cycles_last = fetch.drain_cycles + 1, fetch.drain_cycles_last + 1
    warmup = fetch.warmup * per_tile
    natural = first + warmup + per_tile - 1
    if not fetch.to_stream:
        rolls = drain.rolls + 1
        last = pixels  # each pixel's last strip
        others = pixels * (tiles - 1)
        # from the last tile of a strip to the first one of the next: joined, the first roll counts
        between = warmup + per_tile * (1 - fetch.joined)
        waits = (
            max(0, clock.issued + clock.drain - natural)
            + (others * max(0, cycles - per_tile) + last * max(0, cycles_last - per_tile))
            * (rolls - 1)
            + others * max(0, cycles - between)
            + (last - 1) * max(0, cycles_last - between)
        )
        clock.issued = first + fetch.fetches - 1 + waits
        clock.drain = cycles_last
        return waits, 0

    drain_wait = stream_wait = 0
    a_step = 2 if fetch.operation == Operation.LANE_PAIR else 1
    lanes = plan.config.lanes
    for pixel in range(pixels):
        for tile in range(tiles):
            is_last = tile == tiles - 1
            steps = (cycles_last if is_last else cycles) // a_step
            tail = drain.count_last if is_last else drain.count
            drained = max(natural, clock.issued + clock.drain)
            issued = output.reserve(drained, steps)
            drain_wait += drained - natural
            stream_wait += issued - drained
            clock.issued, clock.drain = issued, steps * a_step
            for step in range(steps):
                output.write(
                    issued + clock.latency + step * a_step + a_step - 1,
                    tail if step == steps - 1 else lanes,
                    last=is_last and pixel == pixels - 1 and step == steps - 1,
                )
            natural = issued + warmup + per_tile
    return drain_wait, stream_wait


def write_times(layer: Layer, clock: _Clock, plan: Plan) -> np.ndarray:
    """Cycle from which on each byte of a layer can be read, for one that writes in order.

    `clock` stands after the layer's last issue.
    """
    fetch, drain = layer.fetch, layer.drain
    per_tile = fetch.fetches_per_roll
    a_step = 2 if drain.paired else 1
    # drain cycles and results of each tile
    grid = (drain.pixels + 1, drain.tiles + 1)
    cycles_grid = np.full(grid, fetch.drain_cycles + 1)
    cycles_grid[:, -1] = fetch.drain_cycles_last + 1
    tails = np.full(grid, drain.count)
    tails[:, -1] = drain.count_last
    cycles = cycles_grid.ravel()
    spacing = np.maximum(cycles, per_tile * (fetch.warmup + 1))
    later = np.append(np.cumsum(spacing[:-1][::-1])[::-1], 0)
    latency = plan.timing.result_latency(dense=layer.is_dense) + plan.timing.memory_delay
    first = clock.issued - later + latency + a_step - 1
    # one entry a step, then one a byte
    steps = cycles // a_step
    step = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
    times = np.repeat(first, steps) + step * a_step
    counts = np.full(len(times), plan.config.lanes)
    counts[np.cumsum(steps) - 1] = tails.ravel()
    return np.repeat(times, counts)


def _chase_wait(layer: Layer, first: int, written: np.ndarray, plan: Plan) -> int:
    """Cycles that the first tile of a layer waits for bytes that are not written yet."""
    fetches = layer.fetch.chunks + 1
    last_bytes = np.minimum(np.arange(1, fetches + 1) * plan.config.rows, len(written)) - 1
    # each fetch is one cycle after the one before, or as late as its last byte
    late = written[last_bytes] - (first + np.arange(fetches))
    return max(0, int(late.max()))


def _run_frame(
    plan: Plan, first: int, clock: _Clock, output: OutputModel
) -> tuple[int, list[LayerCycles]]:
    """Run a frame whose first fetch could be issued in cycle `first`.

    Returns the cycle in which the frame buffer is consumed, and the layers' cycles.
    """
    consumed = 0
    layers = []
    for index, layer in enumerate(plan.layers):
        before = max(clock.issued, first - 1)
        possible = before + 1
        if layer.fetch.fence:
            written = clock.issued + clock.latency + clock.drain - 1 + plan.timing.memory_delay
            possible = max(possible, written)
        if layer.fetch.chase:
            writer = plan.layers[index - 1]
            possible += _chase_wait(layer, possible, write_times(writer, clock, plan), plan)
        clock.latency = plan.timing.result_latency(dense=layer.is_dense)
        drain_wait, stream_wait = _run_layer(layer, possible, clock, plan, output)
        cycles = clock.issued - before
        layers.append(
            LayerCycles(
                name=layer.name,
                start=before + 1 - first,
                cycles=cycles,
                fetches=cycles - drain_wait - stream_wait - (possible - before - 1),
                fence_wait=possible - before - 1,
                drain_wait=drain_wait,
                stream_wait=stream_wait,
                macs=layer.macs,
                utilisation=layer.macs / (cycles * plan.config.mac_units),
            )
        )
        if layer.fetch.frees_frame:
            consumed = clock.issued
    return consumed, layers


def predict_cycles(plan: Plan) -> CycleModel:
    """Predict the timing of a mapped network, exactly."""
    beats = -(-plan.input_size // plan.config.input_bytes)
    buffers = plan.config.frame_buffers
    clock, output = _Clock(), OutputModel(plan)
    consumed: list[int] = []
    outputs: list[int] = []
    loads: list[int] = []
    firsts: list[int] = []
    loaded = -1
    layers: list[LayerCycles] = []
    compute = first_output = 0
    # frames back to back until the interval has settled
    while len(outputs) < 4 or outputs[-1] - outputs[-2] != outputs[-2] - outputs[-3]:
        frame = len(outputs)
        start = loaded + 1
        if frame >= buffers:
            start = max(start, consumed[frame - buffers] + RELEASE_LATENCY)
        loaded = start + beats - 1
        first = max(loaded + 1, clock.issued + 1)
        loads.append(start)
        firsts.append(first)
        done, timing = _run_frame(plan, first, clock, output)
        consumed.append(done)
        outputs.append(output.last_beat)
        if frame == 0:
            layers, compute = timing, clock.issued - first + 1
            first_output = output.first_beat - first
    interval = outputs[-1] - outputs[-2]
    return CycleModel(
        latency_cycles=outputs[0],
        interval_cycles=interval,
        compute_cycles=compute,
        load_cycles=beats,
        next_load=loads[1] - firsts[0],
        next_fetch=firsts[1] - firsts[0],
        first_output=first_output,
        utilisation=plan.macs / (interval * plan.config.mac_units),
        layers=tuple(layers),
    )
