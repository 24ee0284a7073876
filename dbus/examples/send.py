#!/usr/bin/python3
"""Sends a mail through hayesd and waits for what becomes of it; with Gio (Debian: python3-gi).

    ./send.py ACCOUNT TO SUBJECT TEXT

Ends with 0 if the mail was delivered, with 75 if hayesd goes on trying, else with 1.
"""

import sys

from gi.repository import Gio, GLib

DELIVERED, FAILED, LATER = 0, 1, 75

# Gio gives a call up after 25 s, so we ask for less, and ask again.
TURN_USEC = 20_000_000


def call(bus, path, interface, method, signature, *arguments):
    """Calls a method; what it answered."""
    reply = bus.call_sync(
        "org.hayesd1",
        path,
        f"org.hayesd1.{interface}",
        method,
        GLib.Variant(f"({signature})", arguments),
        None,
        Gio.DBusCallFlags.NONE,
        -1,
        None,
    )
    return reply.unpack()


def send(account, to, subject, text):
    """Sends it, and prints how it ended; the exit status."""
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
    # When this returns, the mail is on disk. The last argument are options.
    (job,) = call(bus, "/org/hayesd1", "Mail", "SendSimple", "ssssa{sv}", account, to, subject, text, {})

    state = "queued"
    while state in ("queued", "running"):
        state, result = call(bus, job, "Job", "Wait", "ta{sv}", TURN_USEC, {})

    print(f"{job}: {state}")
    for key in ("reply", "error_name", "error_text"):
        if key in result:
            print(f"{key}: {result[key]}")
    return {"done": DELIVERED, "deferred": LATER}.get(state, FAILED)


def main():
    if len(sys.argv) != 5:
        print(f"usage: {sys.argv[0]} ACCOUNT TO SUBJECT TEXT", file=sys.stderr)
        return 64
    try:
        return send(*sys.argv[1:])
    except GLib.Error as error:
        name = Gio.DBusError.get_remote_error(error)
        if name is None:
            print(f"the bus: {error.message}", file=sys.stderr)
        else:
            text = error.message.removeprefix(f"GDBus.Error:{name}: ")
            print(f"{name}: {text}", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
