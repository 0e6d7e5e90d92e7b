"""The command line: `tinynet train fashion-mnist --model dnn`, `tinynet predict MODEL IMAGE`, `tinynet info`, ...

Exit codes: 0 done, 1 failed, 2 called wrongly, 130 interrupted. Errors are one line on standard error, or one with a
list below it; --debug shows where they came from.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .commands.arguments import number
from .core.terminal import never_fail
from .version import __version__


class _Parser(argparse.ArgumentParser):
    """One line for a wrong call, instead of argparse's whole usage text."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (try '{self.prog} --help')\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = _Parser(prog="tinynet", description="Train and inspect small neural networks.")
    parser.add_argument("--debug", action="store_true", help="show where an error came from")
    parser.add_argument("--version", action="version", version=f"tinynet {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    from .commands import bundle, data, predict, train

    own = [command.add_parser(commands) for command in (train, predict, data, bundle)]
    info = commands.add_parser("info", help="show versions, CPU features, threads and data found")
    info.set_defaults(run=_info)
    from .augment import command as augment_command
    from .augment import text_command

    augment = augment_command.add_parser(commands, number)
    augment_text = text_command.add_parser(commands, number)
    from .lab import command as lab_command

    lab = lab_command.add_parser(commands, number)
    from .lessons import command as lessons_command

    lessons = lessons_command.add_parser(commands, number)
    for command in (*own, info, augment, augment_text, lab, lessons):
        command.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                             help="show where an error came from")
    return parser


def _info(_):
    import tinynet as tn

    from .datasets import fashion_mnist

    tn.show_config()
    found = fashion_mnist.find()
    print(
        f"{'data':<11} Fashion-MNIST "
        f"{'from ' + str(found) if found else 'not found; the sample of 7,000 images is built in'}"
    )
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments; those of the process if None.

    Returns:
        The exit code; see the head of this file.
    """
    never_fail(sys.stdout, sys.stderr)
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:  # --help, or a wrong call that argparse has answered
        return stop.code if isinstance(stop.code, int) else 0
    try:
        code = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("\ntinynet: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of the output has ended; the interpreter must not try to flush into the closed pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if arguments.debug:
            raise
        message = str(error)
        if "\n  - " not in message:
            message = " ".join(message.split())
        print(f"tinynet: {message}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
