"""Shared functions: running a program and measuring its processor time, running programs in turns, and Markdown tables."""

import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field


@dataclass
class Measurement:
    """The resources that one run of a program used."""

    wall_ms: float
    cpu_ms: float
    code: int
    output: str
    peak_mb: float = 0
    counts: dict = field(default_factory=dict)


def measure(command, stdin=b"", env=None):
    """Runs a program to its end. Its processor time includes the processes that it waited for."""
    reading, writing = os.pipe()
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=writing, stderr=writing, env=env)
    os.close(writing)
    try:
        process.stdin.write(stdin)
        process.stdin.close()
    except BrokenPipeError:
        pass
    with os.fdopen(reading, "rb") as pipe:
        output = pipe.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    text = output.decode("utf-8", "replace")
    # Linux counts in KiB. The number cannot be less than the memory that Python used when it started the program, about 20 MB.
    return Measurement(wall * 1000, cpu * 1000, process.returncode, text, usage.ru_maxrss * 1024 / 1e6)


def in_turns(runs, repeat, between=None):
    """Runs each of the named functions `repeat` times, in turns, so that other load on the machine affects all of them
    alike. The order changes in each round, because a program that follows a large one finds the processor's caches
    empty. Returns the measurements by name."""
    results = {name: [] for name in runs}
    order = list(runs)
    mixed = random.Random(0)
    for number in range(repeat + 1):
        mixed.shuffle(order)
        for name in order:
            if between:
                between()
            measurement = runs[name]()
            # The first round fills caches.
            if number > 0:
                results[name].append(measurement)
    return results


def median(measurements, value):
    return statistics.median(value(one) for one in measurements)


def table(headings, rows):
    """A Markdown table. All columns after the first are numbers."""
    lines = ["| " + " | ".join(headings) + " |", "|---|" + "---:|" * (len(headings) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def complain(text):
    print(f"bench: {text}", file=sys.stderr)
