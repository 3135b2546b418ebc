"""What a frame takes to and from memories, against a walk over all instructions."""

from __future__ import annotations

from collections import Counter

import pytest
from program_walk import walk_drain, walk_fetch
from test_program import random_program

from nnhw.mapping.traffic import count_traffic


@pytest.mark.parametrize("seed", range(12))
def test_every_access_counts(seed):
    program = random_program(seed)
    config, machine = program.config, program.machine
    space = program.memory.addresses
    read, results = Counter(), 0
    for layer in program.layers:
        for fetch in walk_fetch(layer.fetch, space=space.size):
            read["weights"] += 1
            # a row that begins in the padding before a tensor still belongs to it
            (first, *_) = layer.inputs
            if len(layer.inputs) == 1:
                read["frame_buffer" if program.memory.is_input(first) else "activations"] += 1
            else:
                upper = fetch.row % space.size >= space.frame_base and space.depth > 0
                read["frame_buffer" if upper or not space.depth else "activations"] += 1
        read["parameters"] += len(list(walk_drain(layer.drain, lanes=config.lanes)))
        results += layer.write_back.to_memory * layer.drain.results(config.lanes)
    found = {traffic.name: traffic for traffic in count_traffic(program)}
    bits = machine.memory_bits()
    widths = {
        "weights": config.mac_units * machine.datapath.widths.weight,
        "activations": config.banks * machine.datapath.widths.activation,
        "frame_buffer": config.banks * machine.datapath.widths.activation,
        "parameters": config.lanes * sum(machine.datapath.parameter_fields),
    }
    for name, width in widths.items():
        if bits[name]:
            assert found[name].bits == bits[name]
            assert found[name].read_bits == read[name] * width
    if "activations" in found:
        assert found["activations"].written_bits == results * machine.datapath.widths.activation
    assert found["frame_buffer"].written_bits == 8 * program.input_size
