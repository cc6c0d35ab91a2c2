#!/usr/bin/env python3
"""Calls a running server with the unmodified tritonclient, every way it can: HTTP and gRPC, sync and asyncio.

    pip install 'tritonclient[all]'
    python3 scripts/tritonclient_check.py --model NAME [--http HOST:PORT] [--grpc HOST:PORT] [--bytes-model NAME]
        [--fp16-model NAME] [--control NAME] [--shared-memory]

--model has a batch axis and numbers, --bytes-model gives back the strings it is given, --fp16-model takes and gives half
precision; --control is a model of a repository that clients may load and unload. What is not named is not checked.

Prints a line for each check to standard output; exits with 1 where one failed.
"""
import argparse
import asyncio
import inspect
import sys
import traceback

from tritonclient_checks import CHECKS, CLIENTS, Subject


async def run(options):
    failed = 0
    for name in CLIENTS:
        subject = Subject(name, options)
        for function, names in CHECKS:
            if name not in names:
                continue
            try:
                note = await asyncio.wait_for(function(subject), timeout=120)
                print(f"ok      {name:9} {function.__name__}{f' ({note})' if note else ''}", flush=True)
            except Exception as error:  # whatever it is, the other checks still say something
                failed += 1
                print(f"FAILED  {name:9} {function.__name__}: {error!r}", flush=True)
                traceback.print_exc()
        closing = subject.client.close()
        if inspect.isawaitable(closing):
            await closing
    print(f"{failed} failed", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--http", default="127.0.0.1:8000")
    parser.add_argument("--grpc", default="127.0.0.1:8001")
    parser.add_argument("--model", required=True)
    parser.add_argument("--bytes-model")
    parser.add_argument("--fp16-model")
    parser.add_argument("--control")
    parser.add_argument("--shared-memory", action="store_true")
    options = parser.parse_args()
    options.reference = {}
    sys.exit(1 if asyncio.run(run(options)) else 0)


if __name__ == "__main__":
    main()
