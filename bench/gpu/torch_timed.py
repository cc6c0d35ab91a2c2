"""How often PyTorch does something in a second, on a GPU."""

import time

import torch


def timed(run, seconds=0.7):
    """Runs a second, after a warm-up; the device has finished all of them before the clock stops."""
    for _ in range(5):
        run()
    torch.cuda.synchronize()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        run()
        count += 1
    torch.cuda.synchronize()
    return count / (time.perf_counter() - start)
