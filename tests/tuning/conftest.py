"""Settings of the tests of tuning."""

import importlib.util

if importlib.util.find_spec("torch"):
    import torch

    torch.set_num_threads(1)  # of small networks; threads would wait for each other
