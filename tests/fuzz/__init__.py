"""Hostile and odd input of every kind: nnhw answers rightly or refuses, and harms nothing.

    python -m tests.fuzz --count 20000 --jobs 2

from the project's folder tries 20,000 inputs. Each is a function of (seed, number) alone: a small
network, data file, configuration or exported folder with a few mutations that know its structure.
So `--only N` repeats one, and `--keep FOLDER` keeps the input files of those that fail. The command
is `nnhw` itself, in a child that a warm process forks for each input. A failure is

- a traceback, or an end by a signal,
- a model that `nnhw inspect` and `nnhw build` do not agree on,
- a build that ends because its own reading of the model differs from the file,
- an answer that differs from onnxruntime's beyond the contract (see `comparison`); of a folder, one
  that differs from the design's own,
- more than 2 GiB of memory or 10 s, also where the attempt ends as an error message,
- anything written or deleted outside the output folder, or left there after a refusal,
- a name from a file that reaches another program as more than a name.

How the parts follow each other:

| module | what it does |
|---|---|
| `draw` | random choices by (seed, number) |
| `net`, `networks`, `quantized` | small networks to begin with |
| `keeping`, `chains` | mutations of an ONNX model after which it mostly can be built |
| `fields`, `constants`, `wiring`, `insertions`, `wraps`, `bombs` | after which it cannot |
| `operators`, `window_operators`, `operator_table` | operators for `insertions` |
| `odd_values` | values and names for all of them |
| `archives`, `settings`, `folders` | mutations of arrays, TOML files and exported folders |
| `tflite_files` | small TFLite files and mutations of them |
| `trials` | from (seed, number) to files and a command |
| `commands`, `outcome` | runs the command in the child and says how it ended |
| `capture`, `forked` | stand in for the slow ends of commands, and for the process they ask |
| `checks` | what it must not have done, and what its answers have to equal |
| `watch`, `limits` | what it touched and took |
| `reference`, `comparison` | onnxruntime's answer, and what of a difference is noise |
| `server` | forks, watches and ends the children |
| `summary` | the table of outcomes |
| `plants` | faults on purpose: what shows that each kind is found |
"""
