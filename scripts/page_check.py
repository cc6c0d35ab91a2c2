#!/usr/bin/env python3
"""Looks at a running server's pages as a reader would, in headless Chromium, and exits 1 where something is wrong.

    scripts/page_check.py http://127.0.0.1:8000 [--model NAME] [--key KEY] [--screenshots FOLDER]

The server has to have a model that is ready; the sample requests sent through the page's form are all the load there is.
Needs nothing but Python and Chromium, which is talked to over pipes by the DevTools protocol
(https://chromedevtools.github.io/devtools-protocol/).
"""

import argparse
import base64
import contextlib
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

DESKTOP, PHONE = (1280, 900), (390, 844)
# Roles that a reader of the screen has to have a name for.
NAMED_ROLES = {"button", "textbox", "combobox", "spinbutton", "link", "image", "img", "checkbox"}


class Wrong(Exception):
    """Something is not as it should be."""


class Browser:
    """Chromium and one tab of it."""

    def __init__(self, program, profile):
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        # Chromium reads what it is told from descriptor 3 and answers on 4.
        given = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (theirs_in, theirs_out)]
        os.close(theirs_in), os.close(theirs_out)
        command = [program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}",
                   "--no-first-run", "--disable-background-networking", "--disable-gpu", "--hide-scrollbars"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=lambda: [os.dup2(fd, place) for fd, place in zip(given, (3, 4))])
        for fd in given:
            os.close(fd)
        self.read_fd, self.write_fd = ours_in, ours_out
        self.unread, self.last_id, self.session, self.events = b"", 0, None, []

    def open_tab(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        """Has a method done, and gives its result."""
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_fd, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive(30)
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise Wrong(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self, patience_s):
        while b"\0" not in self.unread:
            if not select.select([self.read_fd], [], [], patience_s)[0]:
                raise Wrong("Chromium does not answer")
            part = os.read(self.read_fd, 1 << 20)
            if not part:
                raise Wrong("Chromium ended")
            self.unread += part
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise Wrong(f"{script}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def wait(self, what, script, patience_s=20):
        """Waits until the script gives something true."""
        end = time.monotonic() + patience_s
        while not (value := self.evaluate(script)):
            if time.monotonic() > end:
                raise Wrong(f"waited {patience_s} s for {what}")
            time.sleep(0.1)
        return value

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=width < 600)

    def colours(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        image = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        path.write_bytes(base64.b64decode(image["data"]))

    def close(self):
        with contextlib.suppress(Wrong, OSError):
            self.session = None
            self.call("Browser.close")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()


class Check:
    """What is looked at, one page after the other."""

    def __init__(self, browser, options):
        self.browser, self.options = browser, options
        self.origin = options.url.rstrip("/")
        self.expected = 0

    def run(self):
        self.live_page()
        self.refused_request()
        self.both_schemes("live")
        self.docs_page()
        self.both_schemes("docs")
        self.quiet()

    def open(self, path):
        failed = self.browser.call("Page.navigate", url=self.origin + path).get("errorText")
        if failed:
            raise Wrong(f"{self.origin}{path} cannot be loaded: {failed}")
        self.browser.wait("the page", "document.readyState === 'complete'")

    def live_page(self):
        browser = self.browser
        browser.size(*DESKTOP)
        browser.colours("light")
        self.open("/")
        self.give_key()
        browser.wait("the server to be ready", "document.getElementById('status').textContent === 'ready'")
        browser.wait("a sample request", "document.getElementById('try-body').value.includes('\"inputs\"')")
        if self.options.model:
            self.choose(self.options.model)
        self.send()
        if browser.evaluate("!document.getElementById('try-answer').textContent.includes('\"outputs\"')"):
            raise Wrong("the answer has no outputs")
        if not browser.evaluate("document.getElementById('try-header').textContent").startswith("Server-Timing: queue;"):
            raise Wrong("no Server-Timing is shown")
        self.charts()

    def give_key(self):
        if not self.options.key:
            return
        self.browser.wait("the question for a key", "!document.getElementById('key').hidden")
        self.expected += 1
        key = json.dumps(self.options.key)
        self.browser.evaluate(f"document.getElementById('key-value').value = {key}")
        self.browser.evaluate("document.querySelector('#key button').click()")

    def choose(self, model):
        script = f"""(() => {{
            const select = document.getElementById('try-model');
            const option = [...select.options].find((option) => option.value.split('/')[0] === {json.dumps(model)});
            if (!option) return false;
            select.value = option.value;
            document.getElementById('try-body').value = '';
            select.dispatchEvent(new Event('change'));
            return true;
        }})()"""
        if not self.browser.evaluate(script):
            raise Wrong(f"the form does not offer {model}")
        self.browser.wait("a sample request", "document.getElementById('try-body').value.includes('\"inputs\"')")

    def send(self, status="200"):
        browser = self.browser
        browser.evaluate("document.getElementById('try-status').textContent = ''")
        browser.evaluate("document.getElementById('try-send').click()")
        browser.wait("an answer", "document.getElementById('try-status').textContent !== ''")
        shown = browser.evaluate("document.getElementById('try-status').textContent")
        if not shown.startswith(status):
            answer = browser.evaluate("document.getElementById('try-answer').textContent")
            raise Wrong(f"a sample request was answered {shown}: {answer}")

    def charts(self):
        """Sends requests until every chart of the model shows some."""
        drawn = """(() => {
            const name = document.getElementById('try-model').value.split('/')[0];
            const card = document.querySelector(`.model[data-model="${CSS.escape(name)}"]`);
            card.querySelector('details').open = true;
            const charts = [...card.querySelectorAll('.chart')];
            return charts.length >= 4 && charts.every((chart) => chart.querySelector('svg .line, svg .bar[height]:not([height="0"])'));
        })()"""
        end = time.monotonic() + 30
        while not self.browser.evaluate(drawn):
            if time.monotonic() > end:
                raise Wrong("the charts stay empty")
            self.send()
            time.sleep(0.2)

    def refused_request(self):
        """What is no request is answered with a reason, and the page shows it."""
        self.browser.evaluate("document.getElementById('try-body').value = '{\"inputs\": 1}'")
        self.expected += 1
        self.send("400")
        if "error" not in self.browser.evaluate("document.getElementById('try-answer').textContent"):
            raise Wrong("a refusal's reason is not shown")
        self.browser.evaluate("document.getElementById('try-draw').click()")
        self.send()

    def docs_page(self):
        self.open("/docs")
        self.browser.wait("the operations", "document.querySelectorAll('.operation').length >= 10")
        if self.browser.evaluate("document.querySelectorAll('.operation pre').length") == 0:
            raise Wrong("no operation's body is described")

    def both_schemes(self, name):
        for scheme in ("light", "dark"):
            self.browser.colours(scheme)
            for device, size in (("desktop", DESKTOP), ("phone", PHONE)):
                self.browser.size(*size)
                self.fits(f"{name} on a {device}")
                self.shoot(f"{name}-{scheme}-{device}")
            theme = self.browser.evaluate("document.documentElement.dataset.theme")
            if theme != scheme:
                raise Wrong(f"{name}: the theme is {theme}, where the system's is {scheme}")
        self.browser.size(*DESKTOP)
        self.accessible(name)

    def fits(self, name):
        # The charts are drawn again for the new size.
        self.browser.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        wide = self.browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            raise Wrong(f"{name} is {wide} pixels too wide")

    def accessible(self, name):
        """Everything that can be used or looked at has a name."""
        for node in self.browser.call("Accessibility.getFullAXTree")["nodes"]:
            role = node.get("role", {}).get("value")
            if not node.get("ignored") and role in NAMED_ROLES and not node.get("name", {}).get("value"):
                raise Wrong(f"{name}: a {role} has no name")

    def shoot(self, name):
        if self.options.screenshots:
            self.options.screenshots.mkdir(parents=True, exist_ok=True)
            self.browser.screenshot(self.options.screenshots / f"{name}.png")

    def quiet(self):
        """No errors but those that were provoked, and nobody else was asked for anything."""
        wrong, errors = [], []
        for event in self.browser.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                wrong.append(parameters["exceptionDetails"].get("exception", {}).get("description", "an exception"))
            elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
                wrong.append(f"console: {parameters['args']}")
            elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                errors.append(parameters["entry"])
            elif method == "Network.requestWillBeSent":
                self.own(parameters["request"]["url"], wrong)
        refusals = [entry for entry in errors if entry["source"] == "network" and entry["text"].find("status of 4") >= 0]
        wrong += [f"{entry['source']}: {entry['text']} {entry.get('url', '')}" for entry in errors if entry not in refusals]
        if len(refusals) > self.expected:
            wrong.append(f"{len(refusals)} requests were refused, where {self.expected} were to be")
        if wrong:
            raise Wrong("\n  ".join(["the pages are not quiet:", *wrong]))

    def own(self, url, wrong):
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            wrong.append(f"asked another host: {url}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="of the server, such as http://127.0.0.1:8000")
    parser.add_argument("--model", help="which model to try; the first where none is named")
    parser.add_argument("--key", help="the API key, where the server asks for one")
    parser.add_argument("--screenshots", type=pathlib.Path, help="folder to leave pictures of the pages in")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"), help="program")
    options = parser.parse_args()
    if not options.chromium:
        parser.error("chromium is not installed; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="page-check-") as profile:
        browser = Browser(options.chromium, profile)
        try:
            browser.open_tab()
            Check(browser, options).run()
        except Wrong as wrong:
            print(f"page_check: {wrong}", file=sys.stderr)
            return 1
        finally:
            browser.close()
    print("page_check: the pages are as they should be", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
