"""Creates the tables about start-up: commands that need no network, and a check with a rejection compared with a healthy one.
The lexicon is compiled, so none of them should take much longer than `--version`."""

from common import complain, in_turns, measure, median, table
from line import CLIENT

# The exit code of a check whose recipient was rejected.
REJECTED = 5
# Ports 2510 and 2511: a server that accepts each recipient, and one that rejects them.
PORT, SCENARIOS = 2510, ["healthy-relay", "recipient-unknown"]
COMMANDS = {
    "--version": ["--version"],
    "providers": ["providers"],
    "explain gmail": ["explain", "gmail"],
    "explain 550 5.1.1 user unknown": ["explain", "550", "5.1.1", "user", "unknown"],
}


def programs(bench):
    found = {"smtpcheck": bench.smtpcheck}
    if bench.other:
        found["smtpcheck before"] = bench.other
    return found


def compared(runs, first, repeat):
    """A row for each run, with the ratio to the row named `first`."""
    results = in_turns(runs, repeat)
    own = median(results[first], lambda one: one.cpu_ms)
    rows = []
    for name, all_of in results.items():
        cpu, wall = median(all_of, lambda one: one.cpu_ms), median(all_of, lambda one: one.wall_ms)
        rows.append([name, f"{cpu:.1f}", f"{cpu / own:.2f}", f"{wall:.1f}"])
    return rows


def run_of(words, expected):
    """A run that must end with this exit code. Otherwise, a command that the program does not have would look fast."""

    def run():
        measurement = measure(words)
        if measurement.code != expected:
            complain(f"{' '.join(words)} ended with exit code {measurement.code} instead of {expected}: {measurement.output[-300:]}")
        return measurement

    return run


def explain_offline(bench):
    runs = {}
    for name, path in programs(bench).items():
        for title, words in COMMANDS.items():
            runs[f"{name} {title}"] = run_of([path, *words], 0)
    return table(["Command", "CPU ms", "Ratio", "Wall ms"], compared(runs, "smtpcheck --version", bench.repeat_cpu))


def explain_refused(bench):
    """Both checks send the same commands; only the reply to RCPT TO differs."""
    servers = bench.sandbox(SCENARIOS, PORT)
    if not all([bench.answers(server) for server in servers]):
        return ""
    runs = {}
    for name, path in programs(bench).items():
        for title, port, code in (("healthy", PORT, 0), ("refused", PORT + 1, REJECTED)):
            words = [path, f"{CLIENT}:{port}", "--tls", "starttls", "--insecure", "-f", "a@example.net", "-t", "b@example.net"]
            runs[f"{name}, {title}"] = run_of(words, code)
    return table(["Check", "CPU ms", "Ratio", "Wall ms"], compared(runs, "smtpcheck, healthy", bench.repeat_cpu))


TABLES = [
    ("Start-up and explanations", explain_offline),
    ("A refused check next to a healthy one", explain_refused),
]
