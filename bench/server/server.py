"""A served model as the benchmarks see it: started, timed, weighed and stopped."""

import http.client
import json
import os
import pathlib
import subprocess
import time

HTTP = "127.0.0.1:18700"
GRPC = "127.0.0.1:18701"


class Server:
    """`phalanx serve` of one model, with onnxruntime on one lane of one thread unless told otherwise."""

    def __init__(self, phalanx, model, *options):
        self.name = pathlib.Path(model).stem
        self.phalanx = phalanx
        usual = {"--backend": "onnxruntime", "--lanes": "1", "--threads": "1"}
        given = set(options[::2])
        for option, value in usual.items():
            if option not in given:
                options += (option, value)
        command = [phalanx, "serve", str(model), "--http", HTTP, "--grpc", GRPC, *options]
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            self.ready_s = self.wait_ready()
        except BaseException:
            self.process.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_ready(self):
        """Seconds from the start until the server says that it is ready."""
        host, port = HTTP.split(":")
        while True:
            if self.process.poll() is not None:
                raise SystemExit(f"phalanx serve ended: {self.process.stderr.read()}")
            try:
                connection = http.client.HTTPConnection(host, int(port), timeout=5)
                connection.request("GET", "/v2/health/ready")
                if connection.getresponse().status == 200:
                    return time.monotonic() - self.started
            except OSError:
                pass
            time.sleep(0.002)

    def stop(self, signal=True):
        """Ends it as an operator would, or waits until a signal that was sent already has; the exit code."""
        if signal and self.process.poll() is None:
            self.process.terminate()
        self.process.stderr.read()
        return self.process.wait(60)

    def cpu_s(self):
        """Processor time used so far; None where the system does not tell."""
        try:
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self):
        """Resident memory in MB; None where the system does not tell."""
        try:
            pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except OSError:
            return None
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def load(self, *options, grpc=False):
        """What `phalanx load` reports, and the server's own CPU time a request in microseconds."""
        url = f"grpc://{GRPC}" if grpc else f"http://{HTTP}"
        command = [self.phalanx, "load", url, "--model", self.name, "--json", *map(str, options)]
        before = self.cpu_s()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        after = self.cpu_s()
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {done.stderr}")
        report = json.loads(done.stdout)
        if before is not None and "total" in report:
            # The warm-up costs as much a request as what counts, and is left out of both.
            warm_up_s = option(options, "--warmup", 1.0)
            share = report["total"]["seconds"] / (report["total"]["seconds"] + warm_up_s)
            requests = report["total"]["answered"] + report["total"]["refused"]
            report["server_cpu_us"] = (after - before) * share * 1e6 / max(requests, 1)
        return report


def option(options, name, default):
    """A time among the options, in seconds."""
    options = list(map(str, options))
    if name not in options:
        return default
    text = options[options.index(name) + 1]
    return float(text[:-2]) / 1e3 if text.endswith("ms") else float(text.rstrip("s"))


def raw(phalanx, model, batches, lanes=1):
    """Samples a second of one lane in a loop, by batch size: what the runtime does when nothing else is asked of it."""
    command = [phalanx, "bench", str(model), "--backend", "onnxruntime", "--lanes", str(lanes), "--threads", "1"]
    command += ["--strategy", "raw", "--batches", ",".join(map(str, batches)), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout)
