#!/usr/bin/env python3
"""Looks at a report of `phalanx bench --html` as a reader would, in headless Chromium, and exits 1 where something is wrong.

    scripts/report_check.py report.html [--screenshots FOLDER]

Needs nothing but Python and Chromium.
"""

import argparse
import contextlib
import json
import pathlib
import shutil
import sys
import tempfile

from page_check import DESKTOP, PHONE, Browser, Wrong

# What has to differ from the ground it is drawn on by at least so much (WCAG 2.2, 1.4.11 and 1.4.3).
CONTRAST_MIN = {"text": 4.5, "stroke": 3.0}

LOOK = """
(() => {
  const seen = {figures: document.querySelectorAll('figure').length,
                charts: [...document.querySelectorAll('figure svg')].filter(svg => svg.querySelector('circle, rect, polyline')).length,
                rows: document.querySelectorAll('tbody tr').length,
                wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
                labels: [...document.querySelectorAll('svg')].filter(svg => !svg.getAttribute('aria-label')).length};
  const numbers = colour => (colour.match(/[0-9.]+/g) || []).slice(0, 3).map(Number);
  const light = colour => {
    const [r, g, b] = numbers(colour).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const card = getComputedStyle(document.querySelector('figure')).backgroundColor;
  const texts = [...document.querySelectorAll('svg text')].map(text => contrast(getComputedStyle(text).fill, card));
  const lines = [...document.querySelectorAll('svg circle')].map(dot => contrast(getComputedStyle(dot).fill, card));
  seen.text = Math.min(...texts);
  seen.stroke = Math.min(...lines);
  seen.ground = getComputedStyle(document.body).backgroundColor;
  return seen;
})()
"""


def check(condition, message):
    if not condition:
        raise Wrong(message)


def look(browser, scheme, size):
    browser.colours(scheme)
    browser.size(*size)
    seen = browser.evaluate(LOOK)
    check(seen["figures"] > 0 and seen["charts"] == seen["figures"], f"{scheme}: expected a drawing in each figure, got {seen}")
    check(seen["rows"] > 0, f"{scheme}: expected rows in the table")
    check(seen["labels"] == 0, f"{scheme}: expected a name for each drawing, {seen['labels']} have none")
    check(seen["wide"] <= 0, f"{scheme}: the page is {seen['wide']} px wider than the window")
    for what, least in CONTRAST_MIN.items():
        check(seen[what] >= least, f"{scheme}: {what} has a contrast of {seen[what]:.1f}, expected {least}")
    return seen["ground"]


def run(browser, path, screenshots):
    browser.open_tab()
    browser.call("Page.navigate", url=path.resolve().as_uri())
    browser.wait("the report", "document.readyState === 'complete' && document.querySelector('table') !== null")
    grounds = {}
    for scheme in ("light", "dark"):
        for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
            grounds[scheme] = look(browser, scheme, size)
            if screenshots:
                browser.screenshot(screenshots / f"report-{scheme}-{name}.png")
    check(grounds["light"] != grounds["dark"], f"dark and light look the same: {grounds}")
    requests = [event["params"]["request"]["url"] for event in browser.events
                if event.get("method") == "Network.requestWillBeSent"]
    foreign = [url for url in requests if not url.startswith(("file:", "data:", "about:"))]
    check(not foreign, f"the report asks for {foreign}")
    errors = [event for event in browser.events
              if event.get("method") == "Runtime.exceptionThrown"
              or (event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error")]
    check(not errors, f"the browser complains: {json.dumps(errors)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("Chromium is not installed")
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        with contextlib.closing(browser):
            try:
                run(browser, arguments.report, arguments.screenshots)
            except Wrong as wrong:
                sys.exit(f"wrong: {wrong}")
    print("the report is readable, dark and light, and asks for nothing")


if __name__ == "__main__":
    main()
