"""What the server has to show, one function a part; each prints a table and returns what it measured."""

import resource
import signal
import socket
import statistics
import threading
import time

from server import HTTP, Server, raw

CALLERS = [1, 8, 64, 256]


def say(text):
    print(text, flush=True)


def row(name, report):
    total, latency = report["total"], report["total"]["latency"]
    say(
        f"{name:<34} {total['rows_per_s']:>9.0f}/s  p50 {latency['p50_us'] / 1e3:>7.2f}  p99 {latency['p99_us'] / 1e3:>7.2f} ms"
        f"  server {report['server_cpu_us']:>6.1f} us  client {report['client_cpu_us_per_request']:>5.1f} us a request"
        f"  failed {total['failed']}"
    )
    return {"name": name, **total, "server_cpu_us": report["server_cpu_us"]}


def closed(server, callers, seconds, kind):
    options = ["--callers", callers, "--duration", f"{seconds}s", "--warmup", "1s"]
    if kind == "json":
        options += ["--format", "json"]
    return server.load(*options, grpc=kind == "grpc")


def throughput(args):
    """Small requests over keep-alive: what the front end costs."""
    rows = []
    with Server(args.phalanx, args.models / "mlp.onnx") as server:
        for kind in ["binary", "json", "grpc"]:
            for callers in CALLERS:
                rows.append(row(f"mlp {kind}, {callers} callers", closed(server, callers, args.seconds, kind)))
    return rows


def encoder(args):
    """Requests that compute: the share of the runtime's own speed that is left."""
    model, rows = args.models / "encoder.onnx", []
    for lanes in ["1", "2"]:
        with Server(args.phalanx, model, "--lanes", lanes) as server:
            for kind in ["binary", "json", "grpc"]:
                name = f"encoder {kind}, 64 callers, {lanes} lane{'s' * (lanes != '1')}"
                rows.append(row(name, closed(server, 64, args.seconds, kind)))
    best = raw_table(args, model, [1, 4, 8, 16, 32, 64])
    say("raw, one lane: " + ", ".join(f"b{size} {rate:.0f}/s" for size, (rate, _) in best.items()))
    return rows


def raw_table(args, model, batches):
    """Rate and median time in seconds of each batch size."""
    rows = raw(args.phalanx, model, batches)["rows"]
    return {row["batch"]: (row["samples_per_s"], row["p50_us"] / 1e6) for row in rows}


def bound(table, slo_s):
    """b*/l(b*): b* is the largest batch of which two fit into the SLO, since a request may just have missed one."""
    sizes = sorted(table)

    def time_s(size):
        after = next(other for other in sizes if other >= size)
        before = max((other for other in sizes if other <= size), default=after)
        if after == before:
            return table[after][1]
        share = (size - before) / (after - before)
        return table[before][1] + share * (table[after][1] - table[before][1])

    fits = [size for size in range(sizes[0], sizes[-1] + 1) if 2 * time_s(size) <= slo_s]
    return max(fits) / time_s(max(fits))


GOODPUT = [
    ("minilm", "500ms", 0.5, [1, 8, 16, 32, 64, 96, 128]),
    ("encoder", "50ms", 0.05, [1, 8, 16, 32, 48, 64, 96]),
]


def model_file(args, name):
    return args.minilm if name == "minilm" else args.models / f"{name}.onnx"


def goodput(args):
    """The highest rate with 99 % inside the SLO, as a share of what the batch times allow."""
    rows = []
    for name, slo, slo_s, batches in GOODPUT:
        model = model_file(args, name)
        shares = {"poisson": [], "gamma:0.1": []}
        with Server(args.phalanx, model, "--slo", slo, "--max-batch", str(batches[-1])) as server:
            for index in range(args.rounds):
                # Measured right before, and with nothing else running: the machine's speed drifts.
                most = bound(raw_table(args, model, batches), slo_s)
                for arrivals, found in shares.items():
                    report = server.load(
                        "--slo", slo, "--arrivals", arrivals, "--find-goodput", "--rate", f"{0.85 * most:.0f}",
                        "--duration", f"{args.probe_seconds}s", "--seed", index + 1,
                    )
                    rate = report["goodput_per_s"]
                    found.append(rate / most)
                    say(f"{name} {slo} {arrivals:<9} {rate:>8.0f}/s of {most:>8.0f}/s: {rate / most:.3f}")
        for arrivals, found in shares.items():
            rows.append({"model": name, "slo": slo, "arrivals": arrivals, "shares": found})
            say(f"{name} {slo} {arrivals}: median {statistics.median(found):.3f} of {len(found)}")
    return rows


def overload(args):
    """Five times what it can do: the rest is refused at once, and what is admitted keeps its promise."""
    rows = []
    for name, slo, slo_s, batches in GOODPUT:
        model = model_file(args, name)
        peak = bound(raw_table(args, model, batches), slo_s)
        with Server(args.phalanx, model, "--slo", slo, "--max-batch", str(batches[-1])) as server:
            usual = ["--slo", slo, "--connections", "4096"]
            at_peak = server.load(*usual, "--rate", f"{0.9 * peak:.0f}", "--duration", "20s")
            for times in [2, 5]:
                before = server.resident_mb()
                options = ["--rate", f"{times * peak:.0f}", "--duration", f"{args.overload_seconds}s"]
                report = server.load(*usual, *options)
                rows.append(overload_row(name, times, report, at_peak, before, server.resident_mb()))
    return rows


