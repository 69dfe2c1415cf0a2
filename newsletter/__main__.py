"""``python -m newsletter``, and the command ``newsletter``."""

import signal


def entry_point() -> None:
    """Run the command line. While it is loaded, Ctrl-C ends the process without a traceback."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # nohup ignores it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from newsletter.cli import main

    signal.signal(signal.SIGINT, handler)
    main.entry_point()


if __name__ == "__main__":
    entry_point()
