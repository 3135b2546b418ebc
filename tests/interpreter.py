"""A slow interpreter of programs, written from the definition of the instruction set alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from program_clock import ProgramClock
from program_walk import DrainStep, Fetch, walk_drain, walk_fetch, walk_write_back

from nnhw import golden
from nnhw.ir import Graph, Reshape
from nnhw.isa import FetchInstruction, Operation, bits_for
from nnhw.machine import SLICE_BITS, residual_turnaround
from nnhw.mapping import EngineConfig, Layer, Program, map_graph


class Interpreter:
    """Runs a program on frames; bytes that nothing has written yet are garbage.

    Parameters
    ----------
    seed
        Of the garbage.

    Raises
    ------
    AssertionError
        If the program leaves a memory, or a value the width that was computed for it, or a layer
        uses what need not be in memory yet.
    """

    def __init__(self, program: Program, seed: int = 0) -> None:
        self.program = program
        self.space = program.memory.addresses.size
        bits = program.widths.activation
        rng = np.random.default_rng(seed)
        self.memory = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), self.space)
        banks = program.config.banks
        self.exists = np.zeros(self.space, bool)
        self.exists[: program.memory.depth * banks] = True
        frame_end = program.memory.addresses.frame_base + program.memory.frame_depth * banks
        self.exists[program.memory.addresses.frame_base : frame_end] = True
        self.clock = ProgramClock(program, self.space)
        shape = (program.residual_depth, program.config.lanes)
        self.residuals = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape)
        #: drain steps before the one that wrote a word; those that have surely been written
        self.kept_at = np.full(program.residual_depth, -1)
        self.steps = self.settled = 0

    def run(self, frame: np.ndarray) -> dict[str, np.ndarray]:
        """What each layer, or all layers that write the same tensor, put there: int8, flat,
        channels last, by name of the tensor."""
        base = self.program.memory.addresses.frame_base
        self.memory[base : base + frame.size] = frame.ravel()
        self.written = {layer.tensor: np.zeros(layer.size, int) for layer in self.program.layers}
        self.kept: dict[str, np.ndarray] = {}
        tensors = {}
        for number, layer in enumerate(self.program.layers):
            self.clock.begin_layer(number)
            if layer.fetch.fence or layer.fetch.chase:
                self.settled = self.steps
            tensors[layer.tensor] = self._run_layer(number, layer)
        for tensor, written in self.written.items():
            assert (written == 1).all(), f"of '{tensor}' something is missing or written twice"
        return tensors

    def _run_layer(self, number: int, layer: Layer) -> np.ndarray:
        config = self.program.config
        steps = list(walk_drain(layer.drain, lanes=config.lanes))
        self.residual_words = [layer.residual.source, layer.residual.destination]
        fetches = walk_fetch(layer.fetch, space=self.space)
        tiles = self._tiles(number, layer, fetches)
        results: list[list[int]] = []
        readable: list[int] = []
        terms: list[np.ndarray] | None = None
        for step in steps:
            if terms is None:
                terms, time = next(tiles)
            results.append(self._add_and_keep(layer, self._scale(layer, step, terms)))
            readable.append(time)
            if step.tile_done:
                terms = None
        assert next(tiles, None) is None, "the drain leaves tiles behind"
        if layer.write_back.residual_only:
            return self._keep(layer, steps, results)
        if layer.write_back.to_stream:
            self.written[layer.tensor] += 1
            return np.concatenate(results).astype(np.int8)
        return self._store(number, layer, steps, results, readable)

    def _add_and_keep(self, layer: Layer, own: list[int]) -> list[int]:
        """What leaves write-back in a step."""
        i = layer.residual
        source, destination = self.residual_words
        self.residual_words = [source + 1, destination + 1]
        results = own
        if i.add:
            written = self.kept_at[source]
            distance = self.steps - written
            assert written >= 0, "a residual has not been kept"
            turnaround = residual_turnaround(stages=self.program.config.scale_stages)
            assert written < self.settled or distance >= turnaround
            results = []
            for q, r in zip(own, self.residuals[source].tolist(), strict=False):
                scaled = (q + i.bias) * i.multiplier
                scaled += (r + i.residual_bias) * i.residual_multiplier
                rounded = round(Fraction(scaled, 1 << i.shift))  # ties to even
                results.append(min(max(rounded + i.zero_point, i.lo), i.hi))
        if i.store:
            self.residuals[destination, : len(results)] = results
            self.kept_at[destination] = self.steps
        self.steps += 1
        return results

    def _keep(self, layer: Layer, steps: list[DrainStep], results: list[list[int]]) -> np.ndarray:
        """What the tensor holds after a layer whose results are in the residual memory alone."""
        tensor = self.kept.setdefault(layer.tensor, np.zeros(layer.size, np.int8))
        for address, values in zip(walk_write_back(layer.write_back, steps), results, strict=True):
            place = slice(layer.offset + address, layer.offset + address + len(values))
            tensor[place] = values
            self.written[layer.tensor][place] += 1
        return tensor

    def _store(
        self,
        number: int,
        layer: Layer,
        steps: list[DrainStep],
        results: list[list[int]],
        readable: list[int],
    ) -> np.ndarray:
        """Write a layer's results, and return what its tensor holds afterwards."""
        start = min(
            other.write_back.destination
            for other in self.program.layers
            if other.tensor == layer.tensor
        )
        assert self.exists[start : start + layer.size].all(), "a result leaves the memory"
        addresses = walk_write_back(layer.write_back, steps)
        count = 0
        for address, values, time in zip(addresses, results, readable, strict=True):
            assert start <= address <= start + layer.size - len(values)
            self.memory[address : address + len(values)] = values
            self.clock.write(number, address, len(values), count, time)
            count += len(values)
            self.written[layer.tensor][address - start : address - start + len(values)] += 1
        result = self.memory[start : start + layer.size].astype(np.int8)
        by_parity = layer.area is not None and layer.area.columns.step > 1
        return self._joined(layer.tensor, result) if by_parity else result

    def _joined(self, tensor: str, parts: np.ndarray) -> np.ndarray:
        """A tensor from parts that have some of its columns each, one behind the other."""
        layers = [layer for layer in self.program.layers if layer.tensor == tensor]
        halves = list(dict.fromkeys(layer.area.columns for layer in layers if layer.area))
        shape = layers[0].shape
        joined = np.zeros(shape, np.int8)
        for columns, part in zip(halves, np.split(parts, len(halves)), strict=True):
            joined[:, columns.first :: columns.step] = part.reshape(
                shape[0], columns.count, shape[2]
            )
        return joined.ravel()

    def _read(self, number: int, i: FetchInstruction, fetch: Fetch, lanes: int) -> np.ndarray:
        """The lanes of a fetch."""
        x = fetch.x + np.arange(lanes)
        addresses = (fetch.row + x) % self.space
        inside = (fetch.y >= 0) & (fetch.y < i.height) & (x >= 0) & (x < i.row_length)
        self.clock.fetch(number, addresses[inside], fetch.x + self.program.config.rows)
        if not self.program.padded:
            inside[:] = True
        assert self.exists[addresses[inside]].all(), "a fetch leaves the memory"
        return np.where(inside, self.memory[addresses], i.pad_value)

    def _tiles(
        self, number: int, layer: Layer, fetches: Iterator[Fetch]
    ) -> Iterator[tuple[list[np.ndarray], int]]:
        """The results of each tile, one array for each term, and when they can be read."""
        operation = Operation(layer.fetch.operation)
        config = self.program.config
        lanes = config.rows if operation == Operation.DOT else config.fetch_width
        terms: list[np.ndarray] = []
        sums = np.zeros(0)
        for fetch in fetches:
            word = self.program.weights[fetch.weight_address].astype(np.int64)
            values = self._read(number, layer.fetch, fetch, lanes)
            if operation == Operation.DOT:
                products = values @ word
            else:
                products = values[:, None] * self._lane_weights(word)
            if fetch.finishes:  # what is read belongs to the next strip alone
                products[:, -1] = 0
            if operation == Operation.LANE_PAIR:
                terms.append(products[:, -1])
            elif not fetch.roll_first:
                larger = operation == Operation.LANE_MAX
                sums = np.maximum(sums, products) if larger else sums + products
            elif fetch.in_first_roll:
                finished, sums = sums, products
                if fetch.finishes:
                    sums[:, -1] += finished[:, -2]
            else:  # each lane's sums move on, and a new one begins
                sums = products + np.pad(sums, ((0, 0), (1, 0)))[:, :-1]
            if fetch.tile_last:
                if operation != Operation.LANE_PAIR:
                    terms = [sums if operation == Operation.DOT else sums[:, -1]]
                    if layer.drain.joined:
                        lower, upper = np.split(sums[: config.cols // 2 * 2], 2)
                        terms = [lower + (upper << SLICE_BITS)]
                yield terms, self.clock.end_tile(layer, last=fetch.in_last_strip)
                terms = []

    def _lane_weights(self, word: np.ndarray) -> np.ndarray:
        """(rows, cols) to (lanes, slots): each group of `rows` lanes has columns of its own."""
        config, slots = self.program.config, self.program.limits.lane_slots
        cols = slots * config.lane_slices
        groups = word[:, : config.lane_groups * cols].reshape(config.rows, -1, cols)
        slices = groups.transpose(1, 0, 2).reshape(-1, slots, config.lane_slices)
        return slices @ (1 << SLICE_BITS * np.arange(config.lane_slices))

    def _scale(self, layer: Layer, step: DrainStep, terms: list[np.ndarray]) -> list[int]:
        """Results of a step."""
        widths, write_back = self.program.widths, layer.write_back
        results = []
        for lane in range(step.count):
            operands, scaled = [], 0
            for term, address in zip(terms, step.parameters, strict=True):
                bias, multiplier, index = self.program.parameters[address, lane].tolist()
                value = int(term[step.first + lane])
                check_width(value, widths.accumulator)
                check_width(bias, widths.bias)
                check_width(value + bias, widths.operand)
                check_width(multiplier, max(widths.multiplier, 1) + 1)
                operands.append(value + bias)
                scaled += (value + bias) * multiplier
                shift = self.program.shifts[index]
            if layer.drain.combination:
                check_width(math.prod(operands), widths.operand)
                scaled = math.prod(operands) * multiplier
            rounded = round(Fraction(scaled, 1 << shift))  # ties to even
            result = min(max(rounded + write_back.zero_point, write_back.lo), write_back.hi)
            multiplied = [math.prod(operands)] if layer.drain.combination else operands
            for factor in multiplied:
                if bits_for(factor, signed=True) > widths.multiplicand:
                    assert len(operands) == 1
                    assert result == (write_back.lo if factor < 0 else write_back.hi)
            if write_back.table:
                table = self.program.tables[write_back.table - 1]
                result = int(table[result + (1 << (widths.activation - 1))])
            results.append(result)
        return results


def check_width(value: int, width: int) -> None:
    """Make sure that a signed value fits."""
    assert bits_for(value, signed=True) <= width, f"{value} does not fit {width} bits"


def check_program(graph: Graph, frames: np.ndarray, config: EngineConfig) -> Program:
    """Map a graph, and compare every layer of every frame with the golden model.

    Returns the program.
    """
    program = map_graph(graph, config)
    fused = {layer.addition for layer in program.layers}
    nodes = [node for node in graph.nodes if not isinstance(node, Reshape)]
    stored = {node.output for node in nodes} - {
        name
        for node in nodes
        if node.name in fused
        for name in node.inputs
        if name not in {layer.tensor for layer in program.layers}
    }
    wanted = golden.run(graph, frames, keep=sorted(stored))
    interpreter = Interpreter(program)
    for number, frame in enumerate(frames):
        results = interpreter.run(frame)
        assert results.keys() == stored
        for tensor, values in results.items():
            assert (values == wanted[tensor][number].ravel()).all(), graph.writer(tensor)
    return program