def overload_row(name, times, report, at_peak, before_mb, after_mb):
    total = report["total"]
    refusals = [refusal["since_sent"]["p99_us"] / 1e3 for refusal in total["refusals"] if refusal["since_sent"]]
    result = {
        "model": name,
        "times": times,
        "goodput": total["goodput_per_s"],
        "of_peak": total["goodput_per_s"] / at_peak["total"]["goodput_per_s"],
        "p99_ms": total["latency"]["p99_us"] / 1e3,
        "refusal_p99_ms": max(refusals, default=None),
        "refused": total["refused"],
        "failed": total["failed"],
        "resident_mb": [before_mb, after_mb],
    }
    say(f"{name} {times} x: " + ", ".join(f"{key} {value}" for key, value in result.items()))
    return result


def steps(args):
    """Load that comes and goes."""
    rows = []
    for name, slo, slo_s, batches in GOODPUT:
        model = model_file(args, name)
        peak = bound(raw_table(args, model, batches), slo_s)
        with Server(args.phalanx, model, "--slo", slo, "--max-batch", str(batches[-1])) as server:
            usual = ["--slo", slo, "--connections", "4096"]
            shape = ["--rate", f"{peak:.0f}", "--steps", "0.1,0.5,1,2,1,0.5,0.1", "--step-duration", "6s"]
            for step in server.load(*usual, *shape)["steps"]:
                rows.append(step_row(name, step))
            for ends in [(0.1, 2), (2, 0.1)]:
                ramp = ":".join(f"{end * peak:.0f}" for end in ends)
                rows.append(step_row(name, server.load(*usual, "--ramp", ramp, "--duration", "20s")["total"]))
    return rows


def step_row(name, step):
    p99_ms = step["latency"]["p99_us"] / 1e3 if step["latency"] else float("nan")
    say(
        f"{name} at {step['rate']}: goodput {step['goodput_per_s']:.0f}/s, p99 of what was admitted "
        f"{p99_ms:.1f} ms, refused {step['refused']}, failed {step['failed']}"
    )
    return {"model": name, **step}


def ready(args):
    """From the start of the process until it says that it is ready."""
    times = []
    for _ in range(args.rounds * 2):
        with Server(args.phalanx, args.models / "mlp.onnx") as server:
            times.append(server.ready_s)
    say(f"ready: median {statistics.median(times):.3f} s, {min(times):.3f} to {max(times):.3f}")
    return times


def memory(args):
    """Resident memory at 256 callers, and of a process with the same library, session and largest batch."""
    with Server(args.phalanx, args.models / "mlp.onnx", "--max-batch", "128") as server:
        closed(server, 256, args.seconds, "binary")
        served = server.resident_mb()
    raw(args.phalanx, args.models / "mlp.onnx", [128])
    bare = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    say(f"resident at 256 callers {served:.1f} MB; the largest process without a server {bare:.1f} MB")
    return {"served_mb": served, "bare_mb": bare}


def term(args):
    """SIGTERM under load, again and again: what was accepted is answered, and the exit code is 0."""
    results = []
    for _ in range(20):
        with Server(args.phalanx, args.models / "mlp.onnx") as server:
            callers = [Caller() for _ in range(32)]
            threads = [threading.Thread(target=caller.run) for caller in callers]
            for thread in threads:
                thread.start()
            while sum(caller.answered for caller in callers) < 2000:
                time.sleep(0.01)
            server.process.send_signal(signal.SIGTERM)
            code = server.stop(signal=False)
            for thread in threads:
                thread.join()
            answered = sum(caller.answered for caller in callers)
            results.append({"code": code, "answered": answered, "lost": sum(caller.lost for caller in callers)})
    lost, codes = sum(result["lost"] for result in results), sorted({result["code"] for result in results})
    say(f"SIGTERM {len(results)} times: {sum(r['answered'] for r in results)} answered, {lost} lost, exit codes {codes}")
    return results


class Caller:
    """Asks over one connection after the other until none is accepted; counts questions that were never answered."""

    def __init__(self):
        self.answered = self.lost = 0
        host, port = HTTP.split(":")
        self.address = (host, int(port))
        body = bytes(1024)
        self.request = (
            f"POST /v2/models/mlp/infer HTTP/1.1\r\nhost: {HTTP}\r\ncontent-length: {len(body)}\r\n"
            "inference-header-content-length: 0\r\n\r\n"
        ).encode() + body

    def run(self):
        while True:
            try:
                connection = socket.create_connection(self.address, timeout=30)
            except OSError:
                return
            with connection:
                if not self.ask(connection):
                    return

    def ask(self, connection):
        """Whether the connection ended as it should: with an answer that says so."""
        while True:
            try:
                connection.sendall(self.request)
                head, rest = connection.recv(65536), b""
            except OSError:
                head = b""
            if not head:
                # Accepted by the system and never by the server, if it was stopping: that is seen by its silence.
                self.lost += self.answered_here(connection)
                return False
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            head, rest = head.split(b"\r\n\r\n", 1)
            headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            while len(rest) < int(headers[b"content-length"]):
                rest += connection.recv(65536)
            assert head.split(b" ")[1] == b"200", head
            self.answered += 1
            self.here = connection
            if headers.get(b"connection") == b"close":
                return True

    here = None

    def answered_here(self, connection):
        return self.here is connection


PARTS = {
    part.__name__: part for part in [throughput, encoder, goodput, overload, steps, ready, memory, term]
}
