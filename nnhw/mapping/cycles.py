"""The cycle model: predicts exactly what simulation measures, without simulating."""

from __future__ import annotations

from dataclasses import dataclass

from ..machine import RELEASE_LATENCY, gates
from ..machine.gates import Clock, Frames, OutputModel
from .program import Plan
from .streamed_tiles import StreamedTiles


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


def _run_layer(layer: gates.Layer, first: int, frames: Frames) -> tuple[int, int]:
    """Run a layer whose first fetch could be issued in cycle `first`.

    Returns the cycles spent waiting for the drain and for the output buffer.
    """
    fetch, clock = layer.fetch, frames.clock
    if not fetch.to_stream:
        waits = gates.DRAIN.total_wait(first, layer, clock)
        clock.issued = first + fetch.fetches - 1 + waits
        clock.drain = fetch.drain_cycles_last + 1
        return waits, 0
    streamed = StreamedTiles(layer, first, frames)
    return streamed.drain_wait, streamed.stream_wait


def _run_frame(plan: Plan, first: int, frames: Frames) -> tuple[int, list[LayerCycles]]:
    """Run a frame whose first fetch could be issued in cycle `first`.

    Returns the cycle in which the frame buffer is consumed, and the layers' cycles.
    """
    clock = frames.clock
    consumed = 0
    layers = []
    before_it = None
    for layer in plan.layers:
        before = max(clock.issued, first - 1)
        possible = before + 1
        timed = gates.Layer(fetch=layer.fetch, drain=layer.drain, before=before_it)
        for gate in gates.LAYER_GATES:
            possible = gate.opens(possible, timed, frames)
        clock.latency = plan.timing.result_latency(dense=layer.is_dense)
        drain_wait, stream_wait = _run_layer(timed, possible, frames)
        before_it = layer.fetch, layer.drain
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
    output = OutputModel(plan.timing, outputs=len(plan.streamed))
    frames = Frames(timing=plan.timing, clock=Clock(), output=output)
    clock = frames.clock
    consumed: list[int] = []
    outputs: list[int] = []
    loads: list[int] = []
    firsts: list[int] = []
    loaded = -1
    layers: list[LayerCycles] = []
    compute = first_output = 0
    first_layer = gates.Layer(fetch=plan.fetch[0], drain=plan.drain[0], before=None)
    # frames back to back until the interval has settled
    while len(outputs) < 4 or outputs[-1] - outputs[-2] != outputs[-2] - outputs[-3]:
        frame = len(outputs)
        start = loaded + 1
        if frame >= buffers:
            start = max(start, consumed[frame - buffers] + RELEASE_LATENCY)
        loaded = start + beats - 1
        frames.loaded = loaded
        first = gates.FRAME.opens(clock.issued + 1, first_layer, frames)
        loads.append(start)
        firsts.append(first)
        done, timing = _run_frame(plan, first, frames)
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
