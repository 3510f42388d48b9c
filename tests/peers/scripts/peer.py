"""What every script here does: read orders, stay on this machine, answer in JSON."""

import json
import sys

_others = set()


def orders():
    """Read the orders; from here on no other machine can be reached."""
    sys.addaudithook(_refuse_other_machines)
    return json.load(sys.stdin)


def answer(document):
    """Print what was found, and which other machines something tried to reach."""
    json.dump({"answer": document, "other_machines": sorted(_others)}, sys.stdout)


def _refuse_other_machines(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host not in ("127.0.0.1", None):
        _others.add(host)
        raise ConnectionRefusedError(f"{host} is another machine")
